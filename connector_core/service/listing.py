"""The service that tells Flyte which connectors exist: GetAgent and ListAgents."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from flyteidl.admin.agent_pb2 import GetAgentResponse, ListAgentsResponse

from connector_core.errors import ConnectorNotFound
from connector_core.service.requests import Servicer

if TYPE_CHECKING:
    import grpc
    from flyteidl.admin.agent_pb2 import GetAgentRequest, ListAgentsRequest

    from connector_core.registry import ConnectorRegistry
    from connector_core.service.metrics import Metrics

__all__ = ["ConnectorMetadataService"]


class ConnectorMetadataService(Servicer):
    """Flyte 1's ``AgentMetadataService`` and Flyte 2's ``ConnectorMetadataService``: lists the connectors.

    Args:
        registry: The registry whose connectors are listed; None: the process's default registry.
        metrics: The metrics that count the requests; None: metrics that nothing exports.
    """

    def __init__(self, registry: ConnectorRegistry | None = None, *, metrics: Metrics | None = None) -> None:
        super().__init__(registry, metrics=metrics)
        self._loading: asyncio.Task[None] | None = None
        self._listed: tuple[object, ...] = ()
        self._snapshot = ListAgentsResponse()

    async def load(self) -> None:
        """Import every connector, once.

        Raises:
            ConnectorFailed: if a connector cannot be loaded and the registry is strict.
        """
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(self._registry.load_all))
        await asyncio.shield(self._loading)

    async def GetAgent(self, request: GetAgentRequest, context: grpc.ServicerContext) -> GetAgentResponse:
        """Return the connector with a name; if a sync and an async connector share the name, the async one."""
        with self._receive("get_agent", ("", 0), context):
            agents = sorted((await self._list_agents()).agents, key=lambda agent: agent.is_sync)
            agent = next((agent for agent in agents if agent.name == request.name), None)
            if agent is None:
                raise ConnectorNotFound(name=request.name)
            return GetAgentResponse(agent=agent)
        return GetAgentResponse()

    async def ListAgents(self, request: ListAgentsRequest, context: grpc.ServicerContext) -> ListAgentsResponse:
        """Return all connectors, from a snapshot: after an error or a late answer, Flyte drops all of them."""
        with self._receive("list_agents", ("", 0), context):
            return await self._list_agents()
        return ListAgentsResponse()

    async def _list_agents(self) -> ListAgentsResponse:
        await self.load()
        connectors = self._registry.connectors()
        if connectors != self._listed:
            self._snapshot = ListAgentsResponse(agents=self._registry.list_connectors())
            self._listed = connectors
        return self._snapshot
