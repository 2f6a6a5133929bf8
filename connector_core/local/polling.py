"""Polls and deletes the job of a local run, and tolerates a backend that does not answer for some time."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

from connector_core.errors import CallTimeout, TransientError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from connector_core.models import Resource

__all__ = ["delete_patiently", "poll"]


async def poll(
    get: Callable[[], Awaitable[Resource]], *, patience: float, on_update: Callable[[Resource], None]
) -> Resource:
    """Poll a job until it has ended: at once, then after 10 ms, then after delays that grow to 5 s.

    Args:
        get: Returns the job's state.
        patience: The seconds for which ``get`` may raise TransientError or CallTimeout again and again.
        on_update: Called with each state.

    Returns:
        The last state of the job.

    Raises:
        TransientError: if the backend did not answer for longer than the patience.
        CallTimeout: likewise, if the last call ran into its time limit.
        Exception: any other exception that ``get`` or ``on_update`` raised.
    """
    answered = _now()
    delays = _delays()
    while True:
        try:
            resource = await get()
        except (TransientError, CallTimeout):
            if _now() - answered > patience:
                raise
        else:
            answered = _now()
            on_update(resource)
            if resource.is_terminal:
                return resource
        await _sleep(next(delays))


async def delete_patiently(delete: Callable[[], Awaitable[None]]) -> None:
    """Delete a job. If the backend does not answer, try again after 0.5 s, and once more after another 2 s.

    Args:
        delete: Deletes the job.

    Raises:
        TransientError: if the backend did not answer the third time either.
        CallTimeout: likewise.
        Exception: any other exception that ``delete`` raised.
    """
    for seconds in (0.5, 2.0):
        try:
            await delete()
            return
        except (TransientError, CallTimeout):
            await _sleep(seconds)
    await delete()


def _delays() -> Iterator[float]:
    delay = 0.01
    while True:
        # Each delay is a little off, so that many runs do not poll at the same moments.
        yield delay * random.uniform(0.8, 1.2)
        delay = min(delay * 1.5, 5.0)


# The fake clock of connector_core.testing replaces these two.
_now = time.monotonic
_sleep = asyncio.sleep
