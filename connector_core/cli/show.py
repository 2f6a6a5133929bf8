"""``connectors show``: describes one connector."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from connector_core.cli.versions import connectors_of
from connector_core.connector import AsyncConnectorBase, SyncConnectorBase, implements
from connector_core.discovery import State
from connector_core.meta import metadata_fields
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Describe every version of the connector of a task type."""
    registry = ConnectorRegistry()
    described = [_description_of(connector) for connector in connectors_of(registry, args.task_type)]
    loaded = (each for each in registry.entries() if each.state is State.LOADED and each.task_type == args.task_type)
    entry = next(loaded, None)
    package = entry.origin if entry else None
    if args.json:
        document = {"task_type": args.task_type, "package": package, "connectors": described}
        print(json.dumps(document, indent=2), file=args.output)
        return 0
    for number, connector in enumerate(described):
        if number:
            print()
        documentation = connector.pop("documentation")
        rows = {"task type": args.task_type} | connector | {"package": package}
        width = max(map(len, rows))
        for name, value in rows.items():
            if value not in (None, [], {}):
                print(f"{name.replace('_', ' '):<{width}}  {_on_one_line(value)}")
        if documentation:
            print(f"\n{documentation}")
    return 0


def _description_of(connector: SyncConnectorBase | AsyncConnectorBase) -> dict[str, Any]:
    kind = type(connector)
    description: dict[str, Any] = {
        "version": connector.task_category.version,
        "kind": "async" if isinstance(connector, AsyncConnectorBase) else "sync",
        "name": connector.name,
        "class": f"{kind.__module__}:{kind.__qualname__}",
        "timeout": connector.timeout,
        "max_concurrency": connector.max_concurrency,
        "documentation": inspect.cleandoc(kind.__doc__) if kind.__doc__ else None,
    }
    if isinstance(connector, AsyncConnectorBase):
        optional = ("find", "get_logs", "get_metrics")
        description["metadata_type"] = connector.metadata_type.__name__
        description["metadata_fields"] = metadata_fields(connector.metadata_type)
        description["implements"] = [method for method in optional if implements(connector, method)]
    return description


def _on_one_line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {kind}" for name, kind in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
