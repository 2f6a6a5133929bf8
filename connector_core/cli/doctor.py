"""``connectors doctor``: shows every entry and its state, with the reason and the remedy."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from typing import TYPE_CHECKING, Any

from connector_core.cli.logs import logging_muted
from connector_core.discovery import State
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from connector_core.discovery import Entry

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Load every entry and say what is wrong with it. The exit status is 1 if an entry is unusable."""
    with logging_muted():
        registry = ConnectorRegistry(strict=False)
        registry.load_all()
    entries, plugins, unreadable = registry.entries(), registry.plugin_entries(), registry.unreadable()
    unusable = [each for each in (*entries, *plugins) if each.state in _UNUSABLE]
    healthy = not unusable and not unreadable
    if args.json:
        found = {
            "healthy": healthy,
            "entries": [_row(each) for each in entries],
            "plugins": [_row(each) for each in plugins],
            "unreadable": list(unreadable),
        }
        print(json.dumps(found, indent=2), file=args.output)
    else:
        _draw(entries, plugins, unreadable)
    if args.verbose:
        import traceback

        for each in unusable:
            if error := registry.error_of(each):
                traceback.print_exception(error, file=sys.stderr)
    return 0 if healthy else 1


_UNUSABLE = (State.FAILED, State.CONFLICTING)


def _draw(entries: Sequence[Entry], plugins: Sequence[Entry], unreadable: Sequence[str]) -> None:
    """Print the usable entries, then the unusable ones with their reasons, then the counts."""
    every = sorted((*entries, *plugins), key=lambda entry: entry.state in _UNUSABLE)
    for reason, group in groupby(every, key=lambda entry: entry.reason):  # Conflicting entries share a reason.
        for entry in group:
            kind = "plugin " if entry in plugins else ""
            print(f"{entry.state:<12} {kind}{entry.task_type}  ({entry.value}, {entry.origin})")
        if reason:
            print(f"{'':<12} {reason}")
    for sentence in unreadable:
        print(f"{'unreadable':<12} {sentence}")
    if not entries:
        print("No connector is installed; install a connector package, such as connector-duckdb.")
    states = [entry.state for entry in every]
    counts = [f"{states.count(state)} {state}" for state in State if state in states]
    if unreadable:
        counts.append(f"{len(unreadable)} unreadable")
    if counts:
        print(f"\n{', '.join(counts)}")


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "task_type": entry.task_type,
        "state": entry.state,
        "entry_point": entry.value,
        "distribution": entry.distribution,
        "distribution_version": entry.distribution_version,
        "reason": entry.reason,
    }
