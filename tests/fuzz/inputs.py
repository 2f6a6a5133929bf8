"""How many inputs there are, and how a test takes its share of them.

`FUZZ_INPUTS` is their number in all tests together. `FUZZ_SEED` is where their randomness begins: as long as both stay,
so do the inputs.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

T = TypeVar("T")

INPUTS = int(os.environ.get("FUZZ_INPUTS", "5000"))
SEED = os.environ.get("FUZZ_SEED", "0")

BATCH = 16
"""Inputs that are made of one example: hypothesis takes longer to draw it than any of them to be read."""

_MOST_EXAMPLES = 200
"""Of one run: hypothesis remembers all of them, and a run must end before it is taken for one that hangs."""

taken: Counter[str] = Counter()
"""The inputs that the tests were really called with."""


def fuzz(percent: int, batches: st.SearchStrategy[Sequence[T]]) -> Callable[[Callable[[T], None]], Any]:
    """Call a test with its share of all inputs, in as many runs as that takes.

    Args:
        percent: The share.
        batches: Draws `BATCH` inputs at once.
    """
    examples = -(-INPUTS * percent // 100 // BATCH)
    runs = -(-examples // _MOST_EXAMPLES)

    def decorate(test: Callable[[T], None]) -> Any:
        @pytest.mark.slow
        @pytest.mark.parametrize("run", range(runs))
        def take(run: int) -> None:
            @seed(f"{SEED} {test.__name__} {run}")
            @settings(
                max_examples=-(-examples // runs),
                database=None,
                deadline=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
            )
            @given(batches)
            def each(batch: Sequence[T]) -> None:
                for given_input in batch:
                    taken[test.__name__] += 1
                    test(given_input)

            each()

        take.__name__ = test.__name__
        take.__doc__ = test.__doc__
        return take

    return decorate
