"""Ctrl-C and SIGTERM during a local run."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import FrameType

__all__ = ["Interruption", "handle_signals"]

T = TypeVar("T")


@contextmanager
def handle_signals(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Call the handler for the first SIGINT or SIGTERM. Later signals are handled as they were before.

    Signals arrive in the main thread; in any other thread this does nothing.

    Args:
        handler: Called with the signal's number and the stack frame, as the handlers of the signal module are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def restore() -> None:
        for signum, before in previous.items():
            if signal.getsignal(signum) is handle:
                signal.signal(signum, before)

    def handle(signum: int, frame: FrameType | None) -> None:
        restore()
        handler(signum, frame)

    previous = {}
    for signum in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(signum)
        # An ignored signal stays ignored, as under nohup. None is a handler that was not installed from Python.
        if before not in (signal.SIG_IGN, None):
            previous[signum] = signal.signal(signum, handle)
    try:
        yield
    finally:
        restore()


class Interruption:
    """Lets a signal handler cancel a coroutine.

    Attributes:
        signum: The number of the signal, or None if none has come.
    """

    signum: int | None = None

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    async def watch(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await the coroutine; :meth:`interrupt` cancels it."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self.signum is not None:  # The signal came before the event loop ran.
            coroutine.close()
            raise asyncio.CancelledError
        return await coroutine

    def interrupt(self, signum: int) -> None:
        """Cancel the coroutine. Any thread may call this, and a signal handler.

        Args:
            signum: The number of the signal.
        """
        self.signum = signum
        if self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)

    def as_exception(self) -> BaseException | None:
        """Return the exception for the signal: KeyboardInterrupt or SystemExit; None if none has come."""
        if self.signum is None:
            return None
        return KeyboardInterrupt() if self.signum == signal.SIGINT else SystemExit(128 + self.signum)
