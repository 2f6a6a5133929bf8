"""Fixtures for tests that install real wheels into real virtual environments."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Protocol

import pytest

from support.venvs import Venv
from support.wheels import ROOT, build_project


class VenvFactory(Protocol):
    """A function that makes a virtual environment with connector-core, its dependencies, and `requirements`."""

    def __call__(self, *requirements: str | Path, python: str | Path | None = None) -> Venv: ...


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the wheels that are built from this repository."""
    return tmp_path_factory.mktemp("wheelhouse")


@pytest.fixture(scope="session")
def core_wheel(wheelhouse: Path) -> Path:
    """Build the wheel of connector-core from this checkout."""
    return build_project(ROOT, wheelhouse)


@pytest.fixture(scope="session")
def duckdb_wheel(wheelhouse: Path) -> Path:
    """Build the wheel of the plugin connector-duckdb."""
    return build_project(ROOT / "plugins" / "connector-duckdb", wheelhouse)


@pytest.fixture(scope="session")
def process_wheel(wheelhouse: Path) -> Path:
    """Build the wheel of the plugin connector-process."""
    return build_project(ROOT / "plugins" / "connector-process", wheelhouse)


@pytest.fixture(scope="session")
def core_venv_factory(core_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> VenvFactory:
    """Return a function that makes environments with connector-core, which last as long as the test session."""
    root = tmp_path_factory.mktemp("venvs")
    numbers = itertools.count(1)

    def make(*requirements: str | Path, python: str | Path | None = None) -> Venv:
        venv = Venv(root / f"venv{next(numbers)}", python)
        venv.install(core_wheel, *requirements)
        return venv

    return make


@pytest.fixture(scope="session")
def core_venv(core_venv_factory: VenvFactory) -> Venv:
    """Make an environment with connector-core alone. Tests share it: a test that installs a package makes its own."""
    return core_venv_factory()
