"""The examples of the documentation that need flytekit or flyte run with it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from support.markdown import Block, blocks, pages

EXAMPLES = [
    pytest.param(page, block, id=block.place)
    for page in pages()
    for block in blocks(page)
    if block.runs_with is not None
]


def test_there_are_examples() -> None:
    assert {example.values[1].runs_with for example in EXAMPLES} == {"flytekit", "flyte"}


@pytest.mark.parametrize(("page", "block"), EXAMPLES)
def test_an_example_runs(page: Path, block: Block, tmp_path: Path) -> None:
    assert block.runs_with is not None
    if not list(distributions(name=block.runs_with)):
        pytest.skip(f"{block.runs_with} is not installed")
    script = tmp_path / "example.py"
    # Each runs in a process of its own, because flytekit and flyte register metrics of the same names.
    script.write_text("\n".join([*(other.text for other in blocks(page) if _comes_before(other, block)), block.text]))
    completed = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr


def _comes_before(other: Block, block: Block) -> bool:
    plain = other.language == "python" and other.not_run is None and other.runs_with is None
    return plain and other.line < block.line
