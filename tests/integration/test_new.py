"""A package from ``connectors new``: the commands of its README work in a real environment without an edit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connector_core.cli import main
from support.markdown import blocks, commands
from support.venvs import Venv, minimal_environment
from support.wheels import ROOT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "word", "told"),
    # The class of the second is a TestConnector, which pytest must not take for tests.
    [("sync", "acme", "greeting: Hello, world!"), ("async", "test", "seconds: 1.0")],
)
def test_it_is_listed_runs_and_passes_its_tests(tmp_path: Path, kind: str, word: str, told: str) -> None:
    venv = Venv(tmp_path / "venv")
    venv.install(f"connector-core[testing] @ {ROOT.as_uri()}")
    venv.run("connectors", "new", f"connector-{word}", f"--{kind}", cwd=tmp_path)
    package = tmp_path / f"connector-{word}"
    (block,) = blocks(package / "README.md")
    install, *typed = [command.text for command in commands(block)]
    assert install == "pip install -e '.[tests]'"
    venv.install("--editable", f"{package}[tests]")
    listed, ran, tested = [venv.run("bash", "-c", command, cwd=package).stdout for command in typed]
    assert f"{word}       discovered  connector_{word}:{word.title()}Connector" in listed
    assert told in ran
    assert " passed" in tested


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache for mypy, so that it checks connector-core's source once for both packages."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.slow
@pytest.mark.xdist_group("mypy")  # The second run uses the cache of the first.
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_it_is_typed_and_in_order(tmp_path: Path, mypy_cache: Path, kind: str) -> None:
    pytest.importorskip("mypy", reason="the group `dev` is not installed")
    assert main(["new", "connector-acme", f"--{kind}", "--output", str(tmp_path)]) == 0
    package = tmp_path / "connector-acme"
    for command in (
        ["ruff", "check", "--select", "E,F,I,UP,B,ASYNC,PT,RUF,SIM"],
        ["ruff", "format", "--check"],
        ["mypy", "--strict", "--cache-dir", str(mypy_cache), "src", "tests"],
    ):
        environment = {**minimal_environment(), "MYPYPATH": "src"}
        tool = [sys.executable, "-m", *command]
        ran = subprocess.run(tool, cwd=package, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{' '.join(command)}\n{ran.stdout}{ran.stderr}"
