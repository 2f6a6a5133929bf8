"""The table of processes: as it is read on Linux, and as it is read elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from connector_process.process_table import environment, has_ended, process_ids, start_time


@pytest.fixture(params=["linux", "darwin"], autouse=True)
def platform(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the table as on this platform."""
    if request.param == "linux" and sys.platform != "linux":
        pytest.skip("there is no /proc")
    monkeypatch.setattr("sys.platform", request.param)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when its standard input is closed. Its name looks like fields of ``/proc/PID/stat``."""
    program = tmp_path / "a) Z 1 (b"
    program.write_text("#!/bin/sh\nread line\n")
    program.chmod(0o700)
    with subprocess.Popen([program], stdin=subprocess.PIPE, env={"MARK": "one = two"}) as process:
        yield process


def test_a_process_that_runs(process: subprocess.Popen[bytes]) -> None:
    assert {os.getpid(), process.pid} <= set(process_ids())
    assert not has_ended(process.pid)
    assert environment(process.pid)["MARK"] == "one = two"


def test_a_process_that_has_ended_is_a_zombie_until_it_is_reaped(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    deadline = time.monotonic() + 60
    while not has_ended(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.pid in process_ids()
    assert start_time(process.pid) > 0
    process.wait()
    assert has_ended(process.pid)
    assert process.pid not in process_ids()
    assert start_time(process.pid) == -1
    assert environment(process.pid) == {}


def test_the_start_time_counts_from_the_boot(process: subprocess.Popen[bytes]) -> None:
    since_boot = time.time() - psutil.boot_time()
    assert since_boot - 10 < start_time(process.pid) < since_boot + 2
    assert start_time(os.getpid()) <= start_time(process.pid)
