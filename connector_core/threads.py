"""Threads in which plain ``def`` methods run, so that they do not block the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Expired", "Threads"]


class Expired(Exception):
    """A function did not return within its time limit."""


class Threads:
    """A pool of threads that runs functions for event loops. Threads start as they are needed, and then stay.

    ``concurrent.futures`` costs more than the rest of a call if the function returns at once: threads can wait for its
    futures, and asyncio wraps each of them in another future. Unlike its threads, these do not keep the process from
    ending while a function hangs.

    Args:
        most: The maximum number of threads.
        name: The prefix of the threads' names.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._started = 0
        self._lock = threading.Lock()
        self._queue: SimpleQueue[Callable[[], Callable[[], None]]] = SimpleQueue()
        self._spare = 0  # The idle threads minus the queued functions.

    @property
    def waiting(self) -> int:
        """The number of queued functions."""
        return max(0, -self._spare)

    async def run(self, function: Callable[[], Any], seconds: float | None = None) -> Any:
        """Call the function in a thread, with the caller's context variables, and return its result.

        If the caller stops waiting, a function that has begun still runs to its end.

        Args:
            function: Called without arguments.
            seconds: The seconds to wait for the result; None: there is no limit.

        Raises:
            Expired: if the function did not return within the time limit.
            BaseException: any exception that the function raised. A StopIteration becomes a RuntimeError, because a
                coroutine cannot raise it.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        context = contextvars.copy_context()

        def work() -> Callable[[], None]:
            result: Any = None
            error: BaseException | None = None
            try:
                if not future.done():
                    result = context.run(function)
            except StopIteration as stop:
                error = RuntimeError("the function raised StopIteration")
                error.__cause__ = stop
            except BaseException as raised:
                error = raised
            return partial(_send_outcome, loop, future, result, error)

        self._submit(work)
        # Half the cost of asyncio.timeout: nothing has to be cancelled.
        timer = None if seconds is None else loop.call_later(seconds, _set_outcome, future, None, Expired())
        try:
            return await future
        finally:
            if timer is not None:
                timer.cancel()

    def _submit(self, work: Callable[[], Callable[[], None]]) -> None:
        with self._lock:
            self._spare -= 1
            starts = self._spare < 0 and self._started < self._most
            if starts:
                self._started += 1
                self._spare += 1
        if starts:
            self._start()
        self._queue.put(work)

    def _start(self) -> None:
        try:
            threading.Thread(target=self._work, name=f"{self._name}_{self._started}", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._started -= 1
                self._spare -= 1
                if self._started:  # The system has no more threads to give: use those that exist.
                    return
                self._spare += 1
            raise

    def _work(self) -> None:
        while True:
            send_outcome = self._queue.get()()
            with self._lock:
                self._spare += 1
            send_outcome()
            del send_outcome  # It holds the function's result.


def _send_outcome(loop: asyncio.AbstractEventLoop, *outcome: Any) -> None:
    with suppress(RuntimeError):  # The loop is closed.
        loop.call_soon_threadsafe(_set_outcome, *outcome)


def _set_outcome(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
