"""``connectors list``: the entries that were found, imported only with ``--load``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from connector_core.discovery import Entry

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Print a row for each entry, or with ``--load`` for each version that it gave."""
    registry = ConnectorRegistry()
    entries = registry.entries()
    if args.load:
        from connector_core.cli.failing import quiet

        with quiet():
            registry.load_all()
        entries = registry.entries()
    rows = [row for entry in entries for row in _rows(registry, entry)]
    if args.json:
        print(json.dumps(rows, indent=2), file=args.output)
        return 0
    if not rows:
        print("No connector is installed; install a connector package, such as connector-duckdb.", file=sys.stderr)
        return 0
    from connector_core.cli.draw import print_table

    columns = ["task_type", "state", "entry_point", "distribution", "distribution_version"]
    if args.load:
        columns[1:1] = ["version", "kind", "connector"]
    print_table([{column: row[column] for column in columns} for row in rows])
    if any(row["state"] in ("failed", "conflicting") for row in rows):
        print("\n`connectors doctor` says why not all of them can be used.", file=sys.stderr)
    return 0


def _rows(registry: ConnectorRegistry, entry: Entry) -> Iterator[dict[str, Any]]:
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
    made = [each for each in registry.connectors() if each.task_category.name == entry.task_type]
    if entry.state != "loaded" or not made:
        yield row
        return
    from connector_core.connector import SyncConnectorBase

    for connector in made:
        kind = "sync" if isinstance(connector, SyncConnectorBase) else "async"
        yield row | {"version": connector.task_category.version, "kind": kind, "connector": connector.name}
