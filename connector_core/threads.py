"""The threads in which plain ``def`` methods run, so that they do not block the event loop."""

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
    """A function did not return in time."""


class Threads:
    """Runs functions for event loops; a thread is started when one is wanted and none is free, and then stays.

    ``concurrent.futures`` does the same, but for a function that returns at once it costs more than all else that a
    call does: its futures can be waited for by threads too, and asyncio wraps each in one of its own. These threads do
    not keep the process from ending either, however long a function hangs.

    Args:
        most: How many threads there may be.
        name: What their names begin with.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._started = 0
        self._lock = threading.Lock()
        self._queue: SimpleQueue[Callable[[], Callable[[], None]]] = SimpleQueue()
        self._spare = 0  # Threads that are free, less the functions in the queue.

    @property
    def waiting(self) -> int:
        """How many functions no thread is free for."""
        return max(0, -self._spare)

    async def run(self, function: Callable[[], Any], seconds: float | None = None) -> Any:
        """What the function returns, which runs with the caller's context variables.

        It goes on when nobody waits for it any more, unless it has not begun.

        Args:
            function: Called without arguments.
            seconds: How long is waited for it; None: until it returns.

        Raises:
            Expired: It did not return in time.
            BaseException: What the function raised; RuntimeError instead of StopIteration, which a coroutine cannot
                raise.
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
            return partial(_tell, loop, future, result, error)

        self._submit(work)
        # Half of the price of asyncio.timeout, because nothing has to be cancelled.
        timer = None if seconds is None else loop.call_later(seconds, _settle, future, None, Expired())
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
                if self._started:  # The system gives no more: those that there are have to do.
                    return
                self._spare += 1
            raise

    def _work(self) -> None:
        while True:
            tell = self._queue.get()()
            with self._lock:
                self._spare += 1
            tell()
            del tell  # And with it what was returned.


def _tell(loop: asyncio.AbstractEventLoop, *outcome: Any) -> None:
    with suppress(RuntimeError):  # The loop is closed: nobody waits.
        loop.call_soon_threadsafe(_settle, *outcome)


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
