"""Compare the speed of our metadata codec to flytekit's, in one process.

flytekit supports only dataclasses. Our classes have the same fields: attrs classes, dataclasses with slots, and the
plain dataclasses of a connector that was written for flytekit.
"""

# No `from __future__ import annotations`: flytekit would decode nested classes to dicts, which is faster.

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import attrs
from figures import interleaved, report
from flytekit.extend.backend.base_connector import ResourceMeta as FlytekitMeta

from connector_core import ResourceMeta

GOAL = 8


def flat(base: type, define: Callable[[type], Any]) -> Any:
    """Return the metadata that most connectors keep: an id and a place."""

    class Flat(base):  # type: ignore[misc]
        job_id: str
        region: str
        attempt: int

    return define(Flat)("job-4711", "eu-west-1", 3)


def nested(base: type, define: Callable[[type], Any]) -> Any:
    """Return metadata that holds two other objects."""

    class Step:
        name: str
        number: int

    step = define(Step)

    class Nested(base):  # type: ignore[misc]
        job_id: str
        first: step  # type: ignore[valid-type]
        last: step  # type: ignore[valid-type]

    return define(Nested)("job-4711", step("extract", 1), step("load", 2))


def list_of_dicts(base: type, define: Callable[[type], Any]) -> Any:
    """Return metadata with a list of dicts whose values have one type."""

    class Runs(base):  # type: ignore[misc]
        job_id: str
        runs: list[dict[str, str]]

    return define(Runs)("job-4711", [{"id": f"run-{number}", "state": "done"} for number in range(5)])


def mixed_dicts(base: type, define: Callable[[type], Any]) -> Any:
    """Return metadata with a list of dicts whose values have any type."""

    class Mixed(base):  # type: ignore[misc]
        job_id: str
        runs: list[dict[str, Any]]

    return define(Mixed)("job-4711", [{"id": f"run-{number}", "tries": number} for number in range(5)])


FLAVOURS: dict[str, Callable[[type], Any]] = {
    "attrs": attrs.define,
    "dataclass, slots": dataclass(slots=True),
    "dataclass": dataclass,
}


def round_trip(meta: Any, number: int) -> Callable[[], float]:
    """Return a function that measures the seconds of one encode and decode, as the mean of `number` round trips."""
    cls = type(meta)
    if cls.decode(meta.encode()) != meta:
        raise AssertionError(f"{meta} came back changed")

    def measure() -> float:
        start = time.perf_counter()
        for _ in range(number):
            cls.decode(meta.encode())
        return (time.perf_counter() - start) / number

    return measure


def main() -> None:
    """Print a line for each shape and flavour."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21, help="pairs of runs for each figure")
    parser.add_argument("--number", type=int, default=500, help="flytekit's round trips in one run")
    arguments = parser.parse_args()
    for shape in (flat, nested, list_of_dicts, mixed_dicts):
        theirs = round_trip(shape(FlytekitMeta, dataclass), arguments.number)
        for flavour, define in FLAVOURS.items():
            # Ten times as many, so that both runs take about as long and other processes slow both equally.
            ours = round_trip(shape(ResourceMeta, define), 10 * arguments.number)
            what = f"codec: {shape.__name__.replace('_', ' ')} ({flavour})"
            report(what, interleaved(ours, theirs, arguments.rounds), speedup=True, goal=GOAL)


if __name__ == "__main__":
    main()
