"""Listing connectors imports neither the connectors nor the modules that only a run needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.packages import COUNTDOWN, GREETING
from support.venvs import Venv
from support.wheels import build_wheel

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("listing_imports")]

# Runs a command line, and then prints the imported modules on standard error.
SCRIPT = """
import json, sys
from connector_core.cli import main
status = main(sys.argv[1:])
json.dump(sorted(sys.modules), sys.stderr)
raise SystemExit(status)
"""
HEAVY = ("asyncio", "attr", "attrs", "flyteidl", "fsspec", "google.protobuf", "grpc", "msgspec", "pluggy", "rich")


@pytest.fixture(scope="module")
def venv(
    core_venv_factory: Any, duckdb_wheel: Path, process_wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Venv:
    """Make an environment with the connectors of this repository and two more."""
    dest = tmp_path_factory.mktemp("packages")
    more = [
        build_wheel(
            dest,
            f"acme-{task_type}",
            files={f"acme_{task_type}/__init__.py": source},
            entry_points={"flytekit.connectors": {task_type: f"acme_{task_type}:{attribute}"}},
        )
        for task_type, attribute, source in [
            ("greeting", "Greeting", GREETING),
            ("countdown", "CountdownConnector", COUNTDOWN),
        ]
    ]
    made: Venv = core_venv_factory(process_wheel, *more)
    made.install(duckdb_wheel, dependencies=False)  # Its dependencies are large, and are never imported.
    return made


def imported(venv: Venv, *arguments: str) -> tuple[str, set[str]]:
    """Return the output of a command line, and the names of all modules and packages that it imports."""
    completed = venv.run("python", "-c", SCRIPT, *arguments)
    modules = json.loads(completed.stderr.splitlines()[-1])
    return completed.stdout, {".".join(module.split(".")[:depth]) for module in modules for depth in (1, 2)}


def test_list_as_json_imports_no_connector_and_none_of_the_heavy_libraries(venv: Venv) -> None:
    printed, modules = imported(venv, "list", "--json")
    rows = json.loads(printed)
    assert [row["task_type"] for row in rows] == ["countdown", "duckdb", "greeting", "process"]
    packages = {row["entry_point"].partition(":")[0] for row in rows}
    assert packages == {"acme_countdown", "acme_greeting", "connector_duckdb", "connector_process"}
    assert not modules & {*packages, *HEAVY}


def test_list_as_text_imports_no_connector_either(venv: Venv) -> None:
    printed, modules = imported(venv, "list")
    assert "acme-greeting" in printed
    unwanted = {"acme_countdown", "acme_greeting", "connector_duckdb", "connector_process", "google.protobuf", "grpc"}
    assert not modules & unwanted


def test_what_is_imported_is_noticed(venv: Venv) -> None:
    _, modules = imported(venv, "show", "greeting")
    assert {"acme_greeting", "attrs", "msgspec"} <= modules
    assert "acme_countdown" not in modules
