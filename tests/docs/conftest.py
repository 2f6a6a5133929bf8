"""The environment in which the examples of the documentation run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from connector_core import ConnectorRegistry
from support.wheels import ROOT

_PREFIXES = ("CONNECTORS_", "CONNECTOR_", "_FSEC_", "FLYTE_SECRETS_", "XDG_")


@pytest.fixture
def hermetic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Hide this machine's settings, secrets, connectors and home directory, and change to a new working directory."""
    for variable in list(os.environ):
        if variable.startswith(_PREFIXES):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("connector_core.registry._default", ConnectorRegistry(discover=False))
    monkeypatch.setattr("connector_core.literals.converters._CONVERTERS", {})
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path
