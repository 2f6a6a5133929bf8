"""The fixtures of the pytest plugin, used here and in a process of its own by another package's tests."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from connector_core import ConnectorRegistry, Phase, Resource, Task, TransientError
from connector_core.client import ConnectorClient
from connector_core.testing import FakeBackend, FakeClock, Fault
from support.connectors import Echo, JobMeta, Jobs
from support.wheels import ROOT


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a directory for tests that run in a process of their own, which finds the plugin as it is installed."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider -p no:cov -p no:xdist")
    return pytester


def passes(run: pytest.Pytester, source: str, *, tests: int = 1, options: tuple[str, ...] = ()) -> None:
    run.makepyfile(source)
    run.runpytest_subprocess("-q", *options, timeout=60).assert_outcomes(passed=tests)


def test_registrations_and_installations_are_undone_after_a_test(run: pytest.Pytester) -> None:
    passes(
        run,
        """
        import sys
        import pytest
        from connector_core import ConnectorNotFound, ConnectorRegistry, Task
        from support.connectors import Echo
        from support.sources import sync_connector

        def names():
            return [entry.task_type for entry in ConnectorRegistry().entries()]

        def test_empty(connector_registry):
            assert connector_registry.connectors() == ()
            connector_registry.register(Echo())

        def test_again(connector_registry):
            assert connector_registry.connectors() == ()

        def test_installed(connector_site):
            modules = {"acme_module": sync_connector()}
            connector_site.add("acme", connectors={"acme": "acme_module:Acme"}, modules=modules)
            assert "acme" in names()
            assert type(ConnectorRegistry().get_connector("acme")).__name__ == "Acme"

        def test_gone():
            assert "acme" not in names()
            assert "acme_module" not in sys.modules

        @pytest.mark.parametrize("task_type", ["first", "second"])
        def test_installed_for_the_default_registry(connector_site, task_type):
            modules = {f"{task_type}_module": sync_connector(task_type)}
            connector_site.add("acme", connectors={task_type: f"{task_type}_module:Acme"}, modules=modules)
            assert Task(task_type)() == {}

        def test_gone_from_the_default_registry():
            with pytest.raises(ConnectorNotFound):
                ConnectorRegistry.get_connector("second")
        """,
        tests=7,
    )


def test_a_service_runs_on_a_free_port(connector_registry: ConnectorRegistry, connector_server: str) -> None:
    connector_registry.register(Echo())

    async def listed() -> list[str]:
        async with ConnectorClient(connector_server) as client:
            return [agent.name for agent in await client.list_connectors()]

    assert asyncio.run(listed()) == ["Echo"]


def test_a_local_run_polls_without_waiting(connector_registry: ConnectorRegistry, connector_clock: FakeClock) -> None:
    connector_registry.register(Jobs(*[Resource.running()] * 2000, Resource.succeeded()))
    Task("job", registry=connector_registry)()
    assert len(connector_clock.slept) == 2000
    assert connector_clock.now == pytest.approx(sum(connector_clock.slept))
    assert connector_clock.now > 3600


def test_the_clock_determines_how_long_a_local_run_tolerates_failures(
    connector_registry: ConnectorRegistry, connector_clock: FakeClock
) -> None:
    connector_registry.register(Jobs(TransientError("the backend is away")))
    with pytest.raises(TransientError, match="away"):
        Task("job", registry=connector_registry)()
    assert connector_clock.now > 60


def test_the_clock_determines_how_long_the_service_tolerates_failures(
    connector_registry: ConnectorRegistry, connector_server: str, connector_clock: FakeClock
) -> None:
    connector = Jobs(TransientError("the backend is away"))
    connector_registry.register(connector)

    async def phase() -> Phase:
        async with ConnectorClient(connector_server) as client:
            return (await client.get(connector.task_category, JobMeta(1).encode())).phase

    assert asyncio.run(phase()) is Phase.INITIALIZING
    connector_clock.advance(599)
    assert asyncio.run(phase()) is Phase.INITIALIZING
    connector_clock.advance(2)
    assert asyncio.run(phase()) is Phase.RETRYABLE_FAILED


def test_the_clock_works_without_grpc(run: pytest.Pytester) -> None:
    passes(
        run,
        """
        import sys
        import pytest
        from connector_core import Resource, Task
        from support.connectors import Jobs

        @pytest.fixture(autouse=True)
        def without_grpc(monkeypatch):
            monkeypatch.setitem(sys.modules, "grpc", None)

        def test_hours(connector_registry, connector_clock):
            connector_registry.register(Jobs(*[Resource.running()] * 2000, Resource.succeeded()))
            Task("job", registry=connector_registry)()
            assert connector_clock.now > 3600
        """,
    )


def ask(backend: FakeBackend, method: str, path: str, body: Any = None) -> Any:
    """Return the status and the JSON of the backend's answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(backend.url + path, data, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            said = answer.read()
            return answer.status, json.loads(said) if said else None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


class TestBackend:
    def test_a_job_goes_through_its_script(self, connector_backend: FakeBackend) -> None:
        connector_backend.script("queued", Fault(503), "succeeded")
        assert ask(connector_backend, "POST", "/jobs", {"tag": "key"}) == (201, {"id": "job-1"})
        assert ask(connector_backend, "GET", "/jobs/job-1") == (200, {"id": "job-1", "state": "queued"})
        assert ask(connector_backend, "GET", "/jobs/job-1")[0] == 503
        for _ in range(2):
            assert ask(connector_backend, "GET", "/jobs/job-1") == (200, {"id": "job-1", "state": "succeeded"})
        assert ask(connector_backend, "GET", "/jobs?tag=key") == (200, ["job-1"])
        assert ask(connector_backend, "GET", "/jobs?tag=other") == (200, [])
        assert ask(connector_backend, "GET", "/jobs/job-2")[0] == 404
        assert connector_backend.jobs["job-1"].request == {"tag": "key"}
        assert connector_backend.requests[:2] == ["POST /jobs", "GET /jobs/job-1"]

    def test_a_request_can_contain_a_script(self, connector_backend: FakeBackend) -> None:
        ask(connector_backend, "POST", "/jobs", {"script": ["running"]})
        ask(connector_backend, "POST", "/jobs", {})
        assert [job.state for job in connector_backend.jobs.values()] == ["running", "succeeded"]

    def test_a_job_has_a_log(self, connector_backend: FakeBackend) -> None:
        ask(connector_backend, "POST", "/jobs", {})
        connector_backend.jobs["job-1"].log += ["one", "two"]
        assert ask(connector_backend, "GET", "/jobs/job-1/log") == (200, ["one", "two"])

    def test_all_jobs_have_a_log(self, connector_backend: FakeBackend) -> None:
        connector_backend.script("done", log=["one"])
        ask(connector_backend, "POST", "/jobs", {})
        assert ask(connector_backend, "GET", "/jobs/job-1/log") == (200, ["one"])

    @pytest.mark.parametrize(
        ("script", "state"),
        [
            (["running"], "cancelled"),
            (["running", "done"], "cancelled"),
            ([Fault(503)], "cancelled"),
            (["done"], "done"),
        ],
    )
    def test_a_job_can_be_cancelled_until_it_ends(
        self, connector_backend: FakeBackend, script: list[str | Fault], state: str
    ) -> None:
        connector_backend.script(*script)
        ask(connector_backend, "POST", "/jobs", {})
        for _ in range(2):
            assert ask(connector_backend, "DELETE", "/jobs/job-1") == (204, None)
        assert connector_backend.jobs["job-1"].state == state
        assert ask(connector_backend, "GET", "/jobs/job-1")[1]["state"] == state

    @pytest.mark.parametrize(("after", "jobs"), [(False, 0), (True, 1)])
    def test_a_request_can_fail_before_or_after_its_effect(
        self, connector_backend: FakeBackend, after: bool, jobs: int
    ) -> None:
        connector_backend.fail("POST", Fault(500, seconds=0.01, after=after), Fault(None, after=after))
        assert ask(connector_backend, "POST", "/jobs", {})[0] == 500
        assert len(connector_backend.jobs) == jobs
        with pytest.raises(OSError, match="closed"):
            ask(connector_backend, "POST", "/jobs", {})
        assert len(connector_backend.jobs) == 2 * jobs
        assert ask(connector_backend, "POST", "/jobs", {})[0] == 201


def test_a_run_that_does_not_use_the_plugin_imports_almost_nothing(run: pytest.Pytester) -> None:
    passes(
        run,
        """
        import sys

        def test_imports():
            loaded = {name for name in sys.modules if name.split(".")[0] == "connector_core"}
            assert loaded == {"connector_core", "connector_core.testing", "connector_core.testing.plugin"}
            assert not {"grpc", "google.protobuf", "attrs", "msgspec"} & set(sys.modules)
        """,
        options=("-p", "no:hypothesispytest"),
    )
