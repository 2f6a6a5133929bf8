"""Write the files that literals refer to, and count the inputs of all worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fsspec
import pytest

from fuzz.inputs import INPUTS, SEED, taken
from fuzz.messages import OFFLOADED


@pytest.fixture(autouse=True)
def _offloaded() -> Iterator[None]:
    filesystem = fsspec.filesystem("memory")
    for uri, data in OFFLOADED.items():
        filesystem.pipe_file(uri, data)
    yield
    for uri in OFFLOADED:
        filesystem.rm_file(uri)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send a worker's counts to the process that started the worker."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["taken"] = dict(taken)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    taken.update(getattr(node, "workeroutput", {}).get("taken", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section(f"inputs of {INPUTS:,}, from the seed {SEED}")
    for test, number in sorted(taken.items()):
        terminalreporter.line(f"{number:>10,}  {test}")
    terminalreporter.line(f"{taken.total():>10,}  in all")
