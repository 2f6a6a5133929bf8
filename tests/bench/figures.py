"""Print measurements, one line each; a missed goal is not a failure, because a busy machine is not a bug."""

from __future__ import annotations

import statistics
from collections.abc import Callable


def interleaved(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> list[tuple[float, float]]:
    """Measure both in turn, in alternating order, so that other processes slow both equally."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            there = theirs()
            pairs.append((ours(), there))
        else:
            here = ours()
            pairs.append((here, theirs()))
    return pairs


def report(what: str, pairs: list[tuple[float, float]], *, speedup: bool, goal: float | None = None) -> None:
    """Print a figure.

    Args:
        what: What was measured.
        pairs: Seconds of our run and of theirs, for each pair of runs.
        speedup: True to print how many times as fast ours is (the goal is a minimum); False to print how many times as
            long ours takes (the goal is a maximum).
        goal: The promised ratio; None if nothing is promised.
    """
    ratio = statistics.median(theirs / ours if speedup else ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    line = f"{what:62} ours {_spell(ours)}  theirs {_spell(theirs)}  ratio {ratio:6.2f}"
    if goal is not None:
        met = ratio >= goal if speedup else ratio <= goal
        line += f"  goal {'>=' if speedup else '<='} {goal:g}  {'ok' if met else 'MISSED'}"
    print(line, flush=True)


def say(what: str, *, ok: bool, detail: str = "") -> None:
    """Print whether a statement holds."""
    print(f"{what:62} {detail + '  ' if detail else ''}{'ok' if ok else 'MISSED'}", flush=True)


def _spell(seconds: float) -> str:
    return f"{seconds * 1e6:7.2f} us" if seconds < 0.001 else f"{seconds * 1e3:7.1f} ms"
