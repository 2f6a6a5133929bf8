"""Imports flow one way, and the core names no plugin: the contracts are in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.wheels import ROOT


def test_imports_keep_their_contracts() -> None:
    # The session with the oldest dependencies does without it: it needs a newer rich than we do.
    pytest.importorskip("importlinter")
    completed = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
