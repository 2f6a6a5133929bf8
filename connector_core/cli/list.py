"""``connectors list``: shows the entries found, without importing them; or loaded connectors, or those of a service."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from connector_core.inventory import inventory
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Print a row for each entry or, with ``--load`` and ``--endpoint``, for each version of a task type."""
    rows = inventory(_registry(args))
    if args.json:
        print(json.dumps(rows, indent=2), file=args.output)
        return 0
    if not rows:
        here = "No connector is installed; install a connector package, such as connector-duckdb."
        there = f"The service at {args.endpoint} has no connector."
        print(here if args.endpoint is None else there, file=sys.stderr)
        return 0
    from connector_core.cli.draw import print_table

    print_table([{column: row[column] for column in _columns(args)} for row in rows])
    if any(row["state"] in ("failed", "conflicting") for row in rows):
        print("\nSome entries cannot be used; `connectors doctor` says why.", file=sys.stderr)
    return 0


def _columns(args: argparse.Namespace) -> list[str]:
    if args.endpoint is not None:
        return ["task_type", "version", "kind", "connector"]
    if args.load:
        return ["task_type", "version", "kind", "connector", *_KNOWN_WITHOUT_IMPORT[1:]]
    return _KNOWN_WITHOUT_IMPORT


_KNOWN_WITHOUT_IMPORT = ["task_type", "state", "entry_point", "distribution", "distribution_version"]


def _registry(args: argparse.Namespace) -> ConnectorRegistry:
    if args.endpoint is not None:
        from connector_core.cli.remote import registry_of

        return registry_of(args.endpoint)
    registry = ConnectorRegistry()
    registry.entries()  # This imports the plugins, too: their failures must be logged.
    if args.load:
        from connector_core.cli.logs import logging_muted

        with logging_muted():
            registry.load_all()
    return registry
