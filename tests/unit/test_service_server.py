"""Starting and stopping the server."""

from __future__ import annotations

import asyncio

import pytest

from connector_core import ConnectorRegistry
from connector_core.errors import CannotServe
from connector_core.service import ConnectorServer
from support.connectors import Echo


def registry_of(*connectors: Echo) -> ConnectorRegistry:
    registry = ConnectorRegistry(discover=False)
    for connector in connectors:
        registry.register(connector)
    return registry


class TestListening:
    def test_a_port_in_use_is_reported(self) -> None:
        async def main() -> None:
            async with ConnectorServer(registry_of(Echo()), host="127.0.0.1", port=0) as server:
                with pytest.raises(
                    CannotServe, match=rf"^Cannot listen on 127\.0\.0\.1:{server.port}: the port is in use"
                ):
                    await ConnectorServer(registry_of(Echo()), host="127.0.0.1", port=server.port).start()

        asyncio.run(main())
