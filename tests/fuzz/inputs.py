"""Set the number of inputs, and give each test its share of them.

`FUZZ_INPUTS` is the number of inputs of all tests together, and `FUZZ_SEED` is the random seed. The same number and
seed give the same inputs.
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
"""The inputs made from one example, because hypothesis takes longer to draw an example than a test takes to read it."""

_MOST_EXAMPLES = 200
"""The most examples of one run: hypothesis keeps all of them, and a long run would exceed the test's timeout."""

taken: Counter[str] = Counter()
"""The number of inputs that each test was called with."""


def fuzz(percent: int, batches: st.SearchStrategy[Sequence[T]]) -> Callable[[Callable[[T], None]], Any]:
    """Call a test with its share of all inputs, in as many runs as necessary.

    Args:
        percent: The share, as a percentage of `FUZZ_INPUTS`.
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
