"""``connectors list``: the entries that were found, imported only with ``--load``; or what a service offers."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from connector_core.listing import rows_of
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Print a row for each entry, or with ``--load`` and ``--endpoint`` for each version that there is."""
    rows = rows_of(_registry(args))
    if args.json:
        print(json.dumps(rows, indent=2), file=args.output)
        return 0
    if not rows:
        here = "No connector is installed; install a connector package, such as connector-duckdb."
        there = f"The service at {args.endpoint} has no connector."
        print(here if args.endpoint is None else there, file=sys.stderr)
        return 0
    from connector_core.cli.draw import print_table

    columns = ["task_type", "state", "entry_point", "distribution", "distribution_version"]
    if args.load:
        columns[1:1] = ["version", "kind", "connector"]
    elif args.endpoint is not None:
        columns = ["task_type", "version", "kind", "connector"]
    print_table([{column: row[column] for column in columns} for row in rows])
    if any(row["state"] in ("failed", "conflicting") for row in rows):
        print("\n`connectors doctor` says why not all of them can be used.", file=sys.stderr)
    return 0


def _registry(args: argparse.Namespace) -> ConnectorRegistry:
    if args.endpoint is not None:
        from connector_core.cli.remote import registry_of

        return registry_of(args.endpoint)
    registry = ConnectorRegistry()
    registry.entries()  # Finds the plugins too, whose failures nobody else would tell.
    if args.load:
        from connector_core.cli.failing import quiet

        with quiet():
            registry.load_all()
    return registry
