"""Which method answers which RPC: both generations of Flyte, from one set of handlers.

The two wire formats coincide: each field of Flyte 2's messages that Flyte 1's have too has the same number and a
compatible type, so Flyte 1's classes read the requests of both, and what they write is read by both.
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

from connector_core.service.statuses import Refused

if TYPE_CHECKING:
    from connector_core.service.servicers import AsyncConnectorService, ConnectorMetadataService, SyncConnectorService

__all__ = ["FLYTE1", "FLYTE2", "Rpcs"]

FLYTE1 = (
    "flyteidl.service.AsyncAgentService",
    "flyteidl.service.SyncAgentService",
    "flyteidl.service.AgentMetadataService",
)
"""The full names of Flyte 1's services."""

FLYTE2 = ("flyteidl2.connector.AsyncConnectorService", "flyteidl2.connector.ConnectorMetadataService")
"""The full names of Flyte 2's services."""


class Rpcs(grpc.GenericRpcHandler):
    """The handler of each RPC, by its path.

    Args:
        jobs: Answers for async connectors.
        sync: Answers for sync connectors.
        metadata: Says which connectors there are.
    """

    def __init__(
        self, jobs: AsyncConnectorService, sync: SyncConnectorService, metadata: ConnectorMetadataService
    ) -> None:
        async1, sync1, metadata1 = FLYTE1
        async2, metadata2 = FLYTE2
        self._handlers: dict[str, grpc.RpcMethodHandler] = {}
        for service, answers in ((async1, jobs), (async2, jobs.for_flyte2())):
            self._handlers |= {
                f"/{service}/CreateTask": _unary(answers.CreateTask, CreateTaskRequest),
                f"/{service}/GetTask": _unary(answers.GetTask, GetTaskRequest),
                f"/{service}/DeleteTask": _unary(answers.DeleteTask, DeleteTaskRequest),
                f"/{service}/GetTaskMetrics": _unary(answers.GetTaskMetrics, GetTaskMetricsRequest),
                f"/{service}/GetTaskLogs": _server_stream(answers.GetTaskLogs, GetTaskLogsRequest),
            }
        self._handlers[f"/{sync1}/ExecuteTaskSync"] = _one_answer(sync.execute, ExecuteTaskSyncRequest)
        for service, thing in ((metadata1, "Agent"), (metadata2, "Connector")):
            self._handlers |= {
                f"/{service}/Get{thing}": _unary(metadata.GetAgent, GetAgentRequest),
                f"/{service}/List{thing}s": _unary(metadata.ListAgents, ListAgentsRequest),
            }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The `grpc.RpcMethodHandler` of a call; None: not ours."""
        return self._handlers.get(handler_call_details.method)


def _unary(
    method: Callable[[Any, grpc.ServicerContext], Awaitable[Message]], request_type: type[Message]
) -> grpc.RpcMethodHandler:
    async def handle(data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            request = request_type.FromString(data)
        except DecodeError:
            _answer(context, grpc.StatusCode.INVALID_ARGUMENT, _no_message(request_type))
            return b""
        response = (await method(request, context)).SerializeToString()
        if len(response) > MAX_BYTES:
            text = f"The answer has {len(response)} bytes, and Flyte takes {MAX_BYTES}; send less custom_info."
            _answer(context, grpc.StatusCode.INTERNAL, text)
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
            _answer(context, grpc.StatusCode.INVALID_ARGUMENT, _no_message(request_type))
            return
        async with aclosing(method(request, context)) as responses:
            async for response in responses:
                yield response.SerializeToString()

    handler: grpc.RpcMethodHandler = grpc.unary_stream_rpc_method_handler(handle)
    return handler


def _one_answer(
    method: Callable[[AsyncIterator[Any], Any], Awaitable[Message | None]], request_type: type[Message]
) -> grpc.RpcMethodHandler:
    """For a stream of one answer: to the caller it is a stream, but it is sent in one piece with the status."""

    class Requests(AsyncIterator[Message]):
        def __init__(self, context: Any) -> None:
            self._read = context.read

        async def __anext__(self) -> Message:
            data = await self._read()
            if not isinstance(data, bytes):  # grpc.aio.EOF, which its stubs do not know.
                raise StopAsyncIteration
            try:
                return request_type.FromString(data)
            except DecodeError:
                raise Refused(grpc.StatusCode.INVALID_ARGUMENT, _no_message(request_type)) from None

    async def handle(_: object, context: Any) -> bytes:
        response = await method(Requests(context), context)
        if response is None:  # Returned, the status would come after an empty message, which a caller would read.
            await context.abort(context.code(), context.details())
            raise AssertionError
        return response.SerializeToString()

    handler: grpc.RpcMethodHandler = grpc.stream_unary_rpc_method_handler(handle)
    return handler


def _answer(context: grpc.ServicerContext, status: grpc.StatusCode, details: str) -> None:
    context.set_code(status)
    context.set_details(details)


def _no_message(request_type: type[Message]) -> str:
    return f"The request is no {request_type.DESCRIPTOR.full_name}."


MAX_BYTES = 4 * 1024 * 1024
"""Of an answer: Flyte's callers refuse more (gRPC's default, which they keep)."""
