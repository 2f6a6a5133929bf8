"""Run the command ``connectors`` in the test's process or in another one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO, Any, NamedTuple

import pytest

from connector_core.cli import main
from connector_core.testing.sites import Site


class Ran(NamedTuple):
    """The exit status and the output of a command line."""

    status: int
    out: str
    err: str


def connectors(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ran:
    """Run a command line in this process, with the connectors that the test installed."""
    capsys.readouterr()
    try:
        status = main(arguments)
    except SystemExit as error:  # argparse ends this way after --help and wrong usage.
        status = int(error.code or 0)
    return Ran(status, *capsys.readouterr())


def start_connectors(
    site: Site,
    *arguments: str,
    stdout: int | IO[Any] = subprocess.PIPE,
    stdin: int | IO[Any] = subprocess.DEVNULL,
    **environment: str,
) -> subprocess.Popen[str]:
    """Start a command line in another process, with the connectors of `site`."""
    return subprocess.Popen(
        [sys.executable, "-c", "from connector_core.cli import main; raise SystemExit(main())", *arguments],
        env={**os.environ, "PYTHONPATH": str(site.path), **environment},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )
