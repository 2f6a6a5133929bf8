"""A job, from its creation to its end, as either generation of Flyte sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flyteidl.admin.agent_pb2 import DeleteTaskRequest, GetTaskRequest, TaskCategory
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from connector_core import (
    ConnectorRegistry,
    Phase,
    Resource,
    current_call,
    from_literal_map,
    get_connector_secret,
)
from connector_core.idl import (
    ExecutionMetricResult,
    GetTaskLogsResponse,
    GetTaskLogsResponseBody,
    GetTaskLogsResponseHeader,
    GetTaskMetricsResponse,
    TaskLog,
)
from support.connectors import Echo, JobMeta, Jobs
from support.flyte import Flyte, Flyte1, Flyte2


def jobs_with(registry: ConnectorRegistry, *steps: Any, **methods: Any) -> Jobs:
    """Register a connector with some of its methods replaced, and return it."""
    connector: Jobs = type("Probe", (Jobs,), methods)(*steps)
    registry.register(connector)
    return connector


class TestALife:
    def test_it_is_created_polled_and_deleted(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        connector = jobs_with(registry, Resource.running(message="half"), Resource.succeeded(outputs={"x": 1}))
        resource_meta = flyte.create("job")
        assert resource_meta == b'{"job_id":1}'
        assert flyte.get("job", resource_meta)[:3] == (Phase.RUNNING, "half", None)
        assert flyte.get("job", resource_meta)[:3] == (Phase.SUCCEEDED, "", {"x": 1})
        flyte.delete("job", resource_meta)
        assert connector.deleted == [JobMeta(1)]

    def test_both_generations_see_the_same_job(
        self, registry: ConnectorRegistry, flyte1: Flyte1, flyte2: Flyte2
    ) -> None:
        connector = jobs_with(registry, Resource.running())
        resource_meta = flyte1.create("job")
        assert flyte2.get("job", resource_meta).phase is flyte1.get("job", resource_meta).phase is Phase.RUNNING
        flyte2.delete("job", resource_meta)
        assert connector.deleted == [JobMeta(1)]

    def test_each_version_of_a_task_type_has_its_own(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        for version, name in enumerate(["zero", "one"]):
            registry.register(Jobs(Resource.running(message=name), version=version))
        assert [flyte.get("job", b'{"job_id":1}', version=version).message for version in (0, 1)] == ["zero", "one"]

    def test_older_callers_send_the_task_type_only(self, registry: ConnectorRegistry, flyte1: Flyte1) -> None:
        connector = jobs_with(registry, Resource.running())
        flyte1.jobs.GetTask(GetTaskRequest(task_type="job", resource_meta=b"{}"))
        flyte1.jobs.DeleteTask(DeleteTaskRequest(task_type="job", resource_meta=b"{}", task_category=TaskCategory()))
        assert (len(connector.polled), len(connector.deleted)) == (1, 1)

    def test_the_category_is_used_if_both_are_sent(self, registry: ConnectorRegistry, flyte1: Flyte1) -> None:
        connector = jobs_with(registry, Resource.running())
        category = TaskCategory(name="job")
        flyte1.jobs.GetTask(GetTaskRequest(task_type="other", resource_meta=b"{}", task_category=category))
        assert len(connector.polled) == 1

    def test_deleting_twice_is_a_success(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        jobs_with(registry)
        resource_meta = flyte.create("job")
        flyte.delete("job", resource_meta)
        flyte.delete("job", resource_meta)


class TestWhatTheConnectorIsGiven:
    def test_create_gets_the_task_its_inputs_and_the_execution(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        connector = jobs_with(registry)
        flyte.create("job", inputs={"n": 3, "s": "x"}, prefix="s3://b/1", attempt=1, execution="e1")
        (given,) = connector.created
        assert given["task_template"].type == "job"
        assert from_literal_map(given["inputs"]) == {"n": 3, "s": "x"}
        assert given["output_prefix"] == "s3://b/1"
        identifier = given["task_execution_metadata"].task_execution_id
        assert (identifier.retry_attempt, identifier.node_execution_id.execution_id.name) == (1, "e1")
        assert len(given["idempotency_key"]) == 32

    def test_absent_inputs_are_none_and_empty_ones_are_not(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        connector = jobs_with(registry)
        flyte.create("job")
        flyte.create("job", inputs={})
        assert [given["inputs"] is None for given in connector.created] == [True, False]

    def test_without_an_execution_there_is_no_key(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        connector = jobs_with(registry)
        flyte.create("job")
        assert connector.created[0]["idempotency_key"] is None
        assert connector.created[0]["task_execution_metadata"] is None

    def test_get_gets_the_output_prefix(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        connector = jobs_with(registry, Resource.running())
        flyte.get("job", b'{"job_id":7}', prefix="s3://b/2")
        assert connector.polled == [{"resource_meta": JobMeta(7), "output_prefix": "s3://b/2"}]

    @pytest.mark.parametrize("operation", ["create", "get", "delete"])
    def test_the_deadline_is_passed_on(self, registry: ConnectorRegistry, flyte: Flyte, operation: str) -> None:
        deadlines: list[float | None] = []

        async def method(self: Any, *_: Any, **__: Any) -> Any:
            deadlines.append(current_call().deadline)
            return {"create": JobMeta(), "get": Resource.running(), "delete": None}[operation]

        jobs_with(registry, **{operation: method})
        if operation == "create":
            flyte.create("job")
            flyte.create("job", timeout=None)
            assert [deadline is None for deadline in deadlines] == [False, True]
        else:
            getattr(flyte, operation)("job", b"{}")
            assert deadlines != [None]

    def test_flyte_2_sends_secrets_and_settings_with_each_call(
        self, registry: ConnectorRegistry, flyte2: Flyte2
    ) -> None:
        seen: list[Any] = []

        async def create(self: Any, **_: Any) -> JobMeta:
            seen.append((get_connector_secret("task_template"), dict(current_call().settings)))
            return JobMeta()

        async def get(self: Any, resource_meta: Any) -> Resource:
            seen.append((get_connector_secret("token"), dict(current_call().settings)))
            return Resource.running()

        async def delete(self: Any, resource_meta: Any) -> None:
            seen.append((get_connector_secret("token"), dict(current_call().settings)))

        jobs_with(registry, create=create, get=get, delete=delete)
        # A secret may have any name, including the name of a parameter.
        flyte2.create("job", secrets={"task_template": "one"}, configs={"region": "eu"})
        flyte2.get("job", b"{}", secrets={"token": "two"}, configs={})
        flyte2.delete("job", b"{}", secrets={"token": "three"}, configs={"a": "b"})
        assert seen == [("one", {"region": "eu"}), ("two", {}), ("three", {"a": "b"})]


class TestWhatFlyteIsTold:
    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase])
    def test_every_phase_with_its_message(self, registry: ConnectorRegistry, flyte: Flyte, phase: Phase) -> None:
        jobs_with(registry, Resource(phase, message="so it is"))
        assert flyte.get("job", b"{}")[:2] == (phase, "so it is")

    def test_no_outputs_and_empty_outputs_differ(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        jobs_with(registry, Resource.succeeded(), Resource.succeeded(outputs={}))
        assert flyte.get("job", b"{}").outputs is None
        assert flyte.get("job", b"{}").outputs == {}

    def test_links_and_custom_info(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        jobs_with(registry, Resource.running(log_links=[TaskLog(uri="https://x/1", name="ui")], custom_info={"n": 1}))
        resource = flyte.get("job", b"{}").resource
        assert [(link.uri, link.name) for link in resource.log_links] == [("https://x/1", "ui")]
        assert dict(resource.custom_info) == {"n": 1}

    def test_flyte_1_gets_the_error_too(self, registry: ConnectorRegistry, flyte1: Flyte1) -> None:
        jobs_with(registry, Resource.retryable_failed("full", code="QUOTA"))
        error = flyte1.get("job", b"{}").resource.agent_error
        assert (error.code, error.kind, error.origin) == ("QUOTA", 1, 2)

    def test_outputs_that_cannot_be_sent_end_the_job(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        jobs_with(registry, Resource.succeeded(outputs={"x": object()}))
        state = flyte.get("job", b"{}")
        assert state.phase is Phase.FAILED
        assert state.message.startswith("The outputs cannot be sent: outputs.x: ")

    def test_outputs_larger_than_flyte_accepts_end_the_job(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        jobs_with(registry, Resource.succeeded(outputs={"small": 1, "large": "x" * 5_000_000}))
        state = flyte.get("job", b"{}")
        assert state.phase is Phase.FAILED
        assert "large" in state.message


class TestLogs:
    def test_they_are_streamed(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        def get_logs(self: Any, resource_meta: Any, lines: int, token: str) -> Any:
            assert (resource_meta, lines, token) == (JobMeta(3), 2, "page1")
            yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token="page2"))
            yield GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=["a", "b"]))

        jobs_with(registry, get_logs=get_logs)
        header, body = flyte.logs("job", b'{"job_id":3}', lines=2, token="page1")
        assert (header.header.token, [*body.body.results]) == ("page2", ["a", "b"])

    def test_one_response_is_a_stream_of_one(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        async def get_logs(self: Any, resource_meta: Any) -> GetTaskLogsResponse:
            return GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=["all"]))

        jobs_with(registry, get_logs=get_logs)
        (response,) = flyte.logs("job", b"{}")
        assert [*response.body.results] == ["all"]

    def test_structured_lines_reach_both(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        async def get_logs(self: Any, resource_meta: Any) -> GetTaskLogsResponse:
            return GetTaskLogsResponse(body={"structured_lines": [{"message": "hello"}]})

        jobs_with(registry, get_logs=get_logs)
        (response,) = flyte.logs("job", b"{}")
        lines = response.body.structured_lines if isinstance(flyte, Flyte1) else response.body.lines
        assert [line.message for line in lines] == ["hello"]


class TestMetrics:
    def test_the_queries_and_times_reach_the_connector(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        given: dict[str, Any] = {}

        async def get_metrics(self: Any, resource_meta: Any, **asked: Any) -> GetTaskMetricsResponse:
            given.update(asked)
            return GetTaskMetricsResponse(results=[ExecutionMetricResult(metric="cpu")])

        jobs_with(registry, get_metrics=get_metrics)
        start = Timestamp()
        start.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
        response = flyte.metrics("job", b"{}", queries=["cpu"], start_time=start, step=Duration(seconds=5))
        assert [result.metric for result in response.results] == ["cpu"]
        assert given == {"queries": ["cpu"], "start_time": start, "end_time": None, "step": Duration(seconds=5)}


class TestSyncConnectors:
    def test_flyte_1_executes_them_in_one_call(self, registry: ConnectorRegistry, flyte1: Flyte1) -> None:
        registry.register(Echo())
        assert flyte1.do("echo", inputs={"x": 1})[:3] == (Phase.SUCCEEDED, "", {"x": 1})

    def test_do_gets_the_execution(self, registry: ConnectorRegistry, flyte1: Flyte1) -> None:
        given: dict[str, Any] = {}

        def do(self: Any, **arguments: Any) -> Resource:
            given.update(arguments)
            return Resource.succeeded()

        registry.register(type("Probe", (Echo,), {"do": do})())
        flyte1.do("echo", output_prefix="s3://b/3", task_execution_metadata={"namespace": "team"})
        assert (given["output_prefix"], given["task_execution_metadata"].namespace) == ("s3://b/3", "team")

    def test_under_flyte_2_their_result_travels_in_the_metadata(
        self, registry: ConnectorRegistry, flyte2: Flyte2
    ) -> None:
        registry.register(Echo())
        resource_meta = flyte2.create("echo", inputs={"x": 1})
        for _ in range(2):
            assert flyte2.get("echo", resource_meta)[:3] == (Phase.SUCCEEDED, "", {"x": 1})
        flyte2.delete("echo", resource_meta)

    def test_a_result_that_is_too_large_for_the_metadata_is_a_failure(
        self, registry: ConnectorRegistry, flyte2: Flyte2
    ) -> None:
        registry.register(Echo())
        resource_meta = flyte2.create("echo", inputs={"x": "a" * 300_000})
        assert len(resource_meta) < 1000
        state = flyte2.get("echo", resource_meta)
        assert state.phase is Phase.FAILED
        assert "Flyte 2 keeps at most 262144" in state.message
