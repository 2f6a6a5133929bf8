"""The two commands of the README work unchanged on a machine that has only Python and git."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.venvs import minimal_environment
from support.wheels import ROOT

NESTED = "CONNECTOR_CORE_NESTED_TESTS"

pytestmark = [
    pytest.mark.slow,
    # Sessions that another job complements with the README's commands set this variable.
    pytest.mark.skipif(NESTED in os.environ, reason=f"{NESTED} is set"),
    # On one worker, so that the second command finds the downloads of the first.
    pytest.mark.xdist_group("readme"),
]


def readme_command(name: str) -> str:
    """Return the fenced block that follows the marker of the command `name`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^<!-- command: {name} -->\n+```bash\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"README.md has {len(found)} commands named {name}"
    return str(found[0])


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the caches of both commands: empty at first, unless this machine sets its own."""
    root = tmp_path_factory.mktemp("downloads")
    return {name: os.environ.get(name, str(root / name)) for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR")}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the repository as it would be committed now, without ignored files and history."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    copy = tmp_path / "checkout"
    for relative in filter(None, listed.stdout.split("\0")):
        source = ROOT / relative
        if source.is_file():  # a file that is deleted but not yet committed is still listed
            target = copy / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return copy


@pytest.fixture
def environment(tmp_path: Path, downloads: dict[str, str]) -> dict[str, str]:
    """Return the environment variables of a fresh machine: an empty home, and none of our commands on PATH."""
    home = tmp_path / "home"
    home.mkdir()
    environment = minimal_environment(index=True)
    environment.pop("XDG_CACHE_HOME", None)
    ours = Path(sys.prefix).resolve()
    outside = [
        directory
        for directory in environment.get("PATH", os.defpath).split(os.pathsep)
        if not Path(directory).resolve().is_relative_to(ours)
    ]
    # The Python that runs this test comes first, so that each supported version is tried with itself.
    path = os.pathsep.join([str(Path(sys.base_prefix) / "bin"), *outside])
    return {**environment, **downloads, "HOME": str(home), "PATH": path}


def run_command(name: str, checkout: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    completed = subprocess.run(
        ["bash", "-c", readme_command(name)],
        cwd=checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    output = f"--- stdout\n{completed.stdout}\n--- stderr\n{completed.stderr}"
    assert completed.returncode == 0, f"exit status {completed.returncode}\n{output}"
    return completed


@pytest.mark.parametrize("name", ["run", "test"])
def test_each_command_is_one(name: str) -> None:
    """A reader pastes it as a whole: a failure in the middle must not be hidden by the rest."""
    lines = re.sub(r"'[^']*'", "''", readme_command(name)).strip().splitlines()
    assert lines
    for line in lines[:-1]:
        assert line.endswith(("\\", "&&")), line
    assert ";" not in "".join(lines)


def test_run_command(checkout: Path, environment: dict[str, str]) -> None:
    completed = run_command("run", checkout, environment)
    # The list of the discovered connectors …
    assert re.search(r"\bduckdb\b.*\bconnector-duckdb\b", completed.stdout)
    assert re.search(r"\bprocess\b.*\bconnector-process\b", completed.stdout)
    # … and what the query makes of docs/examples/orders.csv.
    for region, orders, total in [("west", 3, 757.9), ("north", 3, 668.4), ("south", 3, 612.75), ("east", 1, 129.9)]:
        assert re.search(rf"\b{region}\b\W+{orders}\W+{total}\b", completed.stdout), completed.stdout


# Continuous integration types this command in a clean checkout.
@pytest.mark.skipif(Path(sys.prefix) == ROOT / ".venv-test", reason="the README's test command is running")
def test_test_command(checkout: Path, environment: dict[str, str]) -> None:
    # One file instead of the suite, which is running already: it shows that the packages and options fit together.
    one_file = {"PYTEST_ADDOPTS": "tests/unit/test_phases.py --cov-fail-under=0"}
    completed = run_command("test", checkout, environment | one_file)
    assert re.search(r"\b\d+ passed\b", completed.stdout)
    assert not re.search(r"\b\d+ (failed|errors?)\b", completed.stdout)
    assert re.search(r"^TOTAL .*%$", completed.stdout, flags=re.MULTILINE)
