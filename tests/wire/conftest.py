"""Fixtures: a service, and both generations of Flyte as its callers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from connector_core import ConnectorRegistry
from connector_core.testing.server import serving
from support.flyte import Flyte, Flyte1, Flyte2


@pytest.fixture
def registry() -> ConnectorRegistry:
    """Return the registry of the service; a test registers its connectors."""
    return ConnectorRegistry(discover=False)


@pytest.fixture
def channel(registry: ConnectorRegistry) -> Iterator[grpc.Channel]:
    """Open a channel to a service with the registry's connectors."""
    with serving(registry) as endpoint, grpc.insecure_channel(endpoint) as channel:
        yield channel


@pytest.fixture(params=[Flyte1, Flyte2], ids=["flyte1", "flyte2"])
def flyte(request: Any, channel: grpc.Channel) -> Flyte:
    """Return a caller of the service, for each generation of Flyte."""
    made: Flyte = request.param(channel)
    return made


@pytest.fixture
def flyte1(channel: grpc.Channel) -> Flyte1:
    """Return Flyte 1 as a caller of the service."""
    return Flyte1(channel)


@pytest.fixture
def flyte2(channel: grpc.Channel) -> Flyte2:
    """Return Flyte 2 as a caller of the service."""
    return Flyte2(channel)
