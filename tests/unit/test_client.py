"""The client of a running service, against a real one."""

from __future__ import annotations

import asyncio
import importlib
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import grpc.aio
import pytest
from flyteidl.service.agent_pb2_grpc import SyncAgentServiceServicer, add_SyncAgentServiceServicer_to_server

from connector_core import (
    ConnectorRegistry,
    MissingExtra,
    Phase,
    Resource,
    ResourceError,
    ServiceError,
    TaskCategory,
    TransientError,
    from_literal_map,
    to_literal_map,
)
from connector_core.client import ConnectorClient
from connector_core.idl import (
    Duration,
    ExecutionMetricResult,
    GetTaskLogsResponse,
    GetTaskLogsResponseBody,
    GetTaskLogsResponseHeader,
    GetTaskMetricsResponse,
    TaskExecutionMetadata,
    TaskLog,
    TaskTemplate,
    Timestamp,
)
from connector_core.service import ConnectorServer
from support.connectors import Echo, JobMeta, Jobs

T = TypeVar("T")

JOB = TaskCategory("job")


def ask(registry: ConnectorRegistry, question: Callable[[ConnectorClient], Awaitable[T]], **options: Any) -> T:
    """Ask a service with the connectors of `registry`, through a client with these options."""

    async def main() -> T:
        async with (
            ConnectorServer(registry=registry, host="127.0.0.1", port=0) as server,
            ConnectorClient(f"127.0.0.1:{server.port}", **options) as client,
        ):
            return await question(client)

    return asyncio.run(main())


def list_connectors(endpoint: str, **options: Any) -> Any:
    async def main() -> Any:
        async with ConnectorClient(endpoint, **options) as client:
            return await client.list_connectors()

    return asyncio.run(main())


class TestConnectors:
    def test_they_are_listed_as_the_registry_lists_them(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        registry.register(Jobs())
        listed = ask(registry, lambda client: client.list_connectors())
        assert [(agent.name, agent.is_sync) for agent in listed] == [("Echo", True), ("Jobs", False)]
        assert listed == registry.list_connectors()

    def test_one_is_asked_for_by_its_name(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        asked = ask(registry, lambda client: client.get_connector_metadata("Echo"))
        assert asked == registry.get_connector_metadata("Echo")

    def test_a_name_that_the_service_does_not_know(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        with pytest.raises(
            ServiceError, match=r"answers GetAgent with NOT_FOUND: Cannot find connector .*Eco"
        ) as failed:
            ask(registry, lambda client: client.get_connector_metadata("Eco"))
        assert failed.value.code == "NOT_FOUND"
        assert failed.value.details.startswith("Cannot find connector")


class TestAJob:
    def test_create_gives_the_encoded_metadata(self, registry: ConnectorRegistry) -> None:
        registry.register(Jobs())
        assert ask(registry, lambda client: client.create(TaskTemplate(type="job"), "s3://b/p")) == JobMeta(1).encode()

    def test_create_hands_everything_on(self, registry: ConnectorRegistry) -> None:
        jobs = Jobs()
        registry.register(jobs)
        template, inputs = TaskTemplate(type="job", config={"a": "b"}), to_literal_map({"x": 1})
        metadata = TaskExecutionMetadata(namespace="n")
        ask(registry, lambda client: client.create(template, "s3://b/p", inputs, metadata))
        (created,) = jobs.created
        assert (created["task_template"], created["output_prefix"]) == (template, "s3://b/p")
        assert (created["inputs"], created["task_execution_metadata"]) == (inputs, metadata)

    def test_get_gives_the_whole_state(self, registry: ConnectorRegistry) -> None:
        links = [TaskLog(name="console", uri="https://acme.test/1")]
        error = ResourceError("QUOTA", retryable=True, origin="user")
        state = Resource(Phase.RETRYABLE_FAILED, "busy", links, {"x": 1}, {"n": 1.0}, error)
        jobs = Jobs(state)
        registry.register(jobs)
        got = ask(registry, lambda client: client.get(JOB, JobMeta(7).encode(), "s3://b/p"))
        assert from_literal_map(got.outputs) == {"x": 1}  # type: ignore[arg-type]
        got.outputs = state.outputs
        assert got == state
        assert jobs.polled == [{"resource_meta": JobMeta(7), "output_prefix": "s3://b/p"}]

    def test_delete_ends_it(self, registry: ConnectorRegistry) -> None:
        jobs = Jobs()
        registry.register(jobs)
        ask(registry, lambda client: client.delete(JOB, JobMeta(7).encode()))
        assert jobs.deleted == [JobMeta(7)]

    def test_metrics_are_asked_for_by_query_and_time(self, registry: ConnectorRegistry) -> None:
        class Measured(Jobs):
            def get_metrics(self, resource_meta: Any, **asked: Any) -> GetTaskMetricsResponse:
                metric = f"{resource_meta.job_id} {list(asked['queries'])} {asked['start_time'].seconds}"
                return GetTaskMetricsResponse(
                    results=[
                        ExecutionMetricResult(metric=f"{metric} {asked['end_time'].seconds} {asked['step'].seconds}")
                    ]
                )

        registry.register(Measured())
        query = {"queries": ["cpu"], "start_time": Timestamp(seconds=1), "end_time": Timestamp(seconds=9)}
        answer = ask(
            registry, lambda client: client.get_metrics(JOB, JobMeta(7).encode(), **query, step=Duration(seconds=2))
        )
        assert [result.metric for result in answer.results] == ["7 ['cpu'] 1 9 2"]

    def test_metrics_that_the_connector_does_not_have(self, registry: ConnectorRegistry) -> None:
        registry.register(Jobs())
        with pytest.raises(ServiceError, match="answers GetTaskMetrics with UNIMPLEMENTED: ") as failed:
            ask(registry, lambda client: client.get_metrics(JOB, JobMeta(7).encode()))
        assert failed.value.code == "UNIMPLEMENTED"


class Logging(Jobs):
    """Has a log of two responses and a token, endlessly if nobody says how many lines."""

    async def get_logs(
        self, resource_meta: Any, lines: int, token: str, **_: Any
    ) -> AsyncIterator[GetTaskLogsResponse]:
        """Say what was asked for."""
        for number in range(lines or sys.maxsize):
            yield GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=[f"{token}{number}"]))
        yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token="next"))


class TestLogs:
    def test_they_come_response_by_response(self, registry: ConnectorRegistry) -> None:
        async def read(client: ConnectorClient) -> list[GetTaskLogsResponse]:
            return [page async for page in client.get_logs(JOB, JobMeta(7).encode(), lines=2, token="from ")]

        registry.register(Logging())
        first, second, last = ask(registry, read)
        assert [*first.body.results, *second.body.results] == ["from 0", "from 1"]
        assert last.header.token == "next"

    def test_whoever_has_read_enough_may_stop(self, registry: ConnectorRegistry) -> None:
        async def read(client: ConnectorClient) -> str:
            async for page in client.get_logs(JOB, JobMeta(7).encode()):
                return page.body.results[0]
            raise AssertionError("there is no line")

        registry.register(Logging())
        assert ask(registry, read) == "0"


class TestASyncConnector:
    def test_it_does_the_job_within_the_call(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        inputs = to_literal_map({"x": 1})
        done = ask(registry, lambda client: client.do(TaskTemplate(type="echo"), "s3://b/p", inputs))
        assert (done.phase, done.outputs) == (Phase.SUCCEEDED, inputs)

    def test_inputs_may_be_left_out(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        done = ask(registry, lambda client: client.do(TaskTemplate(type="echo"), "s3://b/p"))
        assert done.outputs == to_literal_map({})

    def test_an_async_connector_is_asked_otherwise(self, registry: ConnectorRegistry) -> None:
        registry.register(Jobs())
        with pytest.raises(ServiceError, match="answers ExecuteTaskSync with UNIMPLEMENTED: "):
            ask(registry, lambda client: client.do(TaskTemplate(type="job"), "s3://b/p"))


class TestNoAnswer:
    def test_a_service_that_is_not_there(self) -> None:
        with socket.socket() as taken:  # Bound, and not listening.
            taken.bind(("127.0.0.1", 0))
            endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(
                ServiceError, match=f"^The service at {endpoint} cannot be reached: .*refused"
            ) as failed:
                list_connectors(endpoint)
        assert str(failed.value).endswith("; check the address, and that it is running.")
        assert (failed.value.endpoint, failed.value.code) == (endpoint, "UNAVAILABLE")

    def test_a_service_that_says_nothing(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(
                ServiceError, match=f"^The service at {endpoint} did not answer ListAgents within 0.1 s.$"
            ) as failed:
                list_connectors(endpoint, timeout=0.1)
        assert failed.value.code == "DEADLINE_EXCEEDED"

    def test_a_server_of_something_else(self) -> None:
        async def main() -> None:
            server = grpc.aio.server()
            endpoint = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
            await server.start()
            try:
                async with ConnectorClient(endpoint) as client:
                    await client.list_connectors()
            finally:
                await server.stop(None)

        with pytest.raises(
            ServiceError, match="has no method ListAgents, so it is no connector service; check the add"
        ):
            asyncio.run(main())

    def test_a_service_that_ends_the_stream_at_once(self) -> None:
        class Silent(SyncAgentServiceServicer):
            async def ExecuteTaskSync(self, requests: Any, context: Any) -> AsyncIterator[Any]:
                async for _ in requests:
                    pass
                for nothing in ():
                    yield nothing

        async def main() -> None:
            server = grpc.aio.server()
            add_SyncAgentServiceServicer_to_server(Silent(), server)
            endpoint = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
            await server.start()
            try:
                async with ConnectorClient(endpoint) as client:
                    await client.do(TaskTemplate(type="echo"), "s3://b/p")
            finally:
                await server.stop(None)

        with pytest.raises(ServiceError, match=r"answers ExecuteTaskSync with nothing\.$"):
            asyncio.run(main())

    def test_a_backend_that_is_away_is_not_a_service_that_is_away(self, registry: ConnectorRegistry) -> None:
        class Away(Jobs):
            async def create(self, *_: Any, **__: Any) -> Any:
                raise TransientError("the warehouse is closed")

        registry.register(Away())
        with pytest.raises(
            ServiceError, match="answers CreateTask with UNAVAILABLE: the warehouse is closed"
        ) as failed:
            ask(registry, lambda client: client.create(TaskTemplate(type="job"), "s3://b/p"))
        assert (failed.value.code, failed.value.details) == ("UNAVAILABLE", "the warehouse is closed")

    def test_a_client_that_is_not_open(self) -> None:
        with pytest.raises(RuntimeError, match=r"^The client is not open: use it within `async with ConnectorClient\("):
            asyncio.run(ConnectorClient("127.0.0.1:1").list_connectors())


def test_without_grpc_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "connector_core.client")
    monkeypatch.setitem(sys.modules, "grpc", None)
    needs = r"^connector_core.client needs more packages: pip install 'connector-core\[service\]'$"
    with pytest.raises(MissingExtra, match=needs):
        importlib.import_module("connector_core.client")
