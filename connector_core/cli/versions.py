"""Looks up the connectors of a task type, and chooses a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_core.cli.logs import logging_muted
from connector_core.errors import ConnectorNotFound

if TYPE_CHECKING:
    from connector_core.connector import AsyncConnectorBase, SyncConnectorBase
    from connector_core.registry import ConnectorRegistry

__all__ = ["connectors_of", "default_version"]


def connectors_of(registry: ConnectorRegistry, task_type: str) -> list[SyncConnectorBase | AsyncConnectorBase]:
    """Return the connectors of a task type, one for each version. This loads its entry.

    Raises:
        ConnectorNotFound: if no connector serves the task type.
    """
    registry.entries()  # This imports the plugins, too: their failures must be logged.
    not_found = None
    try:
        with logging_muted():
            registry.get_connector(task_type)
    except ConnectorNotFound as error:
        not_found = error
    found = [each for each in registry.connectors() if each.task_category.name == task_type]
    if not_found is not None and not found:
        raise not_found
    return found


def default_version(registry: ConnectorRegistry, task_type: str) -> int:
    """Return version 0, which Flyte uses, or the newest version if the task type has no version 0.

    Raises:
        ConnectorNotFound: if no connector serves the task type.
    """
    versions = {connector.task_category.version for connector in connectors_of(registry, task_type)}
    return 0 if 0 in versions else max(versions)
