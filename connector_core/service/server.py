"""The server: all services on one port, from the first call to the last."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, closing
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from connector_core.errors import CannotServe
from connector_core.listing import rows_of
from connector_core.registry import ConnectorRegistry, default_registry
from connector_core.service.creations import Creations
from connector_core.service.jobs import AsyncConnectorService
from connector_core.service.listing import ConnectorMetadataService
from connector_core.service.metrics import Metrics
from connector_core.service.pages import Pages
from connector_core.service.rpcs import FLYTE1, FLYTE2, Rpcs
from connector_core.service.settings import ServiceSettings
from connector_core.service.sync import SyncConnectorService
from connector_core.service.watchdog import Watchdog

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["ConnectorServer"]


class ConnectorServer:
    """Offers the connectors of a registry to Flyte 1 and Flyte 2, over gRPC.

    ::

        async with ConnectorServer(registry=registry, port=0) as server:
            print(server.port)

    It begins to listen, imports every connector, and then says that it is ready. When it stops it says so first, and
    lets running calls end; no job is deleted.

    Args:
        registry: Whose connectors; None: the process's.
        host: The address to listen on.
        port: The port to listen on; 0: any that is free.
        metrics_port: The port for probes and Prometheus, over HTTP; 0: any that is free; None: none.
        credentials: What ``server_credentials`` makes of certificates; None: plaintext, as Flyte calls by default.
        settings: How long is waited for what; None: as the environment says.

    Attributes:
        port: The port that it listens on.
        metrics_port: The port for probes and Prometheus.
        metrics: What counts and times its calls.

    Raises:
        CannotServe: It cannot listen there.
        ConnectorFailed: A connector cannot be loaded, and the registry is strict.
    """

    def __init__(
        self,
        registry: ConnectorRegistry | None = None,
        *,
        host: str = "localhost",
        port: int = 8000,
        metrics_port: int | None = None,
        credentials: grpc.ServerCredentials | None = None,
        settings: ServiceSettings | None = None,
    ) -> None:
        self._registry = registry or default_registry()
        self._settings = settings or ServiceSettings.from_environment()
        self._host = host
        self.port: int = port
        self.metrics_port: int | None = metrics_port
        self._credentials = credentials
        self._running = AsyncExitStack()
        self._watchdog = Watchdog()
        self.metrics: Metrics = Metrics(loop_lag=lambda: self._watchdog.lag)
        self._state: str | None = "The service is loading its connectors."

    async def __aenter__(self) -> ConnectorServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, import every connector, and say that it is ready; once only."""
        jobs = AsyncConnectorService(self._registry, settings=self._settings, metrics=self.metrics)
        sync = SyncConnectorService(self._registry, metrics=self.metrics)
        metadata = ConnectorMetadataService(self._registry, metrics=self.metrics)
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers((Rpcs(jobs, sync, metadata),))
        add: Any = _OnlyByPath(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, add)
        described = reflection.aio.ReflectionServicer(_reflected())
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(described, add)
        async with AsyncExitStack() as stack:
            self.port = self._listen()
            if self.metrics_port is not None:
                self.metrics_port = stack.enter_context(self._open_pages(self.metrics_port)).port
            stack.enter_context(self._watchdog)
            self._registry.register_plugin(self.metrics, "connector_core.service.metrics")
            stack.callback(self._registry.unregister_plugin, self.metrics)
            await self._say(HealthCheckResponse.NOT_SERVING)
            await self._server.start()
            stack.push_async_callback(self._drain, jobs.creations)
            await metadata.load()
            self._running = stack.pop_all()
        if not self._registry.connectors():
            self._state = "No connector could be loaded; `connectors doctor` says why."
            _log.error(self._state)
            return
        self._state = None
        await self._say(HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Say that it stops, wait for running calls and creations to end, and stop listening."""
        await self._running.aclose()

    async def wait(self) -> None:
        """Return when the server has stopped."""
        await self._server.wait_for_termination()

    def readiness(self) -> str | None:
        """Why the service cannot be used just now, in one sentence; None: it can."""
        return self._state or self._watchdog.reason

    async def _drain(self, creations: Creations) -> None:
        self._state = "The service stops."
        await self._health.enter_graceful_shutdown()
        ending = asyncio.create_task(creations.stop())
        await self._server.stop(self._settings.drain)
        await asyncio.wait([ending], timeout=self._settings.drain)
        ending.cancel()

    def _open_pages(self, port: int) -> closing[Pages]:
        return closing(
            Pages(
                metrics=self.metrics.registry,
                readiness=self.readiness,
                connectors=lambda: rows_of(self._registry),
                host=self._host,
                port=port,
            )
        )

    def _listen(self) -> int:
        address = f"[{self._host}]:{self.port}" if ":" in self._host else f"{self._host}:{self.port}"
        try:
            if self._credentials is None:
                port: int = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, self._credentials)
        except RuntimeError as error:
            raise CannotServe(address) from error
        return port

    async def _say(self, status: HealthCheckResponse.ServingStatus) -> None:
        for service in ("", *FLYTE1, *FLYTE2):
            await self._health.set(service, status)


class _OnlyByPath:
    """A server whose handlers are all looked up by the path of a call.

    For each method that is registered besides, grpc.aio keeps a task, and goes through all of them at each call.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Leave the methods unregistered."""


def _reflected() -> tuple[str, ...]:
    """The services that reflection describes; Flyte 2's descriptors are there where flyteidl2 is installed."""
    from flyteidl.service import agent_pb2  # noqa: F401 - registers the descriptors

    names = (*FLYTE1, health.SERVICE_NAME, reflection.SERVICE_NAME)
    if find_spec("flyteidl2") is None:
        return names
    from flyteidl2.connector import service_pb2  # noqa: F401 - registers the descriptors

    return (*names, *FLYTE2)


_OPTIONS = (
    # Two services on one port would take each other's calls.
    ("grpc.so_reuseport", 0),
    # Inputs may be larger than the 4 MiB that an answer may have.
    ("grpc.max_receive_message_length", 32 * 1024 * 1024),
    ("grpc.max_send_message_length", -1),
    # All of an engine's calls come over one connection.
    ("grpc.max_concurrent_streams", 2048),
    # While the event loop is busy, calls wait in gRPC: of more than 1000 it would cancel some at random, and to Flyte
    # that is one of the five errors after which a job is never asked for again. One that waits takes 15 KB.
    ("grpc.server.max_pending_requests", 4 * 2048),
    ("grpc.server.max_pending_requests_hard_limit", 4 * 2048),
    # Flyte 2 pings every 30 s, with and without calls.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)
_log = logging.getLogger(__name__)
