"""Whether something keeps the event loop from going on."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["LoopWatch"]


class LoopWatch:
    """Looks at the running event loop from another thread, and notes where it stands still.

    It counts looks and not seconds: on a machine that is busy the one who looks is late too.

    Args:
        file: The connector's source, whose line is shown too where the loop stands still beneath it.

    Attributes:
        blocked_at: File, line and function where the loop stood still; None: it never did.
    """

    def __init__(self, file: str) -> None:
        self.blocked_at: str | None = None
        self._file = file
        self._beats = 0
        self._stopping = threading.Event()
        self._watching = threading.Thread(target=self._watch, args=(threading.get_ident(),), daemon=True)

    async def __aenter__(self) -> LoopWatch:
        self._beating = asyncio.create_task(self._beat())
        await asyncio.sleep(0)
        self._watching.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._beating.cancel()
        self._watching.join()

    async def _beat(self) -> None:
        while True:
            self._beats += 1
            await asyncio.sleep(_INTERVAL)

    def _watch(self, loop_thread: int) -> None:
        heard, silent = -1, 0
        while not self._stopping.wait(_INTERVAL):
            silent = silent + 1 if heard == self._beats else 0
            heard = self._beats
            if silent == _LOOKS and (frame := sys._current_frames().get(loop_thread)) is not None:
                stack = traceback.extract_stack(frame)
                own = [each for each in stack[:-1] if each.filename == self._file]
                self.blocked_at = ", called at ".join(
                    f"{each.filename}, line {each.lineno}, in {each.name}" for each in (stack[-1], *own[-1:])
                )


_INTERVAL = 0.01
_LOOKS = 25
"""A quarter of a second, or more on a busy machine."""
