"""The inventory of a registry: a row for each entry and connector. `connectors list` and `/connectors.json` show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_core.connector import ConnectorBase
    from connector_core.registry import ConnectorRegistry

__all__ = ["inventory"]


def inventory(registry: ConnectorRegistry) -> list[dict[str, Any]]:
    """Return a row for each entry, or for each version of a loaded one, and for each connector without an entry.

    No entry is loaded. A value that is not known without loading is None.

    Args:
        registry: The registry.
    """
    return sorted(_rows(registry), key=lambda row: (row["task_type"], row["version"] or 0))


def _rows(registry: ConnectorRegistry) -> Iterator[dict[str, Any]]:
    entries = registry.entries()
    connectors = registry.connectors()
    for entry in entries:
        row = {
            "task_type": entry.task_type,
            "version": None,
            "state": entry.state,
            "kind": None,
            "connector": None,
            "entry_point": entry.value,
            "distribution": entry.distribution,
            "distribution_version": entry.distribution_version,
            "error": entry.reason,
        }
        loaded = [each for each in connectors if each.task_category.name == entry.task_type]
        if entry.state != "loaded" or not loaded:
            yield row
            continue
        for connector in loaded:
            yield row | _known_of(connector)
    entry_names = {entry.task_type for entry in entries}
    no_entry = dict.fromkeys(("entry_point", "distribution", "distribution_version", "error"))
    for connector in connectors:
        if (task_type := connector.task_category.name) not in entry_names:
            yield {"task_type": task_type} | _known_of(connector) | no_entry


def _known_of(connector: ConnectorBase) -> dict[str, Any]:
    from connector_core.connector import SyncConnectorBase

    return {
        "version": connector.task_category.version,
        "state": "loaded",
        "kind": "sync" if isinstance(connector, SyncConnectorBase) else "async",
        "connector": connector.name,
    }
