"""Two connectors, to measure an idle service."""

from __future__ import annotations

from connector_core import ConnectorRegistry
from support.connectors import Echo, Jobs

ConnectorRegistry.register(Echo())
ConnectorRegistry.register(Jobs())
