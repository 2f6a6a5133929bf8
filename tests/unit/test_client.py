"""The client of a running service, against a real one."""

from __future__ import annotations

import asyncio
import importlib
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import grpc
import grpc.aio
import pytest
import trustme
from flyteidl.admin.agent_pb2 import ListAgentsResponse
from flyteidl.service.agent_pb2_grpc import (
    AgentMetadataServiceServicer,
    SyncAgentServiceServicer,
    add_AgentMetadataServiceServicer_to_server,
    add_SyncAgentServiceServicer_to_server,
)

from connector_core import (
    ConnectorRegistry,
    Phase,
    Resource,
    ResourceError,
    TaskCategory,
    TransientError,
    from_literal_map,
    to_literal_map,
)
from connector_core.client import ConnectorClient
from connector_core.errors import MissingExtra, ServiceError
from connector_core.idl import (
    Agent,
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

AUTHORITY, OTHER = trustme.CA(), trustme.CA()
JOB = TaskCategory("job")


def ask(registry: ConnectorRegistry, question: Callable[[ConnectorClient], Awaitable[T]], **options: Any) -> T:
    """Call a service with the connectors of `registry` through a client with these options."""

    async def main() -> T:
        async with (
            ConnectorServer(registry=registry, host="127.0.0.1", port=0) as server,
            ConnectorClient(f"127.0.0.1:{server.port}", **options) as client,
        ):
            return await question(client)

    return asyncio.run(main())


@asynccontextmanager
async def bare_server(
    *services: Callable[[grpc.aio.Server], None], credentials: grpc.ServerCredentials | None = None
) -> AsyncIterator[int]:
    """Run a server with only these services, and yield its port."""
    server = grpc.aio.server()
    for add in services:
        add(server)
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


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

    def test_one_is_described_by_its_name(self, registry: ConnectorRegistry) -> None:
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

    def test_create_sends_all_arguments(self, registry: ConnectorRegistry) -> None:
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

    def test_metrics_are_selected_by_query_and_time(self, registry: ConnectorRegistry) -> None:
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
    """A connector whose log has two responses and a token, or is endless if no number of lines is given."""

    async def get_logs(
        self, resource_meta: Any, lines: int, token: str, **_: Any
    ) -> AsyncIterator[GetTaskLogsResponse]:
        """Yield lines with the token and a number, then the next token."""
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

    def test_the_reader_may_stop_before_the_end(self, registry: ConnectorRegistry) -> None:
        async def read(client: ConnectorClient) -> str:
            async for page in client.get_logs(JOB, JobMeta(7).encode()):
                return page.body.results[0]
            raise AssertionError("there is no line")

        registry.register(Logging())
        assert ask(registry, read) == "0"


class TestASyncConnector:
    def test_the_job_ends_within_the_call(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        inputs = to_literal_map({"x": 1})
        done = ask(registry, lambda client: client.do(TaskTemplate(type="echo"), "s3://b/p", inputs))
        assert (done.phase, done.outputs) == (Phase.SUCCEEDED, inputs)

    def test_inputs_may_be_left_out(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        done = ask(registry, lambda client: client.do(TaskTemplate(type="echo"), "s3://b/p"))
        assert done.outputs == to_literal_map({})

    def test_do_of_an_async_connector_is_refused(self, registry: ConnectorRegistry) -> None:
        registry.register(Jobs())
        with pytest.raises(ServiceError, match="answers ExecuteTaskSync with UNIMPLEMENTED: "):
            ask(registry, lambda client: client.do(TaskTemplate(type="job"), "s3://b/p"))


class TestNoAnswer:
    def test_a_service_that_is_not_there(self) -> None:
        with socket.socket() as taken:  # Bound, but not listening.
            taken.bind(("127.0.0.1", 0))
            endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(
                ServiceError, match=f"^The service at {endpoint} cannot be reached: .*refused"
            ) as failed:
                list_connectors(endpoint)
        assert str(failed.value).endswith("; check the address, and that it is running.")
        assert (failed.value.endpoint, failed.value.code) == (endpoint, "UNAVAILABLE")

    def test_a_service_that_does_not_answer(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(
                ServiceError, match=f"^The service at {endpoint} did not answer ListAgents within 0.1 s.$"
            ) as failed:
                list_connectors(endpoint, timeout=0.1)
        assert failed.value.code == "DEADLINE_EXCEEDED"

    def test_a_server_of_something_else(self) -> None:
        async def main() -> None:
            async with bare_server() as port, ConnectorClient(f"127.0.0.1:{port}") as client:
                await client.list_connectors()

        with pytest.raises(
            ServiceError, match="has no method ListAgents, so it is not a connector service; check the add"
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
            add = partial(add_SyncAgentServiceServicer_to_server, Silent())
            async with bare_server(add) as port, ConnectorClient(f"127.0.0.1:{port}") as client:
                await client.do(TaskTemplate(type="echo"), "s3://b/p")

        with pytest.raises(ServiceError, match=r"answers ExecuteTaskSync without a response\.$"):
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


class TestTLS:
    """The service is a `bare_server` with one connector."""

    def ask(self, credentials: grpc.ServerCredentials | None, **options: Any) -> list[str]:
        class Metadata(AgentMetadataServiceServicer):
            async def ListAgents(self, request: Any, context: Any) -> ListAgentsResponse:
                return ListAgentsResponse(agents=[Agent(name="Echo")])

        async def main() -> list[str]:
            add = partial(add_AgentMetadataServiceServicer_to_server, Metadata())
            async with (
                bare_server(add, credentials=credentials) as port,
                ConnectorClient(f"127.0.0.1:{port}", **options) as client,
            ):
                return [agent.name for agent in await client.list_connectors()]

        return asyncio.run(main())

    def test_the_service_shows_a_certificate(self) -> None:
        assert self.ask(tls(AUTHORITY), root_certificates=AUTHORITY.cert_pem.bytes()) == ["Echo"]

    def test_the_service_asks_for_a_certificate_too(self) -> None:
        assert self.ask(tls(AUTHORITY, clients=OTHER), **client_certificate(OTHER)) == ["Echo"]

    def test_a_certificate_that_is_not_trusted(self) -> None:
        with pytest.raises(
            ServiceError, match=r"cannot be reached: .*; check the certificates, and that it speaks TLS\.$"
        ):
            self.ask(tls(AUTHORITY), root_certificates=OTHER.cert_pem.bytes())

    def test_a_service_without_tls(self) -> None:
        with pytest.raises(
            ServiceError, match=r"cannot be reached: .*; check the certificates, and that it speaks TLS\.$"
        ):
            self.ask(None, root_certificates=AUTHORITY.cert_pem.bytes())

    @pytest.mark.parametrize("options", [{}, {"root_certificates": AUTHORITY.cert_pem.bytes()}])
    def test_a_client_without_what_the_service_asks_for(self, options: dict[str, bytes]) -> None:
        with pytest.raises(
            ServiceError, match=r"cannot be reached: .*; it may require TLS, or a client certificate\.$"
        ):
            self.ask(tls(AUTHORITY, clients=OTHER), **options)

    @pytest.mark.parametrize("options", [{"private_key": b"k"}, {"certificate_chain": b"c"}])
    def test_half_of_a_pair(self, options: dict[str, bytes]) -> None:
        with pytest.raises(
            ValueError, match=r"^private_key and certificate_chain go together: give both, or neither\.$"
        ):
            ConnectorClient("localhost:8000", **options)  # type: ignore[arg-type]

    def test_an_empty_file_of_certificates_does_not_allow_plaintext(self) -> None:
        with pytest.raises(ServiceError, match=r"UNAVAILABLE|cannot be reached"):
            self.ask(None, root_certificates=b"")


def tls(authority: trustme.CA, *, clients: trustme.CA | None = None) -> grpc.ServerCredentials:
    """Return the credentials of a service with a certificate of the authority; it may require client certificates."""
    issued = authority.issue_cert("127.0.0.1")
    pair = (issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes())
    asked = None if clients is None else clients.cert_pem.bytes()
    return grpc.ssl_server_credentials([pair], asked, require_client_auth=clients is not None)


def client_certificate(authority: trustme.CA) -> dict[str, bytes]:
    issued = authority.issue_cert("client@acme.test")
    return {
        "root_certificates": AUTHORITY.cert_pem.bytes(),
        "private_key": issued.private_key_pem.bytes(),
        "certificate_chain": issued.cert_chain_pems[0].bytes(),
    }


def test_without_grpc_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "connector_core.client")
    monkeypatch.setitem(sys.modules, "grpc", None)
    needs = r"^connector_core.client needs more packages: pip install 'connector-core\[service\]'$"
    with pytest.raises(MissingExtra, match=needs):
        importlib.import_module("connector_core.client")
