"""A registry of a running service's connectors: a task that runs through it here runs in the service."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector_core.cli.errors import WrongUse
from connector_core.client import ConnectorClient
from connector_core.connector import AsyncConnectorBase, SyncConnectorBase
from connector_core.errors import ServiceError, TransientError
from connector_core.meta import ResourceMeta
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_core.idl import Agent
    from connector_core.models import Resource

__all__ = ["registry_of"]


def registry_of(endpoint: str) -> ConnectorRegistry:
    """Return a registry with the service's connectors. Each of them passes its calls on to the service.

    Args:
        endpoint: The address of the service, ``HOST:PORT``.

    Raises:
        WrongUse: if the endpoint is not HOST:PORT.
        ServiceError: if the service does not answer.
    """
    if not re.fullmatch(r"[^/]+:\d+", endpoint):
        raise WrongUse(f"--endpoint {endpoint} cannot be used: write it as HOST:PORT, such as localhost:8000.")
    registry = ConnectorRegistry(discover=False)
    for agent in asyncio.run(_list_connectors(endpoint)):
        # Error messages name the class of the connector.
        kind: Any = type(agent.name, (_SyncRemote if agent.is_sync else _AsyncRemote,), {"endpoint": endpoint})
        for category in agent.supported_task_categories:
            registry.register(kind(category.name, category.version), override=True)
    return registry


async def _list_connectors(endpoint: str) -> list[Agent]:
    async with ConnectorClient(endpoint) as client:
        return await client.list_connectors()


@dataclass
class RemoteJob(ResourceMeta):
    """The metadata of a job as the service encoded it."""

    encoded: bytes


class _SyncRemote(SyncConnectorBase):
    endpoint: str

    async def do(
        self, task_template: Any, output_prefix: str, inputs: Any = None, task_execution_metadata: Any = None, **_: Any
    ) -> Resource:
        # The user waits for as long as the job takes, or as --timeout says.
        async with ConnectorClient(self.endpoint, timeout=None) as client:
            return await client.do(task_template, output_prefix, inputs, task_execution_metadata)


class _AsyncRemote(AsyncConnectorBase):
    """Opens a connection for each call: polls are far apart, and the replicas of the service take turns."""

    endpoint: str

    def __init__(self, task_type_name: str, task_type_version: int) -> None:
        super().__init__(RemoteJob, task_type_name=task_type_name, task_type_version=task_type_version)

    async def create(
        self, task_template: Any, output_prefix: str, inputs: Any, task_execution_metadata: Any, **_: Any
    ) -> RemoteJob:
        async with ConnectorClient(self.endpoint) as client:
            return RemoteJob(await client.create(task_template, output_prefix, inputs, task_execution_metadata))

    async def get(self, resource_meta: RemoteJob, output_prefix: str = "", **_: Any) -> Resource:
        with _transient_errors():
            async with ConnectorClient(self.endpoint) as client:
                return await client.get(self.task_category, resource_meta.encoded, output_prefix)

    async def delete(self, resource_meta: RemoteJob, **_: Any) -> None:
        with _transient_errors():
            async with ConnectorClient(self.endpoint) as client:
                await client.delete(self.task_category, resource_meta.encoded)


@contextmanager
def _transient_errors() -> Iterator[None]:
    """Raise TransientError if the service did not answer, which says nothing about the job."""
    try:
        yield
    except ServiceError as error:
        if error.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"):
            raise TransientError(str(error)) from error
        raise
