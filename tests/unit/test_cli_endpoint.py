"""The commands ``connectors list`` and ``connectors run`` with ``--endpoint``, the address of a running service."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connector_core import (
    AsyncConnectorBase,
    ConnectorRegistry,
    PermanentError,
    Phase,
    Resource,
    SyncConnectorBase,
    TransientError,
    from_literal_map,
)
from connector_core.idl import TaskLog
from connector_core.testing.server import serving
from connector_core.testing.sites import Site
from support.cli import Ran, connectors, start_connectors
from support.connectors import Echo, JobMeta, Jobs

Capsys = pytest.CaptureFixture[str]

LINKS = [TaskLog(name="console", uri="https://acme.test/1")]
RUNNING = Resource.running(message="busy")


class Service:
    """Runs services, which stop when the test ends, and command lines that call them."""

    def __init__(self, capsys: Capsys, stack: ExitStack) -> None:
        self._capsys = capsys
        self._stack = stack
        self.endpoint = ""

    def start(self, *served: SyncConnectorBase | AsyncConnectorBase, port: int = 0) -> str:
        """Start a service with these connectors."""
        registry = ConnectorRegistry(discover=False)
        for connector in served:
            registry.register(connector)
        self.endpoint = self._stack.enter_context(serving(registry, port=port))
        return self.endpoint

    def restart(self, *served: SyncConnectorBase | AsyncConnectorBase) -> None:
        """Stop the service, and start another with these connectors on the same port."""
        self._stack.close()
        self.start(*served, port=int(self.endpoint.rpartition(":")[2]))

    def connectors(self, *arguments: str) -> Ran:
        """Run a command line with ``--endpoint``."""
        return connectors(self._capsys, *arguments, "--endpoint", self.endpoint)


@pytest.fixture
def service(capsys: Capsys) -> Iterator[Service]:
    with ExitStack() as stack:
        yield Service(capsys, stack)


class TestList:
    def test_the_connectors_of_the_service_are_a_table(self, service: Service) -> None:
        service.start(Echo(), Echo(version=2), Jobs())
        status, out, err = service.connectors("list")
        assert (status, err) == (0, "")
        assert out.splitlines() == [
            "task_type  version  kind   connector",
            "echo             0  sync   Echo",
            "echo             2  sync   Echo",
            "job              0  async  Jobs",
        ]

    def test_the_json_document_has_the_same_keys_as_without_an_endpoint(self, service: Service) -> None:
        service.start(Jobs())
        status, out, err = service.connectors("list", "--json")
        assert (status, err) == (0, "")
        (row,) = json.loads(out)
        assert list(row.items()) == [
            ("task_type", "job"),
            ("version", 0),
            ("state", "loaded"),
            ("kind", "async"),
            ("connector", "Jobs"),
            ("entry_point", None),
            ("distribution", None),
            ("distribution_version", None),
            ("error", None),
        ]

    def test_local_connectors_are_not_listed(self, service: Service, site: Site) -> None:
        site.add(connectors={"acme": "acme_here:Acme"})
        service.start(Echo())
        assert "acme" not in service.connectors("list").out

    def test_a_service_without_connectors(self, service: Service) -> None:
        endpoint = service.start()
        assert service.connectors("list") == (0, "", f"The service at {endpoint} has no connector.\n")
        assert service.connectors("list", "--json") == (0, "[]\n", "")

    def test_a_service_has_loaded_everything(self, service: Service) -> None:
        service.start()
        status, out, err = service.connectors("list", "--load")
        assert (status, out) == (2, "")
        assert "argument --endpoint: not allowed with argument --load" in err


class TestRun:
    def test_a_sync_connector(self, service: Service) -> None:
        service.start(Echo())
        status, out, err = service.connectors("run", "echo", "-i", "x=1", "-i", "names:list[str]=[]", "--json")
        assert (status, err) == (0, "")
        document = json.loads(out)
        assert (document["phase"], document["outputs"]) == ("SUCCEEDED", {"x": 1, "names": []})

    def test_an_async_connector(self, service: Service) -> None:
        jobs = Jobs(
            Resource(Phase.QUEUED),
            Resource.running(message="half", log_links=LINKS),
            Resource.succeeded(message="done", outputs={"rows": [{"n": 1}]}),
        )
        service.start(jobs)
        status, out, err = service.connectors("run", "job", "-i", "x=1", "--custom", "a=b", "--sql", "SELECT 1")
        assert (status, err) == (0, "")
        *lines, end, title, columns, row = out.splitlines()
        assert lines == ["QUEUED", "RUNNING: half", "console: https://acme.test/1"]
        assert re.fullmatch(r"SUCCEEDED in \d+\.\d s: done", end)
        assert [title, columns, row] == ["rows:", "n", "1"]
        (created,) = jobs.created
        assert from_literal_map(created["inputs"]) == {"x": 1}
        assert dict(created["task_template"].custom) == {"a": "b"}
        assert created["task_template"].sql.statement == "SELECT 1"
        assert created["task_execution_metadata"].task_execution_id.task_id.name == "job"
        assert jobs.deleted == []

    def test_each_poll_gets_the_metadata_and_the_prefix(self, service: Service, tmp_path: Path) -> None:
        jobs = Jobs(RUNNING, Resource.succeeded())
        service.start(jobs)
        service.connectors("run", "job", "--output-prefix", str(tmp_path))
        assert jobs.polled == [{"resource_meta": JobMeta(1), "output_prefix": str(tmp_path)}] * 2

    def test_without_a_version_0_the_newest_version_runs(self, service: Service) -> None:
        class Versioned(Echo):
            def do(self, task_template: Any, *_: Any, **__: Any) -> Resource:
                return Resource.succeeded(outputs={"version": task_template.task_type_version})

        service.start(Versioned(version=1), Versioned(version=2))
        assert json.loads(service.connectors("run", "echo", "--json").out)["outputs"] == {"version": 2}

    def test_a_job_that_fails(self, service: Service) -> None:
        service.start(Jobs(Resource.failed("no table t", code="NO_TABLE")))
        status, out, err = service.connectors("run", "job", "--json")
        assert (status, json.loads(out)["error"]["code"]) == (1, "NO_TABLE")
        assert err == "connectors: job FAILED [NO_TABLE]: no table t\n"

    def test_a_sync_connector_that_breaks_its_rule(self, service: Service) -> None:
        class Unending(Echo):
            def do(self, *_: Any, **__: Any) -> Resource:
                return RUNNING

        service.start(Unending())
        status, out, err = service.connectors("run", "echo")
        assert (status, out) == (1, "")
        assert "Unending.do returned a resource in the phase RUNNING" in err


class TestCancelling:
    def test_a_job_that_takes_too_long_is_deleted(self, service: Service) -> None:
        jobs = Jobs(RUNNING)
        service.start(jobs)
        status, _, err = service.connectors("run", "job", "--timeout", "0.5")
        assert (status, err) == (1, "connectors: The task job did not end within 0.5 s.\n")
        assert jobs.deleted == [JobMeta(1)]

    def test_a_sync_connector_that_takes_too_long(self, service: Service) -> None:
        released = threading.Event()

        class Slow(Echo):
            def do(self, *_: Any, **__: Any) -> Resource:
                released.wait(60)
                return Resource.succeeded()

        service.start(Slow())
        try:
            ran = service.connectors("run", "echo", "--timeout", "0.3")
        finally:
            released.set()
        assert ran == (1, "", "connectors: The task echo did not end within 0.3 s.\n")

    def test_an_interrupted_job_is_deleted_once(self, service: Service, site: Site) -> None:
        jobs = Jobs(RUNNING)
        with start_connectors(site, "run", "job", "--endpoint", service.start(jobs)) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "RUNNING: busy\n"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (130, "", "connectors: interrupted.\n")
        assert jobs.deleted == [JobMeta(1)]


class TestAnUnavailableService:
    def test_a_job_outlives_a_restart_of_the_service(self, service: Service, site: Site) -> None:
        with start_connectors(site, "run", "job", "--endpoint", service.start(Jobs(RUNNING))) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "RUNNING: busy\n"
            service.restart(after := Jobs())
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        assert out.startswith("SUCCEEDED in ")
        assert (after.created, after.deleted) == ([], [])

    def test_a_job_that_cannot_be_deleted_is_named(self, service: Service, site: Site) -> None:
        with start_connectors(site, "run", "job", "--endpoint", service.start(Jobs(RUNNING))) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "RUNNING: busy\n"
            service.restart(Echo())
            out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (1, "")
        assert "answers GetTask with NOT_FOUND: Cannot find connector for task type: job." in err
        assert f"The job could not be deleted and may still run: RemoteJob(encoded={JobMeta(1).encode()!r}): " in err


class TestErrorsOfTheService:
    def test_an_unknown_task_type(self, service: Service) -> None:
        endpoint = service.start(Echo())
        assert service.connectors("run", "ecco") == (
            2,
            "",
            (
                "connectors: Cannot find connector for task category: ecco_v0. Did you mean echo?\n"
                f"This is the answer of the service at {endpoint}.\n"
            ),
        )

    def test_a_job_that_cannot_be_started(self, service: Service) -> None:
        class Refusing(Jobs):
            async def create(self, *_: Any, **__: Any) -> JobMeta:
                raise PermanentError("no such warehouse")

        endpoint = service.start(Refusing())
        status, out, err = service.connectors("run", "job")
        assert (status, out) == (1, "")
        assert err.startswith(f"connectors: The service at {endpoint} answers CreateTask with FAILED_PRECONDITION: ")
        assert "no such warehouse" in err

    def test_a_temporary_failure_of_the_backend_is_tolerated(self, service: Service) -> None:
        service.start(Jobs(RUNNING, TransientError("away"), Resource.succeeded()))
        assert service.connectors("run", "job").status == 0


class TestTheEndpoint:
    @pytest.mark.parametrize("endpoint", ["localhost", "8000", ":8000", "http://localhost:8000", "localhost:", "a b:x"])
    @pytest.mark.parametrize("words", [["list"], ["run", "job"]])
    def test_an_endpoint_that_is_not_host_and_port(self, capsys: Capsys, words: list[str], endpoint: str) -> None:
        assert connectors(capsys, *words, "--endpoint", endpoint) == (
            2,
            "",
            f"connectors: --endpoint {endpoint} cannot be used: write it as HOST:PORT, such as localhost:8000.\n",
        )

    def test_an_endpoint_without_a_service(self, capsys: Capsys) -> None:
        with serving(ConnectorRegistry(discover=False)) as endpoint:
            pass
        for words in (["list"], ["run", "job"]):
            status, out, err = connectors(capsys, *words, "--endpoint", endpoint)
            assert (status, out) == (1, "")
            assert err.startswith(f"connectors: The service at {endpoint} cannot be reached: ")
            assert err.count("\n") == 1


def test_without_the_extra_there_is_a_sentence(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "connector_core.client", raising=False)
    monkeypatch.delitem(sys.modules, "connector_core.cli.remote", raising=False)
    monkeypatch.setitem(sys.modules, "grpc", None)
    assert connectors(capsys, "list", "--endpoint", "localhost:8000") == (
        1,
        "",
        "connectors: connector_core.client needs more packages: pip install 'connector-core[service]'\n",
    )
