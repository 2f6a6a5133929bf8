"""Keep 256 slow polls of a service in flight: `python keep_busy.py HOST:PORT`."""

from __future__ import annotations

import asyncio
import sys

import grpc.aio
from flyteidl.admin.agent_pb2 import GetTaskRequest
from flyteidl.service.agent_pb2_grpc import AsyncAgentServiceStub


async def main(endpoint: str) -> None:
    """Poll until the process is terminated."""
    async with grpc.aio.insecure_channel(endpoint) as channel:
        stub = AsyncAgentServiceStub(channel)

        async def poll() -> None:
            while True:
                await stub.GetTask(GetTaskRequest(task_type="slower", resource_meta=b'{"query_id":"q-1"}'))

        await asyncio.gather(*(poll() for _ in range(256)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
