"""The service for jobs that outlive the call, without a server."""

from __future__ import annotations

import asyncio
import tracemalloc
from dataclasses import dataclass
from typing import Any

from flyteidl.admin.agent_pb2 import GetTaskRequest

from connector_core import ConnectorRegistry, Phase, Resource, ResourceMeta
from connector_core.service import AsyncConnectorService
from support.connectors import Jobs

MIB = 2**20


@dataclass
class Large(ResourceMeta):
    """Metadata of any size."""

    text: str


class Running(Jobs):
    """A connector that keeps nothing about its jobs."""

    async def get(self, resource_meta: ResourceMeta, **_: Any) -> Resource:
        """Return the same state for each job."""
        return Resource.running()


class Context:
    """The context of a request without a deadline."""

    def time_remaining(self) -> float | None:
        return None


def test_polls_do_not_keep_the_metadata() -> None:
    registry = ConnectorRegistry(discover=False)
    registry.register(Running(metadata_type=Large))
    service = AsyncConnectorService(registry)
    context: Any = Context()

    async def poll(number: int) -> None:
        resource_meta = Large(f"{number:02}" * MIB).encode()
        response = await service.GetTask(GetTaskRequest(task_type="job", resource_meta=resource_meta), context)
        assert Phase(response.resource.phase) is Phase.RUNNING

    async def main() -> int:
        await poll(0)
        before, _ = tracemalloc.get_traced_memory()
        for number in range(1, 20):
            await poll(number)
        after, _ = tracemalloc.get_traced_memory()
        return after - before

    tracemalloc.start()
    try:
        assert asyncio.run(main()) < 2 * MIB
    finally:
        tracemalloc.stop()
