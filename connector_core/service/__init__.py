"""The gRPC service that offers connectors to Flyte 1 and Flyte 2; needs the extra ``service``."""

from connector_core.errors import MissingExtra

try:
    import grpc  # noqa: F401
except ImportError as _missing:
    raise MissingExtra(__name__, "service") from _missing

from connector_core.service.jobs import AsyncConnectorService
from connector_core.service.listing import ConnectorMetadataService
from connector_core.service.server import ConnectorServer
from connector_core.service.settings import ServiceSettings
from connector_core.service.sync import SyncConnectorService
from connector_core.service.tls import server_credentials

__all__ = [
    "AsyncConnectorService",
    "ConnectorMetadataService",
    "ConnectorServer",
    "ServiceSettings",
    "SyncConnectorService",
    "server_credentials",
]
