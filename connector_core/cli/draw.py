"""Tables and values for people: with colour on a terminal, in plain aligned columns where the output is piped."""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["is_table", "plain", "print_table", "print_value"]


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows under their column names, which are all the keys in the order of their first appearance."""
    terminal = sys.stdout.isatty()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, show_edge=False)
    for column in columns:
        numeric = all(isinstance(row.get(column), int | float | None) for row in rows)
        table.add_column(Text(column), justify="right" if numeric else "left", no_wrap=not terminal)
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    if terminal:
        Console().print(table)
        return
    # Wide enough for any row: piped output is for programs, which wrap nothing.
    console = Console(width=sum(_width(rows, column) + 2 for column in columns) + 2, color_system=None)
    with console.capture() as capture:
        console.print(table)
    print("\n".join(line.rstrip() for line in capture.get().splitlines()))


def print_value(name: str, value: Any) -> None:
    """Print one output: a table as a table, a text as it is, anything else as JSON."""
    shown = plain(value)
    if is_table(value):
        print(f"{name}:")
        print_table(shown)
    elif isinstance(shown, dict) and set(shown) == {"uri", "format", "columns"}:
        print(f"{name}: {shown['format']} at {shown['uri']}")
        print_table([{"column": column, "type": kind} for column, kind in shown["columns"].items()])
    elif isinstance(shown, str) and "\n" in shown:
        print(f"{name}:\n{shown}", end="" if shown.endswith("\n") else "\n")
    else:
        print(f"{name}: {shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)}")


def is_table(value: Any) -> bool:
    """Whether an output is a table: a list of rows, each with named columns."""
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) and row for row in value)


def plain(value: Any) -> Any:
    """The value as JSON can hold it; bytes become base64, what stands elsewhere becomes its description."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return f"PT{value.total_seconds():g}S"
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case Message():
            return _describe(MessageToDict(value))
        case _:
            return value


def _describe(literal: Any) -> Any:
    dataset = literal.get("scalar", {}).get("structuredDataset")
    if dataset is None:
        return literal
    kind = dataset.get("metadata", {}).get("structuredDatasetType", {})
    columns = {column["name"]: _describe_type(column.get("literalType", {})) for column in kind.get("columns", ())}
    return {"uri": dataset["uri"], "format": kind.get("format", "dataset"), "columns": columns}


def _describe_type(kind: dict[str, Any]) -> str:
    if "collectionType" in kind:
        return f"list of {_describe_type(kind['collectionType'])}"
    return str(kind.get("simple", "unknown")).lower()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    shown = plain(value)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)


def _width(rows: list[dict[str, Any]], column: str) -> int:
    from rich.cells import cell_len

    return max([cell_len(column), *(cell_len(_cell(row.get(column))) for row in rows)])
