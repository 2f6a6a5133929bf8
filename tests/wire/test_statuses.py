"""The status and the details with which the service answers each error."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from flyteidl.admin.agent_pb2 import CreateRequestHeader, ExecuteTaskSyncRequest, GetTaskRequest
from flyteidl.core.tasks_pb2 import TaskTemplate
from grpc import StatusCode

from connector_core import (
    ConnectorRegistry,
    PermanentError,
    Phase,
    Resource,
    RetryableError,
    TransientError,
    from_literal_map,
    get_connector_secret,
)
from connector_core.discovery import Entry
from connector_core.testing.server import serving
from support.connectors import Echo, JobMeta, Jobs
from support.flyte import Flyte, Flyte1, Flyte2, refused


def raising(registry: ConnectorRegistry, operation: str, error: BaseException, **attributes: Any) -> None:
    """Register an async connector with one method that raises."""

    async def method(self: Any, *_: Any, **__: Any) -> Any:
        raise error

    registry.register(type("Probe", (Jobs,), {operation: method, **attributes})())


def call(flyte: Flyte, operation: str) -> Any:
    return flyte.create("job") if operation == "create" else getattr(flyte, operation)("job", b'{"job_id":1}')


@pytest.fixture(params=["create", "get", "delete"])
def operation(request: Any) -> str:
    """Return the operation of each RPC that every async connector serves."""
    return str(request.param)


class TestNoConnector:
    def test_of_this_task_type(self, registry: ConnectorRegistry, flyte: Flyte, operation: str) -> None:
        with refused(StatusCode.NOT_FOUND, r"^Cannot find connector for task type: job\."):
            call(flyte, operation)

    def test_the_nearest_name_is_told(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        registry.register(Jobs(task_type="jobs"))
        with refused(StatusCode.NOT_FOUND, r"^Cannot find connector for task type: job\. Did you mean jobs\?$"):
            flyte.create("job")

    def test_of_this_version(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        registry.register(Jobs())
        with refused(StatusCode.NOT_FOUND, r"^Cannot find connector for task type: job\. The versions are: job_v0\.$"):
            flyte.create("job", version=7)

    def test_of_this_name(self, flyte: Flyte) -> None:
        with refused(StatusCode.NOT_FOUND, r"^Cannot find connector for name: Nobody\.$"):
            flyte.describe("Nobody")

    def test_that_is_enabled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONNECTORS_DISABLE", "job")
        with refused(StatusCode.NOT_FOUND, r"^Cannot find connector for task type: job\. .*CONNECTORS_DISABLE"):
            of_an_entry("support.connectors:Jobs", lambda flyte: flyte.create("job"))

    def test_that_could_be_loaded(self) -> None:
        with refused(
            StatusCode.FAILED_PRECONDITION,
            r"^Cannot find connector for task type: job\. .*no_such_module, which does not exist",
        ):
            of_an_entry("no_such_module:Connector", lambda flyte: flyte.create("job"))

    def test_that_only_one_distribution_claims(self) -> None:
        claims = [
            Entry("job", "support.connectors:Jobs", distribution="one"),
            Entry("job", "support.connectors:Echo", distribution="two"),
        ]
        with refused(StatusCode.FAILED_PRECONDITION, "one.*two"):
            of_entries(claims, lambda flyte: flyte.create("job"))


def of_an_entry(value: str, use: Callable[[Flyte1], Any]) -> None:
    of_entries([Entry("job", value)], use)


def of_entries(entries: list[Entry], use: Callable[[Flyte1], Any]) -> None:
    """Use a service whose connectors are entries."""
    registry = ConnectorRegistry(discover=False)
    registry.register(Echo())
    registry._add_entries(entries)
    with serving(registry) as endpoint, grpc.insecure_channel(endpoint) as channel:
        use(Flyte1(channel))


class TestABadRequest:
    def test_metadata_that_cannot_be_read(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        registry.register(Jobs())
        for encoded in (b"", b"\xff", b"[]", b'{"job_id": "x"}'):
            with refused(StatusCode.INVALID_ARGUMENT, r"^resource_meta cannot be read: JobMeta"):
                flyte.get("job", encoded)
            with refused(StatusCode.INVALID_ARGUMENT, r"^resource_meta cannot be read: JobMeta"):
                flyte.delete("job", encoded)

    def test_no_task_type(self, flyte: Flyte) -> None:
        with refused(StatusCode.INVALID_ARGUMENT, r"^The request names no task type\.$"):
            flyte.create("")

    def test_an_input_of_a_wrong_type(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        async def create(self: Any, inputs: Any, **_: Any) -> JobMeta:
            from_literal_map(inputs, {"n": int})
            return JobMeta()

        registry.register(type("Probe", (Jobs,), {"create": create})())
        with refused(StatusCode.INVALID_ARGUMENT, r"^n: expected int, got str"):
            flyte.create("job", inputs={"n": "three"})

    def test_bytes_that_are_not_a_message(self, channel: grpc.Channel, flyte: Flyte) -> None:
        for rpc in ("CreateTask", "GetTask", "DeleteTask", "GetTaskMetrics"):
            with refused(StatusCode.INVALID_ARGUMENT, rf"^The request is not a flyteidl\.admin\.{rpc}Request\.$"):
                channel.unary_unary(f"/{flyte.service}/{rpc}")(b"\x0a\xff", timeout=30)
        with refused(StatusCode.INVALID_ARGUMENT, r"^The request is not a flyteidl\.admin\.GetTaskLogsRequest\.$"):
            list(channel.unary_stream(f"/{flyte.service}/GetTaskLogs")(b"\x0a\xff", timeout=30))

    def test_a_connection_that_cannot_be_read(self, registry: ConnectorRegistry, channel: grpc.Channel) -> None:
        registry.register(Jobs())
        request = GetTaskRequest(task_type="job", resource_meta=b"{}").SerializeToString() + b"\x2a\x02\x0a\xff"
        with refused(StatusCode.INVALID_ARGUMENT, r"^The request's connection cannot be read\.$"):
            channel.unary_unary("/flyteidl2.connector.AsyncConnectorService/GetTask")(request, timeout=30)

    def test_an_execution_without_header_or_inputs(self, registry: ConnectorRegistry, flyte1: Flyte1) -> None:
        registry.register(Echo())
        header = ExecuteTaskSyncRequest(header=CreateRequestHeader(template=TaskTemplate(type="echo")))
        inputs = ExecuteTaskSyncRequest(inputs={})
        with refused(StatusCode.INVALID_ARGUMENT, r"^The first message of ExecuteTaskSync must be the header\.$"):
            flyte1.execute()
        with refused(StatusCode.INVALID_ARGUMENT, r"^The first message of ExecuteTaskSync must be the header\.$"):
            flyte1.execute(inputs, header)
        for requests in ([header], [header, header]):
            with refused(StatusCode.INVALID_ARGUMENT, r"^The second message of ExecuteTaskSync must be the inputs"):
                flyte1.execute(*requests)

    def test_an_execution_of_bytes_that_are_not_a_message(self, channel: grpc.Channel) -> None:
        execute = channel.stream_stream("/flyteidl.service.SyncAgentService/ExecuteTaskSync")
        with refused(StatusCode.INVALID_ARGUMENT, r"^The request is not a flyteidl\.admin\.ExecuteTaskSyncRequest\.$"):
            list(execute(iter([b"\x0a\xff"]), timeout=30))


class TestTheOtherKind:
    def test_a_sync_connector_is_not_created(self, registry: ConnectorRegistry, flyte1: Flyte1, operation: str) -> None:
        registry.register(Echo("job"))
        with refused(StatusCode.UNIMPLEMENTED, r"^job is served by a sync connector: call ExecuteTaskSync\.$"):
            call(flyte1, operation)

    def test_an_async_connector_is_not_executed(self, registry: ConnectorRegistry, flyte1: Flyte1) -> None:
        registry.register(Jobs())
        with refused(StatusCode.UNIMPLEMENTED, r"^job is served by an async connector: call CreateTask\.$"):
            flyte1.do("job")

    def test_logs_and_metrics_that_the_connector_does_not_implement(
        self, registry: ConnectorRegistry, flyte: Flyte
    ) -> None:
        registry.register(Jobs())
        with refused(StatusCode.UNIMPLEMENTED, r"^Jobs does not implement get_logs\.$"):
            flyte.logs("job", b"{}")
        with refused(StatusCode.UNIMPLEMENTED, r"^Jobs does not implement get_metrics\.$"):
            flyte.metrics("job", b"{}")

    def test_metadata_that_carries_no_result(self, registry: ConnectorRegistry, flyte2: Flyte2) -> None:
        registry.register(Echo())
        for encoded in (b"", b"{}"):
            with refused(
                StatusCode.INVALID_ARGUMENT, r"^resource_meta does not contain the result of a sync connector\.$"
            ):
                flyte2.get("echo", encoded)


class TestTooMuch:
    def test_calls_that_wait_for_a_thread(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        release, calls = threading.Event(), 1500

        def get(self: Any, resource_meta: Any) -> Resource:
            assert release.wait(60)
            return Resource.running()

        registry.register(type("Probe", (Jobs,), {"get": get, "max_concurrency": 1})())
        category = flyte.messages.TaskCategory(name="job")
        request = flyte.messages.GetTaskRequest(task_category=category, resource_meta=b"{}")
        futures = [flyte.jobs.GetTask.future(request, timeout=60) for _ in range(calls)]
        # Calls that are refused end at once; calls that wait do not.
        first = next(future for future in _ended(futures))
        assert (first.code(), "calls already wait for a thread" in first.details()) == (
            StatusCode.RESOURCE_EXHAUSTED,
            True,
        )
        release.set()
        assert {future.code() for future in futures} == {StatusCode.OK, StatusCode.RESOURCE_EXHAUSTED}

    def test_time(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            await asyncio.Event().wait()
            return Resource.running()

        registry.register(type("Probe", (Jobs,), {"get": get})())
        with refused(StatusCode.DEADLINE_EXCEEDED, ""):
            flyte.get("job", b"{}", timeout=0.3)

    def test_time_of_a_creation(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        release = asyncio.Event()

        async def create(self: Any, **_: Any) -> JobMeta:
            await release.wait()
            return JobMeta()

        async def delete(self: Any, resource_meta: Any) -> None:
            release.set()

        registry.register(type("Probe", (Jobs,), {"create": create, "delete": delete, "timeout": 0.05})())
        with refused(StatusCode.DEADLINE_EXCEEDED, r"^Probe\.create did not end within 0\.05 s\.$"):
            flyte.create("job")
        flyte.delete("job", b"{}")


def _ended(futures: list[Any]) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        yield from (future for future in futures if future.done())
        time.sleep(0.01)
    raise AssertionError("nothing ended")


class TestWhatAConnectorRaises:
    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (TransientError("away"), StatusCode.UNAVAILABLE),
            (RetryableError("full"), StatusCode.UNAVAILABLE),
            (PermanentError("no such table"), StatusCode.FAILED_PRECONDITION),
        ],
    )
    @pytest.mark.parametrize("method", ["create", "delete"])
    def test_create_and_delete_answer_with_a_status(
        self, registry: ConnectorRegistry, flyte: Flyte, method: str, error: Exception, status: StatusCode
    ) -> None:
        raising(registry, method, error)
        with refused(status, rf"^{error}$"):
            call(flyte, method)

    @pytest.mark.parametrize("method", ["create", "delete"])
    def test_transient_errors_of_the_connector_are_temporary_failures(
        self, registry: ConnectorRegistry, flyte: Flyte, method: str
    ) -> None:
        raising(registry, method, ConnectionResetError("gone"), transient_errors=(ConnectionError,))
        with refused(StatusCode.UNAVAILABLE, r"^ConnectionResetError: gone$"):
            call(flyte, method)

    @pytest.mark.parametrize(
        ("error", "phase", "kind"),
        [
            (PermanentError("no such table", code="SQL"), Phase.FAILED, 0),
            (RetryableError("full", code="QUOTA"), Phase.RETRYABLE_FAILED, 1),
        ],
    )
    def test_get_and_do_answer_with_a_phase(
        self, registry: ConnectorRegistry, flyte1: Flyte1, flyte2: Flyte2, error: Any, phase: Phase, kind: int
    ) -> None:
        async def do(self: Any, **_: Any) -> Resource:
            raise error

        raising(registry, "get", error)
        registry.register(type("Does", (Echo,), {"do": do})())
        told = [flyte1.get("job", b"{}"), flyte1.do("echo")]
        for state in told:
            failure = state.resource.agent_error
            assert (*state[:2], failure.code, failure.kind) == (phase, str(error), error.code, kind)
        told2 = [flyte2.get("job", b"{}"), flyte2.get("echo", flyte2.create("echo"))]
        assert [state[:2] for state in told2] == [(phase, str(error))] * 2

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (ValueError("bad"), "ValueError: bad"),
            (KeyError("x"), "KeyError: 'x'"),
            (RuntimeError(), "RuntimeError"),
            (SystemExit(3), "ConnectorExited: Probe.{operation} called sys.exit(3); raise an error instead."),
        ],
        ids=["ValueError", "KeyError", "no text", "sys.exit"],
    )
    def test_anything_else_is_a_bug_whose_traceback_is_in_the_log(
        self,
        registry: ConnectorRegistry,
        flyte: Flyte,
        operation: str,
        error: BaseException,
        text: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        raising(registry, operation, error)
        with refused(StatusCode.INTERNAL, rf"^failed to {operation} job task with error: ") as caught:
            call(flyte, operation)
        details = caught.value.details()  # type: ignore[attr-defined]
        message, _, number = details.rpartition(" (request ")
        assert message == f"failed to {operation} job task with error: {text.format(operation=operation)}"
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert number.rstrip(")") in record.getMessage()
        assert record.exc_info is not None

    def test_a_method_that_returns_rubbish_is_a_bug(
        self, registry: ConnectorRegistry, flyte: Flyte, operation: str
    ) -> None:
        async def method(self: Any, *_: Any, **__: Any) -> Any:
            return "rubbish"

        registry.register(type("Probe", (Jobs,), {operation: method})())
        if operation == "delete":  # The result of delete is ignored.
            call(flyte, operation)
        else:
            with refused(StatusCode.INTERNAL, rf"Probe\.{operation} returned str; it must return"):
                call(flyte, operation)

    def test_a_sync_connector_whose_job_goes_on_is_a_bug(self, registry: ConnectorRegistry, flyte1: Flyte1) -> None:
        registry.register(type("Probe", (Echo,), {"do": lambda self, **_: Resource.running()})())
        with refused(
            StatusCode.INTERNAL, r"^failed to do echo task with error: InvalidConnector: Probe\.do returned a"
        ):
            flyte1.do("echo")

    def test_the_service_continues_after_sys_exit(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        raising(registry, "get", SystemExit(1))
        for _ in range(2):
            with refused(StatusCode.INTERNAL, "sys.exit"):
                flyte.get("job", b"{}")


class TestDetails:
    @pytest.mark.parametrize("letter", ["x", "\n", "ü", "\U0001f600"], ids=ascii)
    def test_they_are_short_enough_to_arrive(self, registry: ConnectorRegistry, flyte: Flyte, letter: str) -> None:
        raising(registry, "get", ValueError(letter * 100_000))
        with refused(StatusCode.INTERNAL, r"^failed to get job task with error: ValueError: ") as caught:
            flyte.get("job", b"{}")
        assert len(caught.value.details().encode()) < 4096  # type: ignore[attr-defined]

    def test_they_contain_no_secret_of_the_call(
        self, registry: ConnectorRegistry, flyte2: Flyte2, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            raise ConnectionError(f"cannot log in as joe:{get_connector_secret('password')}@host")

        registry.register(type("Probe", (Jobs,), {"get": get})())
        with refused(StatusCode.INTERNAL, r"joe:\*\*\*@host"):
            flyte2.get("job", b"{}", secrets={"password": "correct horse"})
