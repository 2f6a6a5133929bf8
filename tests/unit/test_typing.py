"""mypy accepts `tests/typing/ok_*` and finds the marked errors in `tests/typing/bad_*`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.venvs import unmeasured
from support.wheels import ROOT


@pytest.mark.slow
def test_mypy_finds_exactly_the_marked_errors() -> None:
    # Strict mode reports each mark on a correct line, so this test needs no list of errors.
    pytest.importorskip("mypy")
    completed = subprocess.run(
        [sys.executable, "-m", "mypy", f"--cache-dir={os.devnull}", "tests/typing"],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
