"""Running a task imports what the task needs, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.venvs import minimal_environment

# Runs a command line, and then prints on standard error what was imported.
SCRIPT = """
import json, sys
from connector_core.cli import main
status = main(sys.argv[1:])
json.dump(sorted(sys.modules), sys.stderr)
raise SystemExit(status)
"""
# What other tasks need: tables, remote files, a terminal, a service, hooks, typed inputs, a killed supervisor.
UNWANTED = frozenset(
    {
        *("aiohttp", "pluggy", "requests", "uvloop"),
        *("fsspec", "numpy", "pandas", "polars", "pyarrow"),
        *("google.protobuf.json_format", "grpc", "prometheus_client", "rich"),
        *("connector_core.cli.inputs", "connector_core.client", "connector_core.service", "connector_core.testing"),
        *("difflib", "http", "multiprocessing", "xml"),
    }
)


def imported(*arguments: str, state: str) -> tuple[str, set[str]]:
    """Return what a command line prints, and the names of all modules that it imports."""
    completed = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env=minimal_environment() | {"CONNECTOR_PROCESS_DIR": state},
        cwd=state,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return completed.stdout, set(json.loads(completed.stderr.splitlines()[-1]))


def test_a_command_imports_nothing_for_tables_files_or_terminals(tmp_path: Path) -> None:
    pytest.importorskip("connector_process")
    printed, modules = imported("run", "process", "--", "echo", "hello", state=str(tmp_path))
    assert "hello" in printed
    assert "connector_process.connector" in modules
    assert modules & {*UNWANTED, "email.message", "psutil"} == set()


@pytest.mark.parametrize("sql", ["SELECT 1 AS n, 'x' AS s", "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)"])
def test_a_query_imports_nothing_for_tables_files_or_terminals(tmp_path: Path, sql: str) -> None:
    pytest.importorskip("connector_duckdb")
    printed, modules = imported("run", "duckdb", "--sql", sql, state=str(tmp_path))
    assert "SUCCEEDED" in printed
    assert {"connector_duckdb.connector", "duckdb"} <= modules
    assert modules & UNWANTED == set()


def test_a_query_whose_values_need_arrow_imports_it(tmp_path: Path) -> None:
    pytest.importorskip("connector_duckdb")
    _, modules = imported("run", "duckdb", "--sql", "SELECT DATE '2026-01-01' AS day", state=str(tmp_path))
    assert "pyarrow" in modules
    assert not modules & {"fsspec", "rich"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems need psutil")
def test_a_supervisor_does_not_import_psutil(tmp_path: Path) -> None:
    pytest.importorskip("connector_process")
    code = """
import os, sys
from connector_process.supervisor import has_ended, session_members, start_time
assert start_time(os.getpid()) > 0 and not has_ended(os.getpid())
assert os.getpid() in session_members(os.getsid(0))
print(*sys.modules)
"""
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env=minimal_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    assert set(printed.split()) & {"asyncio", "connector_core", "google", "psutil", "uuid"} == set()
