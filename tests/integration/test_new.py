"""A package that ``connectors new`` wrote, installed into a real environment and used without an edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.venvs import Venv
from support.wheels import ROOT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "given", "told"), [("sync", "name=world", "Hello, world!"), ("async", "seconds=0", "0.0")]
)
def test_it_is_listed_runs_and_passes_its_tests(tmp_path: Path, kind: str, given: str, told: str) -> None:
    venv = Venv(tmp_path / "venv")
    venv.install(f"connector-core[testing] @ {ROOT.as_uri()}")
    venv.run("connectors", "new", "connector-acme", f"--{kind}", cwd=tmp_path)
    package = tmp_path / "connector-acme"
    venv.install("--editable", package)
    assert "acme       discovered  connector_acme:AcmeConnector" in venv.run("connectors", "list").stdout
    assert told in venv.run("connectors", "run", "acme", "-i", given).stdout
    assert " passed" in venv.run("python", "-m", "pytest", cwd=package).stdout
