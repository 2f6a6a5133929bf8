"""``connectors doctor``: every entry and its state, with the reason and the remedy."""

from __future__ import annotations

import json
import sys
import traceback
from typing import TYPE_CHECKING, Any

from connector_core.cli.failing import quiet
from connector_core.discovery import State
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse

    from connector_core.discovery import Entry

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Load everything and say what is wrong with it; the exit status is 1 if anything is."""
    with quiet():
        registry = ConnectorRegistry(strict=False)
        registry.load_all()
    entries, plugins = registry.entries(), registry.plugin_entries()
    ill = [each for each in (*entries, *plugins) if each.state in (State.FAILED, State.CONFLICTING)]
    healthy = not ill and not registry.unreadable()
    if args.json:
        found = {
            "healthy": healthy,
            "entries": [_row(each) for each in entries],
            "plugins": [_row(each) for each in plugins],
            "unreadable": list(registry.unreadable()),
        }
        print(json.dumps(found, indent=2))
    else:
        _draw(registry, [*entries, *plugins])
    if getattr(args, "verbose", False):
        for each in ill:
            if error := registry.error_of(each):
                traceback.print_exception(error, file=sys.stderr)
    return 0 if healthy else 1


def _draw(registry: ConnectorRegistry, entries: list[Entry]) -> None:
    for entry in entries:
        print(f"{entry.state:<12} {entry.task_type}  ({entry.value}, {entry.origin})")
        if entry.reason:
            print(f"{'':<12} {entry.reason}")
    for sentence in registry.unreadable():
        print(f"{'unreadable':<12} {sentence}")
    if not entries:
        print("No connector is installed; install a connector package, such as connector-duckdb.")


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "task_type": entry.task_type,
        "state": entry.state,
        "entry_point": entry.value,
        "distribution": entry.distribution,
        "distribution_version": entry.distribution_version,
        "reason": entry.reason,
    }
