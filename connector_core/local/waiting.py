"""Waiting for a coroutine: from plain code, and despite a cancellation."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["run_in_new_loop", "wait_despite_cancellation"]

T = TypeVar("T")


def run_in_new_loop(awaitable: Awaitable[T]) -> T:
    """Run on a new event loop: in this thread, or in another thread if a loop is running in this one."""

    async def main() -> T:
        return await awaitable

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())
    result: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            result.append(asyncio.run(main()))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(run,), name="connectors-execute", daemon=True
    )
    thread.start()
    while thread.is_alive():
        thread.join(timeout=0.1)  # On some platforms a join without a limit would keep signal handlers from running.
    if errors:
        raise errors[0]
    return result[0]


async def wait_despite_cancellation(awaitable: Awaitable[T]) -> tuple[T, asyncio.CancelledError | None]:
    """Wait to the end even if the waiting task is cancelled meanwhile.

    Returns:
        The result, and the cancellation, if there was one.

    Raises:
        CancelledError: if the waiting task was cancelled and the awaitable raised an exception.
        Exception: any exception that the awaitable raised.
    """
    task = asyncio.ensure_future(awaitable)
    cancelled = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except Exception:
            break
    try:
        return task.result(), cancelled
    except Exception:
        if cancelled is not None:
            raise cancelled from None
        raise
