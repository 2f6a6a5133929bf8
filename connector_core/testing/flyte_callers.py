"""Calls a service as Flyte 1 and Flyte 2 do.

The messages of Flyte 2 have the wire format of Flyte 1's, field by field, so the client's classes serve both.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from connector_core.client import ConnectorClient
from connector_core.errors import ServiceError
from connector_core.models import Resource, TaskCategory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connector_core.idl import LiteralMap, TaskExecutionMetadata, TaskTemplate

__all__ = ["calling"]


@asynccontextmanager
async def calling(endpoint: str, generation: int, deadline: float) -> AsyncIterator[ConnectorClient]:
    """Yield a client that calls the service as Flyte does; an error of the service fails the check.

    Args:
        endpoint: The service's address, ``host:port``.
        generation: The generation of Flyte, 1 or 2.
        deadline: The seconds that each call may take.
    """
    try:
        async with _CLIENTS[generation](endpoint, timeout=deadline) as client:
            yield client
    except ServiceError as error:
        raise AssertionError(str(error)) from None


class _Flyte1(ConnectorClient):
    _options = (("grpc.enable_http_proxy", 0),)


class _Flyte2(_Flyte1):
    _jobs = "/flyteidl2.connector.AsyncConnectorService"

    async def do(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None = None,
        task_execution_metadata: TaskExecutionMetadata | None = None,
    ) -> Resource:
        """Run a job of a sync connector, which Flyte 2 calls as if it were an async connector."""
        category = TaskCategory(task_template.type, task_template.task_type_version)
        resource_meta = await self.create(task_template, output_prefix, inputs, task_execution_metadata)
        return await self.get(category, resource_meta, output_prefix)


_CLIENTS = {1: _Flyte1, 2: _Flyte2}
