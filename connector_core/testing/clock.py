"""FakeClock: polling without waiting."""

from __future__ import annotations

import asyncio

__all__ = ["FakeClock"]


class FakeClock:
    """The clock that polling goes by: whoever sleeps goes on at once, and the time has passed all the same.

    It is that of local runs (between two polls or deletions, and how long a backend may be silent) and of the service's
    patience with a backend that does not answer. Time limits of calls and tasks go by the real clock.

    Attributes:
        now: Seconds since the test began.
        slept: The seconds of each sleep, in order.
    """

    def __init__(self) -> None:
        self.now: float = 0.0
        self.slept: list[float] = []

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: How much.
        """
        self.now += seconds

    def time(self) -> float:
        """The time now, as ``time.monotonic`` gives it."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep, as ``asyncio.sleep`` does, without waiting."""
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)
