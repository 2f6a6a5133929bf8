"""The handlers of the RPCs of both generations of Flyte.

The two wire formats coincide: a field that the messages of both generations have has the same number and a compatible
type in both. So Flyte 1's classes read the requests of both, and both read the responses of Flyte 1's classes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
from flyteidl.admin.agent_pb2 import (
    CreateTaskRequest,
    DeleteTaskRequest,
    ExecuteTaskSyncRequest,
    GetAgentRequest,
    GetTaskLogsRequest,
    GetTaskMetricsRequest,
    GetTaskRequest,
    ListAgentsRequest,
)
from google.protobuf.message import DecodeError, Message

from connector_core.service.jobs import AsyncConnectorService, Flyte2ConnectorService
from connector_core.service.statuses import Refused

if TYPE_CHECKING:
    from connector_core.service.listing import ConnectorMetadataService
    from connector_core.service.sync import SyncConnectorService

__all__ = ["FLYTE1", "FLYTE2", "MAX_RESPONSE_BYTES", "Rpcs"]

FLYTE1 = (
    "flyteidl.service.AsyncAgentService",
    "flyteidl.service.SyncAgentService",
    "flyteidl.service.AgentMetadataService",
)
"""The full names of Flyte 1's services."""

FLYTE2 = ("flyteidl2.connector.AsyncConnectorService", "flyteidl2.connector.ConnectorMetadataService")
"""The full names of Flyte 2's services."""

MAX_RESPONSE_BYTES = 4 * 1024 * 1024
"""The size of the largest response that Flyte accepts: gRPC's default limit."""


class Rpcs(grpc.GenericRpcHandler):
    """The handler of each RPC, by the RPC's path.

    Args:
        jobs: The service for async connectors.
        sync: The service for sync connectors.
        metadata: The service that lists the connectors.
    """

    def __init__(
        self, jobs: AsyncConnectorService, sync: SyncConnectorService, metadata: ConnectorMetadataService
    ) -> None:
        async1, sync1, metadata1 = FLYTE1
        async2, metadata2 = FLYTE2
        self._handlers: dict[str, grpc.RpcMethodHandler] = {}
        for service, servicer in ((async1, jobs), (async2, Flyte2ConnectorService(jobs))):
            self._handlers |= {
                f"/{service}/CreateTask": _unary(servicer.CreateTask, CreateTaskRequest),
                f"/{service}/GetTask": _unary(servicer.GetTask, GetTaskRequest),
                f"/{service}/DeleteTask": _unary(servicer.DeleteTask, DeleteTaskRequest),
                f"/{service}/GetTaskMetrics": _unary(servicer.GetTaskMetrics, GetTaskMetricsRequest),
                f"/{service}/GetTaskLogs": _server_stream(servicer.GetTaskLogs, GetTaskLogsRequest),
            }
        self._handlers[f"/{sync1}/ExecuteTaskSync"] = _single_response(sync.execute, ExecuteTaskSyncRequest)
        for service, thing in ((metadata1, "Agent"), (metadata2, "Connector")):
            self._handlers |= {
                f"/{service}/Get{thing}": _unary(metadata.GetAgent, GetAgentRequest),
                f"/{service}/List{thing}s": _unary(metadata.ListAgents, ListAgentsRequest),
            }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return the `grpc.RpcMethodHandler` of a call, or None if the path belongs to another service."""
        return self._handlers.get(handler_call_details.method)


def _unary(
    method: Callable[[Any, grpc.ServicerContext], Awaitable[Message]], request_type: type[Message]
) -> grpc.RpcMethodHandler:
    async def handle(data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            request = request_type.FromString(data)
        except DecodeError:
            _set_status(context, grpc.StatusCode.INVALID_ARGUMENT, _not_a_message(request_type))
            return b""
        response = (await method(request, context)).SerializeToString()
        if len(response) > MAX_RESPONSE_BYTES:
            most = MAX_RESPONSE_BYTES
            text = f"The answer has {len(response)} bytes, and Flyte accepts {most}; send less custom_info."
            _set_status(context, grpc.StatusCode.INTERNAL, text)
        return response

    handler: grpc.RpcMethodHandler = grpc.unary_unary_rpc_method_handler(handle)
    return handler


def _server_stream(
    method: Callable[[Any, grpc.ServicerContext], AsyncGenerator[Message, None]], request_type: type[Message]
) -> grpc.RpcMethodHandler:
    async def handle(data: bytes, context: grpc.ServicerContext) -> AsyncIterator[bytes]:
        try:
            request = request_type.FromString(data)
        except DecodeError:
            _set_status(context, grpc.StatusCode.INVALID_ARGUMENT, _not_a_message(request_type))
            return
        async with aclosing(method(request, context)) as responses:
            async for response in responses:
                yield response.SerializeToString()

    handler: grpc.RpcMethodHandler = grpc.unary_stream_rpc_method_handler(handle)
    return handler


def _single_response(
    method: Callable[[AsyncIterator[Any], Any], Awaitable[Message | None]], request_type: type[Message]
) -> grpc.RpcMethodHandler:
    """Return the handler of a stream with one response, which is sent together with the status."""

    class Requests(AsyncIterator[Message]):
        def __init__(self, context: Any) -> None:
            self._read = context.read

        async def __anext__(self) -> Message:
            data = await self._read()
            if not isinstance(data, bytes):  # It is grpc.aio.EOF, which the stubs of grpc lack.
                raise StopAsyncIteration
            try:
                return request_type.FromString(data)
            except DecodeError:
                raise Refused(grpc.StatusCode.INVALID_ARGUMENT, _not_a_message(request_type)) from None

    async def handle(_: object, context: Any) -> bytes:
        response = await method(Requests(context), context)
        if response is None:  # A return would send an empty message before the status, and the caller would read it.
            await context.abort(context.code(), context.details())
            raise AssertionError
        return response.SerializeToString()

    handler: grpc.RpcMethodHandler = grpc.stream_unary_rpc_method_handler(handle)
    return handler


def _set_status(context: grpc.ServicerContext, status: grpc.StatusCode, details: str) -> None:
    context.set_code(status)
    context.set_details(details)


def _not_a_message(request_type: type[Message]) -> str:
    return f"The request is not a {request_type.DESCRIPTOR.full_name}."
