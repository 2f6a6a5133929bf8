"""The client of a running service, against a real one."""

from __future__ import annotations

import asyncio
import importlib
import socket
import sys

import pytest

from connector_core import MissingExtra, ServiceError
from connector_core.client import ConnectorClient


async def listed(endpoint: str, **options: object) -> object:
    async with ConnectorClient(endpoint, **options) as client:  # type: ignore[arg-type]
        return await client.list_connectors()


class TestErrors:
    def test_a_service_that_is_not_there(self) -> None:
        with socket.socket() as taken:  # Bound, and not listening.
            taken.bind(("127.0.0.1", 0))
            endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(
                ServiceError, match=f"^The service at {endpoint} cannot be reached: .*refused"
            ) as failed:
                asyncio.run(listed(endpoint))
        assert str(failed.value).endswith("; check the address, and that it is running.")
        assert (failed.value.endpoint, failed.value.code) == (endpoint, "UNAVAILABLE")


def test_without_grpc_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "connector_core.client")
    monkeypatch.setitem(sys.modules, "grpc", None)
    needs = r"^connector_core.client needs more packages: pip install 'connector-core\[service\]'$"
    with pytest.raises(MissingExtra, match=needs):
        importlib.import_module("connector_core.client")
