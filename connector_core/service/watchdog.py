"""Names the line that blocks the event loop, while it is blocked.

The service answers all calls on one event loop. An ``async def`` method of a connector that sleeps, or waits for a
socket without ``await``, stops all of them. Nothing fails then, and afterwards there is no trace. So the loop notes the
time at regular intervals, and a thread checks these heartbeats. The calls themselves cost nothing more.

The conformance suites use the same watchdog.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from connector_core.call import Call, running_call

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType, TracebackType

    from connector_core.connector import ConnectorBase

__all__ = ["Watchdog"]


class Watchdog:
    """Watches the running event loop during a ``with`` block. Logs when the loop is blocked, and when it continues.

    Args:
        blocked_after: The seconds without a heartbeat after which the loop counts as blocked.
        looks: The number of checks in this time. They are counted instead of the seconds, because the watching thread
            is late, too, on a busy machine.
        connector: The connector whose own line is shown if the loop is blocked outside of any call.

    Attributes:
        blocked_at: The line where the loop was blocked last, and the connector's own line that led there; None: never.
    """

    def __init__(self, *, blocked_after: float = 1.0, looks: int = 4, connector: ConnectorBase | None = None) -> None:
        self.blocked_at: str | None = None
        self._looks = looks
        self._interval = blocked_after / looks
        self._connector = connector
        self._watching = False
        self._heartbeat = 0.0
        self._last_before_block: float | None = None
        self._delay = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._heartbeat = time.monotonic()
        self._loop_thread = threading.get_ident()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._interval, self._beat)
        self._thread.start()
        self._watching = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._watching = False
        self._stopping.set()
        self._timer.cancel()
        self._thread.join()

    @property
    def lag(self) -> float:
        """The delay of the last heartbeat in seconds, or the present delay if that is longer."""
        return max(self._delay, self._silence - self._interval) if self._watching else 0.0

    @property
    def blocked(self) -> bool:
        """True while the loop is blocked."""
        return self._watching and self._last_before_block == self._heartbeat

    @property
    def reason(self) -> str | None:
        """A sentence that says what blocks the loop now; None if it is not blocked."""
        if not self.blocked:
            return None
        return f"The event loop has been blocked for {self._silence:.1f} s by {self._spot()}."

    @property
    def _silence(self) -> float:
        return time.monotonic() - self._heartbeat

    def _beat(self) -> None:
        now = time.monotonic()
        self._delay = max(now - self._heartbeat - self._interval, 0.0)
        self._heartbeat = now
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._beat)

    def _watch(self) -> None:
        seen, looks = self._heartbeat, 0
        while not self._stopping.wait(self._interval):
            heartbeat = self._heartbeat
            if seen != heartbeat:
                if looks >= self._looks:
                    _log.warning("The event loop continues; it was blocked for %.1f s.", heartbeat - seen)
                seen, looks = heartbeat, 0
                continue
            looks += 1
            if looks == self._looks:
                self._last_before_block = seen
                spot = self._spot()
                self.blocked_at = spot.lines
                _log.warning("The event loop has been blocked for %.1f s by %s. %s", self._silence, spot, _REMEDY)

    def _spot(self) -> _Spot:
        frames = _frames_of(self._loop_thread)
        call = running_call(self._loop)
        connector = self._connector if call is None else call.connector
        own_packages = {_package(each.__module__) for each in type(connector).__mro__} - _OTHER_PACKAGES
        own_frames = [frame for frame in frames if _package(frame.f_globals.get("__name__", "")) in own_packages]
        return _Spot(call, _line(frames), _line(own_frames or frames))


class _Spot(NamedTuple):
    """The place in the code that the event loop is executing.

    Args:
        call: The connector's call that it belongs to, if any.
        line: The innermost line.
        own_line: The innermost line of the connector's own package, or else of any.
    """

    call: Call | None
    line: str
    own_line: str

    @property
    def lines(self) -> str:
        return self.line if self.line == self.own_line else f"{self.line}, called at {self.own_line}"

    def __str__(self) -> str:
        if self.call is None:
            return f"the code at {self.line}"
        kind, category = type(self.call.connector), self.call.task_category
        return f"{kind.__name__}.{self.call.operation}, of the task type {category.name}, at {self.own_line}"


def _frames_of(thread: int) -> list[FrameType]:
    """Return the frames that a thread is executing, the innermost first."""
    frames = []
    frame = sys._current_frames().get(thread)
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def _line(frames: Sequence[FrameType]) -> str:
    if not frames:
        return "an unknown line"
    return f"{frames[0].f_code.co_filename}:{frames[0].f_lineno} in {frames[0].f_code.co_qualname}"


def _package(module: str) -> str:
    return module.partition(".")[0]


_OTHER_PACKAGES = {"abc", "builtins", "connector_core"}
_REMEDY = "No call is answered meanwhile. Await slow operations, or use a plain def, which runs in a thread."
_log = logging.getLogger(__name__)
