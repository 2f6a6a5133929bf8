"""FakeClock: polling without waiting."""

from __future__ import annotations

import asyncio

__all__ = ["FakeClock"]


class FakeClock:
    """The clock of the polling loops: a sleep returns at once, and the time of this clock passes.

    Local runs use it between two polls or deletions, and for the time that a backend may be silent. The service uses it
    for the time for which it forgives a failing backend. Time limits of calls and tasks use the real clock.

    Attributes:
        now: The seconds since the test began.
        slept: The seconds of each sleep, in order.
    """

    def __init__(self) -> None:
        self.now: float = 0.0
        self.slept: list[float] = []

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: The seconds to add to `now`.
        """
        self.now += seconds

    def time(self) -> float:
        """Return the time, as ``time.monotonic`` does."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep, as ``asyncio.sleep`` does, without waiting."""
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)
