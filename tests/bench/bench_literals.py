"""Compare how fast connector-core and flytekit write and read literals, in one process.

Both start from a Python value, go through protobuf messages, and end with a Python value. flytekit runs under its best
conditions: its logging is off, the LiteralType that it needs is made beforehand, and the faster of its two ways counts
(plain calls, or calls in an event loop). In plain calls flytekit caches the last 128 literals. The cache is cleared
before each call, because a program seldom writes the same value twice. flytekit gets copies of the values, since it
changes some of them.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from figures import interleaved, report
from flytekit.core.data_persistence import FileAccessProvider
from flytekit.core.type_engine import TypeEngine
from flytekit.loggers import logger
from flytekit.models.literals import Literal as FlytekitLiteral

from connector_core import from_literal, to_literal
from flytekit import FlyteContextManager

sys.path.append(str(Path(__file__).resolve().parents[1]))
sys.path.append(str(Path(__file__).resolve().parents[1] / "flytekit"))

# The corpus of the parity tests, and its translation to flytekit's types and values.
from literal_corpus import CORPUS, Scalars
from test_literal_parity import flytekits_type, flytekits_value

CORPUS_GOAL = 5
LIST_GOAL = 3
ENDLESS = 1.0
"""Seconds: a value that takes flytekit longer is left out because it would outweigh all others."""


class RoundTrip:
    """A value of a type, which each library writes and reads."""

    def __init__(self, python_type: Any, value: Any, number: int = 1) -> None:
        self._type, self._value, self._number = python_type, value, number
        self._their_type = flytekits_type(python_type)
        self._literal_type = TypeEngine.to_literal_type(self._their_type)
        self._context = FlyteContextManager.current_context()

    def ours(self) -> float:
        """Return the seconds that our round trip takes, as the mean of several."""
        python_type, value = self._type, self._value
        start = time.perf_counter()
        for _ in range(self._number):
            from_literal(to_literal(value, python_type), python_type)
        return (time.perf_counter() - start) / self._number

    def theirs(self) -> float:
        """Return the seconds that flytekit's round trip takes in plain calls."""
        value = flytekits_value(self._value)
        TypeEngine._LITERAL_CACHE.clear()
        start = time.perf_counter()
        literal = TypeEngine.to_literal(self._context, value, self._their_type, self._literal_type)
        received = FlytekitLiteral.from_flyte_idl(literal.to_flyte_idl())
        TypeEngine.to_python_value(self._context, received, self._their_type)
        return time.perf_counter() - start

    async def theirs_in_a_loop(self) -> float:
        """Return the seconds that flytekit's round trip takes in a running event loop."""
        value = flytekits_value(self._value)
        start = time.perf_counter()
        literal = await TypeEngine.async_to_literal(self._context, value, self._their_type, self._literal_type)
        received = FlytekitLiteral.from_flyte_idl(literal.to_flyte_idl())
        await TypeEngine.async_to_python_value(self._context, received, self._their_type)
        return time.perf_counter() - start

    def faster(self, runner: asyncio.Runner) -> Callable[[], float]:
        """Return the faster of flytekit's two ways."""
        ways: list[Callable[[], float]] = [self.theirs, lambda: runner.run(self.theirs_in_a_loop())]
        return min(ways, key=lambda way: min(way() for _ in range(2)))


def measure_corpus(rounds: int, runner: asyncio.Runner) -> None:
    """Print two figures: for all values together, and for the median value."""
    measured = []
    for python_type, value in (pair for pairs in CORPUS.values() for pair in pairs):
        # Ours several times, so that both runs take about as long and other processes slow both equally.
        trip = RoundTrip(python_type, value, 10)
        if (seconds := trip.theirs()) > ENDLESS:
            print(f"literals: {python_type} is left out: ours {trip.ours() * 1e6:.0f} us  theirs {seconds:.1f} s")
        else:
            measured.append(interleaved(trip.ours, trip.faster(runner), rounds))
    totals = [_each(sum, pairs) for pairs in zip(*measured, strict=True)]
    report(f"literals: {len(measured)} values of all types, together", totals, speedup=True, goal=CORPUS_GOAL)
    medians = [_each(statistics.median, pairs) for pairs in measured]
    report("literals: each of them by itself", medians, speedup=True, goal=CORPUS_GOAL)
    ratios = sorted(theirs / ours for ours, theirs in medians)
    below = sum(ratio < CORPUS_GOAL for ratio in ratios)
    print(f"literals: the ratios are from {ratios[0]:.1f} to {ratios[-1]:.1f}, of which {below} miss the goal")


def _each(combine: Callable[[Any], float], pairs: Any) -> tuple[float, float]:
    ours, theirs = zip(*pairs, strict=True)
    return combine(ours), combine(theirs)


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21, help="pairs of runs for each figure of the corpus")
    # The bench session passes the same arguments to every script.
    rounds: int = parser.parse_known_args()[0].rounds
    logger.disabled = True
    lists: dict[str, tuple[Any, list[Any]]] = {
        "100,000 ints": (list[int], list(range(100_000))),
        "10,000 dataclasses of four fields": (
            list[Scalars],
            [Scalars(number, number / 2, str(number), True) for number in range(10_000)],
        ),
    }
    with TemporaryDirectory(prefix="bench-") as place, asyncio.Runner() as runner:
        files = FileAccessProvider(local_sandbox_dir=place, raw_output_prefix=place)
        with FlyteContextManager.with_context(FlyteContextManager.current_context().with_file_access(files)):
            measure_corpus(rounds, runner)
            for what, (python_type, values) in lists.items():
                trip = RoundTrip(python_type, values)
                pairs = interleaved(trip.ours, trip.faster(runner), max(3, rounds // 4))
                report(f"literals: a list of {what}", pairs, speedup=True, goal=LIST_GOAL)


if __name__ == "__main__":
    main()
