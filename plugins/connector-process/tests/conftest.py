"""Jobs for the tests: real processes, which end with their test."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psutil
import pytest

from connector_core import Call, ConnectorRegistry, Resource, Task
from connector_core.idl import TaskTemplate
from connector_core.invoke import invoke, stream_logs
from connector_process import ProcessConnector, ProcessMeta

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = 60) -> T:
    """Wait until the condition returns a true value, and return that value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"the condition did not hold within {seconds} s"
        time.sleep(0.01)
    return value


def runs(pid: int) -> bool:
    """Return whether the process exists and has not ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class Page(NamedTuple):
    lines: list[str]
    token: str


class Jobs:
    """Calls the connector as the service does, and looks at its jobs from outside."""

    until = staticmethod(until)
    runs = staticmethod(runs)

    def __init__(self, root: Path) -> None:
        self.root = root
        self.connector = ProcessConnector()
        self.registry = ConnectorRegistry(discover=False)
        self.registry.register(self.connector)
        self.processes: list[subprocess.Popen[str]] = []

    def task(self, *command: str, **fields: Any) -> Task:
        return Task("process", registry=self.registry, container=command, **fields)

    def create(self, *command: str, key: str | None = None, **custom: Any) -> ProcessMeta:
        return self.create_from(self.task(*command, custom=custom).template, key)

    def create_from(self, template: TaskTemplate, key: str | None = None) -> ProcessMeta:
        arguments = {"task_template": template, "output_prefix": "", "inputs": None, "task_execution_metadata": None}
        meta = self.call("create", idempotency_key=key, **arguments)
        assert isinstance(meta, ProcessMeta)
        return meta

    def get(self, meta: ProcessMeta) -> Resource:
        resource = self.call("get", resource_meta=meta, output_prefix="")
        assert isinstance(resource, Resource)
        return resource

    def delete(self, meta: ProcessMeta) -> None:
        self.call("delete", resource_meta=meta)

    def find(self, key: str) -> ProcessMeta | None:
        meta: ProcessMeta | None = self.call("find", idempotency_key=key)
        return meta

    def logs(self, meta: ProcessMeta, lines: int = 0, token: str = "") -> Page:
        async def read() -> list[Any]:
            call = Call(self.connector, "get_logs")
            return [part async for part in stream_logs(call, resource_meta=meta, lines=lines, token=token)]

        body, header = asyncio.run(read())
        return Page(list(body.body.results), header.header.token)

    def call(self, operation: str, **arguments: Any) -> Any:
        return asyncio.run(invoke(Call(self.connector, operation), self.registry.plugins, **arguments))

    def ended(self, meta: ProcessMeta) -> Resource:
        """Wait until the job has ended, and return its state."""

        def last() -> Resource | None:
            resource = self.get(meta)
            return resource if resource.is_terminal else None

        resource = until(last)
        assert resource is not None
        return resource

    def printed_pids(self, meta: ProcessMeta, count: int) -> list[int]:
        """Wait until the command has printed `count` process ids, one in each line, and return them."""

        def pids() -> list[int]:
            lines = self.logs(meta).lines
            return [int(line) for line in lines] if len(lines) == count else []

        return until(pids)

    def still_runs(self, meta: ProcessMeta) -> bool:
        """Return whether the machine has a process of the job."""
        return any(_belongs_to(process, Path(meta.job_dir)) for process in psutil.process_iter())

    def record(self, meta: ProcessMeta) -> dict[str, Any]:
        """Return the record of the processes in the job's directory."""
        record: dict[str, Any] = json.loads(Path(meta.job_dir, "job.json").read_bytes())
        return record

    def elsewhere(self, code: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a Python process in which ``connector`` is a connector and ``sys.argv[1:]`` are the arguments."""
        command = [sys.executable, "-c", _ELSEWHERE + code, *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process


_ELSEWHERE = """
import sys
from connector_core import ConnectorRegistry, Task
from connector_process import ProcessConnector, ProcessMeta

connector = ProcessConnector()
registry = ConnectorRegistry(discover=False)
registry.register(connector)

def create(key, *command):
    template = Task("process", registry=registry, container=command).template
    return connector.create(template, "", None, None, idempotency_key=key).encode().decode()
"""


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the jobs' processes without coverage, which would take longer to start than most jobs take to run."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_PROCESS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    root = tmp_path / "jobs"
    monkeypatch.setenv("CONNECTOR_PROCESS_DIR", str(root))
    jobs = Jobs(root)
    yield jobs
    for process in jobs.processes:
        with process:
            process.kill()
    for directory in root.iterdir() if root.is_dir() else ():
        jobs.delete(ProcessMeta(str(directory)))
    until(lambda: not [process for process in psutil.process_iter() if _belongs_to(process, root)])


def _belongs_to(process: psutil.Process, root: Path) -> bool:
    try:
        marker: str = process.environ().get("CONNECTOR_PROCESS_JOB", "")
        return Path(marker).is_relative_to(root) and runs(process.pid)
    except (psutil.Error, OSError):
        return False
