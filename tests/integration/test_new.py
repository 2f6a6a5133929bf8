"""A package that ``connectors new`` wrote: what its README says is typed, without an edit, in a real environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.markdown import blocks, commands
from support.venvs import Venv
from support.wheels import ROOT


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "told"), [("sync", "greeting: Hello, world!"), ("async", "seconds: 1.0")])
def test_it_is_listed_runs_and_passes_its_tests(tmp_path: Path, kind: str, told: str) -> None:
    venv = Venv(tmp_path / "venv")
    venv.install(f"connector-core[testing] @ {ROOT.as_uri()}")
    venv.run("connectors", "new", "connector-acme", f"--{kind}", cwd=tmp_path)
    package = tmp_path / "connector-acme"
    (block,) = blocks(package / "README.md")
    install, *typed = [command.text for command in commands(block)]
    assert install == "pip install -e '.[tests]'"
    venv.install("--editable", f"{package}[tests]")
    listed, ran, tested = [venv.run("bash", "-c", command, cwd=package).stdout for command in typed]
    assert "acme       discovered  connector_acme:AcmeConnector" in listed
    assert told in ran
    assert " passed" in tested
