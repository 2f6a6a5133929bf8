"""Any request gets an answer, or a status that says what was wrong with it; never INTERNAL, never a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio
import pytest
from flyteidl.admin import agent_pb2
from flyteidl.service.agent_pb2 import DESCRIPTOR
from grpc import StatusCode
from hypothesis import strategies as st

from connector_core import ConnectorRegistry, Resource
from connector_core.idl import GetTaskLogsResponse, GetTaskMetricsResponse
from connector_core.service import AsyncConnectorService, ConnectorMetadataService, SyncConnectorService
from connector_core.service.rpcs import Rpcs
from connector_core.testing.server import serving
from fuzz.inputs import fuzz
from fuzz.messages import altered_bytes, messages
from support.connectors import Echo, JobMeta, Jobs

ANSWERS = {
    StatusCode.OK,
    StatusCode.INVALID_ARGUMENT,
    StatusCode.NOT_FOUND,
    StatusCode.UNIMPLEMENTED,
}
"""The statuses that a service of correct connectors may return."""

UNARY = {
    f"/{service.full_name}/{method.name}": (
        getattr(agent_pb2, method.input_type.name),
        getattr(agent_pb2, method.output_type.name),
    )
    for service in DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if not method.server_streaming
}
UNARY |= {
    path.replace("flyteidl.service.AsyncAgentService", "flyteidl2.connector.AsyncConnectorService"): classes
    for path, classes in UNARY.items()
    if "AsyncAgent" in path
}
LOGS = ["/flyteidl.service.AsyncAgentService/GetTaskLogs", "/flyteidl2.connector.AsyncConnectorService/GetTaskLogs"]
EXECUTE = "/flyteidl.service.SyncAgentService/ExecuteTaskSync"


class Reads(Jobs):
    """A connector with every method."""

    async def get_logs(self, resource_meta: Any, **_: Any) -> GetTaskLogsResponse:
        return GetTaskLogsResponse()

    async def get_metrics(self, resource_meta: Any, **_: Any) -> GetTaskMetricsResponse:
        return GetTaskMetricsResponse()

    async def find(self, idempotency_key: str, **_: Any) -> JobMeta | None:
        return JobMeta(1) if idempotency_key < "8" else None


class Plain(Jobs):
    """A connector with plain methods, which run in threads."""

    def get(self, resource_meta: Any, **_: Any) -> Resource:  # type: ignore[override]
        return Resource.running()

    def delete(self, resource_meta: Any, **_: Any) -> None:  # type: ignore[override]
        return None


def connectors() -> ConnectorRegistry:
    registry = ConnectorRegistry(discover=False)
    registry.register(Reads(Resource.running()))
    registry.register(Plain(task_type="plain"))
    registry.register(Echo())
    return registry


class Context:
    """Stand in for gRPC's context of a call: take the status, and give the frames of a stream."""

    def __init__(self, frames: Iterable[bytes] = ()) -> None:
        self.status = StatusCode.OK
        self.said = ""
        self._frames = iter(frames)

    async def read(self) -> bytes | None:
        return next(self._frames, None)

    async def abort(self, status: StatusCode, details: str) -> None:
        assert (status, details) == (self.status, self.said)
        raise grpc.aio.AbortError

    def code(self) -> StatusCode:
        return self.status

    def set_code(self, status: StatusCode) -> None:
        self.status = status

    def set_details(self, details: str) -> None:
        self.said = details

    def details(self) -> str:
        return self.said

    def time_remaining(self) -> float:
        return 30.0


class Service:
    """The handlers of every RPC, without the network."""

    def __init__(self) -> None:
        registry = connectors()
        self.runner = asyncio.Runner()
        self.rpcs = Rpcs(
            AsyncConnectorService(registry), SyncConnectorService(registry), ConnectorMetadataService(registry)
        )

    def handler(self, path: str) -> Any:
        details: Any = type("Details", (), {"method": path})
        return self.rpcs.service(details)


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[Service]:
    """Start one service for all inputs."""
    global _service
    _service = Service()
    with _service.runner:
        yield _service


_service: Service


def check(context: Context, data: object) -> None:
    assert context.status in ANSWERS, f"{context.status} {context.said} for {data!r}"
    assert len(context.said.encode()) < 4096
    assert (context.status is StatusCode.OK) == (not context.said)


paths = st.sampled_from(sorted(UNARY))


@st.composite
def calls(draw: Any) -> list[tuple[str, bytes]]:
    """Draw an RPC and requests to it."""
    path = draw(paths)
    return [(path, data) for data in draw(altered_bytes(messages(UNARY[path][0], 3)))]


@fuzz(220, calls())
def test_any_request(call: tuple[str, bytes]) -> None:
    path, data = call
    context = Context()
    answer = _service.runner.run(_service.handler(path).unary_unary(data, context))
    check(context, data)
    UNARY[path][1].FromString(answer)


@fuzz(10, altered_bytes(messages(agent_pb2.GetTaskLogsRequest)))
def test_any_request_of_logs(data: bytes) -> None:
    async def answers(path: str) -> list[bytes]:
        return [answer async for answer in _service.handler(path).unary_stream(data, context)]

    for path in LOGS:
        context = Context()
        _service.runner.run(answers(path))
        check(context, data)


@st.composite
def executions(draw: Any) -> list[list[bytes]]:
    """Draw the frames of a stream: mostly a header and inputs."""
    header, inputs = messages(agent_pb2.CreateRequestHeader, 3), messages(agent_pb2.ExecuteTaskSyncRequest, 3)
    first = agent_pb2.ExecuteTaskSyncRequest(header=draw(header)).SerializeToString()
    others = draw(altered_bytes(inputs))
    return [[first, other] for other in others[1:]] + [others[:3]]


@fuzz(10, executions())
def test_any_execution(frames: list[bytes]) -> None:
    context = Context(frames)
    answer = None
    with suppress(grpc.aio.AbortError):
        answer = _service.runner.run(_service.handler(EXECUTE).stream_unary(None, context))
    check(context, frames)
    assert (answer is not None) == (context.status is StatusCode.OK)


@pytest.fixture(scope="module", autouse=True)
def channel() -> Iterator[grpc.Channel]:
    """Open a channel to a service of the same connectors."""
    global _channel
    with serving(connectors()) as endpoint, grpc.insecure_channel(endpoint) as _channel:
        yield _channel


_channel: grpc.Channel


@fuzz(10, calls())
def test_any_request_over_a_channel(call: tuple[str, bytes]) -> None:
    path, data = call
    try:
        UNARY[path][1].FromString(_channel.unary_unary(path)(data, timeout=30))
    except grpc.RpcError as error:
        refusal: Any = error
        assert refusal.code() in ANSWERS, refusal
