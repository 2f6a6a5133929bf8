"""Answers to GetTask whose outputs are written first, which may take longer than a call.

A call that ends before them is answered with the job's last state, and the next one is given what has been made
meanwhile: begun anew with each poll, a large table would never be written.
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

__all__ = ["Uploads"]


class Uploads:
    """The uploads of one process, by the job; the oldest are forgotten."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, bytes], asyncio.Task[ResourceMessage]] = OrderedDict()

    def running(self, task_type: str, resource_meta: bytes) -> bool:
        """Whether the job has ended, and its answer is being made or waits to be fetched."""
        return (task_type, resource_meta) in self._answers

    def begin(self, task_type: str, resource_meta: bytes, answer: Coroutine[None, None, ResourceMessage]) -> None:
        """Make an answer, whoever waits for it."""
        self._answers[task_type, resource_meta] = asyncio.get_running_loop().create_task(answer)
        if len(self._answers) > _MOST:
            self._answers.popitem(last=False)[1].cancel()

    async def answer(self, task_type: str, resource_meta: bytes, deadline: float | None) -> ResourceMessage:
        """The answer that was begun; it is given once.

        Args:
            task_type: The job's.
            resource_meta: The job's.
            deadline: Until when to wait, on the clock of ``time.monotonic``; None: until it is there.

        Raises:
            TransientError: It is not there yet, or could not be made now.
        """
        key = (task_type, resource_meta)
        making = self._answers[key]
        await asyncio.wait([making], timeout=None if deadline is None else deadline - time.monotonic())
        if not making.done():
            raise TransientError("Its outputs are still being written.")
        if self._answers.get(key) is making:
            del self._answers[key]
        return making.result()


_MOST = 256
