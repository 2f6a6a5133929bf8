"""Uploads of outputs before a job is reported as SUCCEEDED, as either generation of Flyte sees it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest

from connector_core import ConnectorRegistry, File, Phase, Resource
from support.connectors import Jobs
from support.flyte import TIMEOUT, Flyte

PREFIX = "memory://bucket/outputs"


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Return a function that sets what is called before each upload to the storage."""
    storage = fsspec.filesystem("memory").__class__
    original = storage.put

    def before_each(function: Callable[[], None]) -> None:
        def put(self: Any, *args: Any, **kwargs: Any) -> None:
            function()
            original(self, *args, **kwargs)

        monkeypatch.setattr(storage, "put", put)

    return before_each


@pytest.fixture
def connector(registry: ConnectorRegistry, tmp_path: Path) -> Jobs:
    """Register a connector whose job runs at the first poll and has then succeeded with a local file."""
    report = tmp_path / "report.csv"
    report.write_text("a,b\n")
    connector = Jobs(Resource.running(message="half"), Resource.succeeded(outputs={"report": File(str(report))}))
    registry.register(connector)
    return connector


def test_an_upload_that_takes_longer_than_a_call_is_not_started_again(
    connector: Jobs, flyte: Flyte, put: Callable[[Callable[[], None]], None]
) -> None:
    uploads: list[str] = []
    may_end = threading.Event()

    def wait() -> None:
        uploads.append("begun")
        assert may_end.wait(TIMEOUT)

    put(wait)
    for _ in range(2):
        state = flyte.get("job", b'{"job_id":1}', prefix=PREFIX, timeout=2)
        assert (state.phase, state.message) == (Phase.RUNNING, "half")
    may_end.set()
    assert flyte.get("job", b'{"job_id":1}', prefix=PREFIX).phase is Phase.SUCCEEDED
    assert (uploads, len(connector.polled)) == (["begun"], 2)


def test_two_concurrent_polls_start_one_upload(
    registry: ConnectorRegistry, flyte: Flyte, tmp_path: Path, put: Callable[[Callable[[], None]], None]
) -> None:
    report = tmp_path / "report.csv"
    report.write_text("a,b\n")
    uploads: list[str] = []
    polls = 0
    both_poll = asyncio.Event()

    async def get(self: Any, resource_meta: Any) -> Resource:
        nonlocal polls
        polls += 1
        if polls == 2:
            both_poll.set()
        await both_poll.wait()
        return Resource.succeeded(outputs={"report": File(str(report))})

    put(lambda: uploads.append("begun"))
    registry.register(type("Together", (Jobs,), {"get": get})())
    request = flyte.messages.GetTaskRequest(
        task_category=flyte.messages.TaskCategory(name="job"), resource_meta=b"{}", output_prefix=PREFIX
    )
    calls = [flyte.jobs.GetTask.future(request, timeout=TIMEOUT) for _ in range(2)]
    assert {Phase(call.result().resource.phase) for call in calls} == {Phase.SUCCEEDED}
    assert uploads == ["begun"]


@pytest.mark.parametrize("category", [{"version": 1}, {"task_type": "other"}])
def test_a_job_of_another_category_with_equal_metadata_is_polled(
    registry: ConnectorRegistry, connector: Jobs, flyte: Flyte, put: Callable[[Callable[[], None]], None], category: Any
) -> None:
    registry.register(Jobs(Resource.running(message="another"), **category))
    may_end = threading.Event()

    def wait() -> None:
        assert may_end.wait(TIMEOUT)

    put(wait)
    for _ in range(2):
        flyte.get("job", b'{"job_id":1}', prefix=PREFIX, timeout=2)
    state = flyte.get(**{"task_type": "job", "resource_meta": b'{"job_id":1}'} | category)
    may_end.set()
    assert (state.phase, state.message) == (Phase.RUNNING, "another")


def test_a_storage_that_does_not_answer_does_not_fail_the_job(
    connector: Jobs, flyte: Flyte, put: Callable[[Callable[[], None]], None]
) -> None:
    errors: list[Exception] = [ConnectionResetError("gone"), TimeoutError("slow")]

    def fail() -> None:
        if errors:
            raise errors.pop()

    put(fail)
    seen = [flyte.get("job", b'{"job_id":1}', prefix=PREFIX).phase for _ in range(4)]
    assert seen == [Phase.RUNNING, Phase.RUNNING, Phase.RUNNING, Phase.SUCCEEDED]


def test_a_location_without_write_permission_ends_the_job(
    connector: Jobs, flyte: Flyte, put: Callable[[Callable[[], None]], None]
) -> None:
    def refuse() -> None:
        raise PermissionError("not yours")

    put(refuse)
    flyte.get("job", b'{"job_id":1}', prefix=PREFIX)
    state = flyte.get("job", b'{"job_id":1}', prefix=PREFIX)
    assert state.phase is Phase.FAILED
    assert state.message.startswith("The outputs cannot be sent: outputs.report: ")
