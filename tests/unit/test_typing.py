"""What users write checks as `tests/typing` says: in `ok_*` nothing is wrong, in `bad_*` what is marked is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.venvs import unmeasured
from support.wheels import ROOT


@pytest.mark.slow
def test_mypy_finds_what_is_marked_and_nothing_else() -> None:
    # Strict mode complains of a mark that nothing is wrong with, so no list of errors is needed here.
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
