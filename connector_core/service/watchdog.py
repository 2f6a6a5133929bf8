"""Says which line of which connector blocks the event loop, while it does.

A service answers everybody on one event loop. A connector's ``async def`` method that sleeps, or that waits for a
socket without ``await``, stops all of them; nothing fails, and afterwards nothing is to be seen. So the loop notes the
time every now and then, and a thread looks at how long ago that was; the calls cost nothing more for it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

from connector_core.call import running_call

__all__ = ["Watchdog"]


class Watchdog:
    """Notices when an event loop is blocked, and by what; logs one line when it is, and one when it goes on.

    Args:
        blocked_after: Seconds of silence after which the loop counts as blocked.
    """

    def __init__(self, *, blocked_after: float = 1.0) -> None:
        self._blocked_after = blocked_after
        self._interval = blocked_after / 4
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread: int | None = None
        self._heard = 0.0
        self._delay = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Watch the event loop that this is called on, until :meth:`stop`; once only."""
        self._heard = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._interval, self._tick)
        self._loop_thread = threading.get_ident()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more; to be called on the event loop."""
        self._loop_thread = None
        self._stopping.set()
        if self._timer is not None:
            self._timer.cancel()
            self._thread.join()

    @property
    def lag(self) -> float:
        """Seconds that the loop was late when it was last heard of, or is now if that is more."""
        return 0.0 if self._loop_thread is None else max(self._delay, self._silence - self._interval)

    @property
    def blocked(self) -> bool:
        """Whether the loop is blocked now."""
        return self._loop_thread is not None and self._silence > self._blocked_after

    @property
    def reason(self) -> str | None:
        """A sentence that says what blocks the loop now; None when it is not blocked."""
        loop, thread, silence = self._loop, self._loop_thread, self._silence
        if loop is None or thread is None or silence <= self._blocked_after:
            return None
        return f"The event loop has been blocked for {silence:.1f} s by {_what_runs_in(loop, thread)}."

    @property
    def _silence(self) -> float:
        return time.monotonic() - self._heard

    def _tick(self) -> None:
        now = time.monotonic()
        self._delay = max(now - self._heard - self._interval, 0.0)
        self._heard = now
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._tick)

    def _watch(self) -> None:
        logged: float | None = None  # The last that was heard before the blocking that has been logged.
        while not self._stopping.wait(self._interval):
            heard = self._heard
            if logged is not None and logged != heard:
                _log.warning("The event loop goes on; it was blocked for %.1f s.", heard - logged)
                logged = None
            if logged is None and (reason := self.reason) is not None:
                _log.warning("%s %s", reason, _REMEDY)
                logged = heard


def _what_runs_in(loop: asyncio.AbstractEventLoop, thread: int) -> str:
    """Which call, if it is one, and the innermost line of the connector's own code, or else of any."""
    frames = list(_frames_of(thread))
    call = running_call(loop)
    if call is None:
        return f"what runs at {_line(*frames[:1])}"
    kind = type(call.connector)
    own = {_package(each.__module__) for each in kind.__mro__} - {"abc", "builtins", "connector_core"}
    inner = [each for each in frames if _package(each.f_globals.get("__name__", "")) in own]
    line = _line(*inner[:1], *frames[:1])
    return f"{kind.__name__}.{call.operation}, of the task type {call.task_category.name}, at {line}"


def _frames_of(thread: int) -> Iterator[FrameType]:
    """From the innermost outwards."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _line(*frames: FrameType) -> str:
    for frame in frames:
        return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
    return "a line that cannot be told"


def _package(module: str) -> str:
    return module.partition(".")[0]


_REMEDY = "Nobody is answered meanwhile: await what takes long, or make the method a plain def, which gets a thread."
_log = logging.getLogger(__name__)
