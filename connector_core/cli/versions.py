"""The connectors that a command line means, and which version of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_core.cli.failing import quiet
from connector_core.errors import ConnectorNotFound

if TYPE_CHECKING:
    from connector_core.connector import AsyncConnectorBase, SyncConnectorBase
    from connector_core.registry import ConnectorRegistry

__all__ = ["connectors_of", "newest_version"]


def connectors_of(registry: ConnectorRegistry, task_type: str) -> list[SyncConnectorBase | AsyncConnectorBase]:
    """The connectors of a task type, one for each version; its entry is loaded.

    Raises:
        ConnectorNotFound: Nothing serves the task type.
    """
    registry.entries()  # Finds the plugins too, whose failures nobody else would tell.
    not_found = None
    try:
        with quiet():
            registry.get_connector(task_type)
    except ConnectorNotFound as error:
        not_found = error
    found = [each for each in registry.connectors() if each.task_category.name == task_type]
    if not_found is not None and not found:
        raise not_found
    return found


def newest_version(registry: ConnectorRegistry, task_type: str) -> int:
    """Version 0, as Flyte would; where the task type has no such version, its newest.

    Raises:
        ConnectorNotFound: Nothing serves the task type.
    """
    versions = {connector.task_category.version for connector in connectors_of(registry, task_type)}
    return 0 if 0 in versions else max(versions)
