"""The rows of ``connectors list`` and of a service's ``/connectors.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_core.connector import ConnectorBase
    from connector_core.registry import ConnectorRegistry

__all__ = ["describe", "rows_of"]


def rows_of(registry: ConnectorRegistry) -> list[dict[str, Any]]:
    """A row for each entry, or for each version that it gave, and for each connector without an entry; none is loaded.

    Args:
        registry: Where the entries and connectors are.
    """
    return sorted(_rows(registry), key=lambda row: (row["task_type"], row["version"] or 0))


def describe(connector: ConnectorBase) -> dict[str, Any]:
    """The part of a row that is known of a connector, wherever it came from.

    Args:
        connector: The connector.
    """
    from connector_core.connector import SyncConnectorBase

    category = connector.task_category
    kind = "sync" if isinstance(connector, SyncConnectorBase) else "async"
    known = {"version": category.version, "state": "loaded", "kind": kind, "connector": connector.name}
    return {"task_type": category.name} | known | dict.fromkeys(_OF_AN_ENTRY)


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
        made = [each for each in connectors if each.task_category.name == entry.task_type]
        if entry.state != "loaded" or not made:
            yield row
            continue
        for connector in made:
            yield describe(connector) | {name: row[name] for name in _OF_AN_ENTRY}
    with_entry = {entry.task_type for entry in entries}
    yield from (describe(each) for each in connectors if each.task_category.name not in with_entry)


_OF_AN_ENTRY = ("entry_point", "distribution", "distribution_version", "error")
