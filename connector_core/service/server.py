"""The gRPC server: offers all services on one port, from start to stop."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from connector_core.errors import CannotServe
from connector_core.inventory import inventory
from connector_core.registry import ConnectorRegistry, default_registry
from connector_core.service.creations import Creations
from connector_core.service.jobs import AsyncConnectorService
from connector_core.service.listing import ConnectorMetadataService
from connector_core.service.metrics import Metrics
from connector_core.service.pages import Pages, address_of
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

    The server starts to listen, imports every connector, and then reports that it is ready. Before it stops, it reports
    that it is not ready and lets running calls end. It deletes no job.

    Args:
        registry: The registry whose connectors are served; None: the default registry.
        host: The address to listen on.
        port: The port to listen on; 0: any free port.
        metrics_port: The port for probes and Prometheus, over HTTP; 0: any free port; None: no such port.
        credentials: The result of ``server_credentials``; None: plaintext, in which Flyte calls by default.
        settings: How long the service waits; None: the settings in the environment.

    Attributes:
        port: The port that the server listens on.
        metrics_port: The port for probes and Prometheus.
        metrics: The counters and timers of its calls.

    Raises:
        CannotServe: if the server cannot listen on the address.
        ConnectorFailed: if a connector cannot be loaded, and the registry is strict.
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
        self._not_ready: str | None = "The service is loading its connectors."

    async def __aenter__(self) -> ConnectorServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, import every connector, and report that the service is ready. Call it only once."""
        jobs = AsyncConnectorService(self._registry, settings=self._settings, metrics=self.metrics)
        sync = SyncConnectorService(self._registry, metrics=self.metrics)
        metadata = ConnectorMetadataService(self._registry, metrics=self.metrics)
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers((Rpcs(jobs, sync, metadata),))
        add: Any = _WithoutRegistration(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, add)
        reflected = reflection.aio.ReflectionServicer(_reflected_services())
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(reflected, add)
        async with AsyncExitStack() as stack:
            self.port = self._listen()
            if self.metrics_port is not None:
                pages = self._serve_pages(self.metrics_port)
                stack.callback(pages.close)
                self.metrics_port = pages.port
            stack.enter_context(self._watchdog)
            self._registry.register_plugin(self.metrics, "connector_core.service.metrics")
            stack.callback(self._registry.unregister_plugin, self.metrics)
            await self._set_health(HealthCheckResponse.NOT_SERVING)
            await self._server.start()
            stack.push_async_callback(self._drain, jobs.creations)
            await metadata.load()
            self._running = stack.pop_all()
        if not self._registry.connectors():
            self._not_ready = "No connector could be loaded; `connectors doctor` says why."
            _log.error(self._not_ready)
            return
        self._not_ready = None
        await self._set_health(HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Report that the service is not ready, wait for running calls and creations, and stop listening."""
        await self._running.aclose()

    async def wait(self) -> None:
        """Return when the server has stopped."""
        await self._server.wait_for_termination()

    def readiness(self) -> str | None:
        """Return one sentence that says why the service takes no calls now; None if it does."""
        return self._not_ready or self._watchdog.reason

    async def _drain(self, creations: Creations) -> None:
        self._not_ready = "The service is stopping."
        await self._health.enter_graceful_shutdown()
        stopping = asyncio.create_task(creations.stop())
        await self._server.stop(self._settings.drain)
        await asyncio.wait([stopping], timeout=self._settings.drain)
        stopping.cancel()

    def _serve_pages(self, port: int) -> Pages:
        return Pages(
            metrics=self.metrics.registry,
            readiness=self.readiness,
            connectors=lambda: inventory(self._registry),
            host=self._host,
            port=port,
        )

    def _listen(self) -> int:
        address = address_of(self._host, self.port)
        try:
            if self._credentials is None:
                port: int = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, self._credentials)
        except RuntimeError as error:
            raise CannotServe(address) from error
        return port

    async def _set_health(self, status: HealthCheckResponse.ServingStatus) -> None:
        for service in ("", *FLYTE1, *FLYTE2):
            await self._health.set(service, status)


class _WithoutRegistration:
    """Adds services to a server without registering their methods, so that every call is looked up by its path.

    For each registered method, grpc.aio keeps a task, and it iterates over all of these tasks on each call.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Register nothing."""


def _reflected_services() -> tuple[str, ...]:
    """Return the names of the services that reflection describes: those of Flyte 2 only if flyteidl2 is installed."""
    from flyteidl.service import agent_pb2  # noqa: F401 - registers the descriptors

    names = (*FLYTE1, health.SERVICE_NAME, reflection.SERVICE_NAME)
    if find_spec("flyteidl2") is None:
        return names
    from flyteidl2.connector import service_pb2  # noqa: F401 - registers the descriptors

    return (*names, *FLYTE2)


_OPTIONS = (
    # If two services could share the port, each would receive some of the other's calls.
    ("grpc.so_reuseport", 0),
    # Inputs may be larger than 4 MiB, the limit for answers.
    ("grpc.max_receive_message_length", 32 * 1024 * 1024),
    ("grpc.max_send_message_length", -1),
    # Flyte sends all its calls over one connection.
    ("grpc.max_concurrent_streams", 2048),
    # While the event loop is busy, calls wait in gRPC. If more than 1000 wait, gRPC cancels some at random by default.
    # Flyte counts that as one of the five errors after which it no longer polls a job. A waiting call takes 15 KB.
    ("grpc.server.max_pending_requests", 4 * 2048),
    ("grpc.server.max_pending_requests_hard_limit", 4 * 2048),
    # Flyte 2 pings every 30 s, with and without calls.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)
_log = logging.getLogger(__name__)
