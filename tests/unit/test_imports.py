"""Imports follow the contracts in pyproject.toml: they flow one way, and the core names no plugin."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support.wheels import ROOT


def test_imports_keep_their_contracts() -> None:
    # The session with the oldest dependencies lacks import-linter, which needs a newer rich than we do.
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


def test_plain_values_import_no_rarely_used_module() -> None:
    program = """
import sys
import tempfile
from connector_core import from_literal_map, to_literal_map
from connector_core.local.files import read_outputs, write_message

types = {"number": int, "text": str, "rows": list[dict[str, float]]}
literals = to_literal_map({"number": 1, "text": "a", "rows": [{"x": 0.5}]}, types)
write_message(f"{sys.argv[1]}/outputs.pb", literals)
assert from_literal_map(read_outputs(sys.argv[1]), types) == from_literal_map(literals)
print(*sys.modules)
"""
    with tempfile.TemporaryDirectory() as directory:
        completed = subprocess.run(
            [sys.executable, "-c", program, directory], capture_output=True, text=True, timeout=60, check=True
        )
    imported = set(completed.stdout.split())
    seldom = {
        f"connector_core.literals.{name}" for name in ("blobs", "datasets", "files", "records", "tables", "unions")
    }
    assert not imported & {"fsspec", "pyarrow", "numpy", "pandas", "polars", "grpc", "pydantic", *seldom}
