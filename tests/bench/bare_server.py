"""The baseline for the service: a bare grpc.aio server on asyncio's own loop.

It parses the same requests and returns prepared responses.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
from flyteidl.admin import agent_pb2 as messages
from flyteidl.core.literals_pb2 import LiteralMap

OUTPUTS = LiteralMap(literals={"rows": {"scalar": {"primitive": {"integer": 3}}}})
ANSWERS = {
    "CreateTask": messages.CreateTaskResponse(resource_meta=b'{"query_id":"q-1","region":"eu"}'),
    "GetTask": messages.GetTaskResponse(resource={"phase": "RUNNING", "message": "half of it is done"}),
    "DeleteTask": messages.DeleteTaskResponse(),
    "ExecuteTaskSync": messages.ExecuteTaskSyncResponse(
        header={"resource": {"phase": "SUCCEEDED", "outputs": OUTPUTS}}
    ),
}
"""The responses by RPC; the connectors of `served_connectors` return the same."""


def unary(rpc: str) -> Any:
    """Return a handler that parses its request and returns the prepared response."""
    answer = ANSWERS[rpc]

    async def handle(request: Any, context: Any) -> Any:
        return answer

    return grpc.unary_unary_rpc_method_handler(
        handle, getattr(messages, f"{rpc}Request").FromString, type(answer).SerializeToString
    )


async def execute(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
    """Read the header and the inputs, and return the prepared response."""
    await anext(requests)
    await anext(requests)
    yield ANSWERS["ExecuteTaskSync"]


UNARY = ("CreateTask", "GetTask", "DeleteTask")


async def main() -> None:
    """Serve on a free port, and print its number."""
    server = grpc.aio.server()
    stream = grpc.stream_stream_rpc_method_handler(
        execute, messages.ExecuteTaskSyncRequest.FromString, messages.ExecuteTaskSyncResponse.SerializeToString
    )
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "flyteidl.service.AsyncAgentService", {rpc: unary(rpc) for rpc in UNARY}
            ),
            grpc.method_handlers_generic_handler("flyteidl.service.SyncAgentService", {"ExecuteTaskSync": stream}),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
