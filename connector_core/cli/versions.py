"""Which version of a task type a command line means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_core.cli.failing import quiet
from connector_core.errors import ConnectorNotFound

if TYPE_CHECKING:
    from connector_core.registry import ConnectorRegistry

__all__ = ["newest_version"]


def newest_version(registry: ConnectorRegistry, task_type: str) -> int:
    """Version 0, as Flyte would; where the task type has no such version, its newest.

    Raises:
        ConnectorNotFound: Nothing serves the task type.
    """
    registry.entries()  # Finds the plugins too, whose failures nobody else would tell.
    try:
        with quiet():
            registry.get_connector(task_type)
    except ConnectorNotFound:
        categories = [each.task_category for each in registry.connectors()]
        versions = [category.version for category in categories if category.name == task_type]
        if not versions:
            raise
        return max(versions)
    return 0
