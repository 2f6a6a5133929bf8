"""Static calls of the registry and calls on an instance have the same types."""

from __future__ import annotations

from typing import assert_type

from connector_core import (
    AsyncConnectorBase,
    ConnectorNotFound,
    ConnectorRegistry,
    Entry,
    SyncConnectorBase,
    TaskCategory,
)
from connector_core.idl import Agent


def static(connector: SyncConnectorBase | AsyncConnectorBase) -> None:
    ConnectorRegistry.register(connector)
    ConnectorRegistry.register(connector, override=True)
    assert_type(ConnectorRegistry.get_connector("query"), SyncConnectorBase | AsyncConnectorBase)
    assert_type(ConnectorRegistry.get_connector("query", 2), SyncConnectorBase | AsyncConnectorBase)
    assert_type(
        ConnectorRegistry.get_agent(task_type_name="query", task_type_version=0), SyncConnectorBase | AsyncConnectorBase
    )
    assert_type(ConnectorRegistry.get_connector_metadata("Query"), Agent)
    assert_type(ConnectorRegistry.list_connectors(), list[Agent])


def on_an_instance(connector: SyncConnectorBase) -> None:
    registry = ConnectorRegistry(discover=False, disable=["a*"], prefer={"query": "acme"}, strict=True)
    registry.register(connector, override=True)
    assert_type(registry.get_connector("query", task_type_version=1), SyncConnectorBase | AsyncConnectorBase)
    assert_type(registry.list_connectors(), list[Agent])
    assert_type(registry.entries(), tuple[Entry, ...])
    assert_type(registry.plugins.secret("key"), str | None)
    registry.register_plugin(object(), name="none")


def reason(error: ConnectorNotFound) -> str:
    assert_type(error.category, TaskCategory | None)
    return " ".join(error.reasons)
