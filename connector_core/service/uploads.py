"""Uploads of a job's outputs, which may take longer than a call.

The upload of a large table would never end if each poll started it again. So it continues after the call that started
it. Polls meanwhile get the job's last known state, and the first poll after its end gets the result.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from connector_core.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from connector_core.idl import ResourceMessage
    from connector_core.service.job_key import JobKey

__all__ = ["Uploads"]


class Uploads:
    """The uploads of one process; the oldest are cancelled if there are too many."""

    def __init__(self) -> None:
        self._uploads: OrderedDict[JobKey, asyncio.Task[ResourceMessage]] = OrderedDict()

    def running(self, key: JobKey) -> bool:
        """Return True if the job's upload has started and its result was not fetched yet."""
        return key in self._uploads

    def start(self, key: JobKey, upload: Coroutine[None, None, ResourceMessage]) -> None:
        """Start the upload of a job's outputs.

        Args:
            key: The job.
            upload: The upload; its result is the message with the job's state.
        """
        self._uploads[key] = asyncio.get_running_loop().create_task(upload)
        if len(self._uploads) > _MOST:
            self._uploads.popitem(last=False)[1].cancel()

    async def result(self, key: JobKey, deadline: float | None) -> ResourceMessage:
        """Wait for the end of a job's upload, and return its result once.

        Args:
            key: The job.
            deadline: The time at which to stop waiting, on the clock of ``time.monotonic``; None: wait for the end.

        Raises:
            TransientError: if the upload has not ended, or the storage is not available now.
        """
        upload = self._uploads[key]
        await asyncio.wait([upload], timeout=None if deadline is None else deadline - time.monotonic())
        if not upload.done():
            raise TransientError("The job's outputs are still being written.")
        if self._uploads.get(key) is upload:
            del self._uploads[key]
        return upload.result()


_MOST = 256
