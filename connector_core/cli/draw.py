"""Tables and values for people: with colour on a terminal, in plain aligned columns where the output is piped."""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector_core.idl import LiteralType

__all__ = ["is_table", "plain", "print_table", "print_value"]


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows under their column names, which are all the keys in the order of their first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    numeric = {column: all(isinstance(row.get(column), int | float | None) for row in rows) for column in columns}
    lines = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    if sys.stdout.isatty():
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in columns:
            table.add_column(Text(column), justify="right" if numeric[column] else "left", overflow="fold")
        for line in lines[1:]:
            table.add_row(*map(Text, line))
        Console().print(table)
        return
    from rich.cells import cell_len

    # Nothing is wrapped: piped output is for programs.
    widths = [max(cell_len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = []
        for column, text, width in zip(columns, line, widths, strict=True):
            padding = " " * (width - cell_len(text))
            cells.append(padding + text if numeric[column] else text + padding)
        print("  ".join(cells).rstrip())


def print_value(name: str, value: Any) -> None:
    """Print one output: a table as a table, a text as it is, anything else as JSON."""
    from connector_core.literals import StructuredDataset  # It needs protobuf, which a list has no time for.

    shown = plain(value)
    if is_table(value):
        print(f"{name}:")
        print_table(shown)
    elif isinstance(value, StructuredDataset):
        print(f"{name}: {shown['format'] or 'dataset'} at {shown['uri']}")
        if shown["columns"]:
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
            return "PT" + f"{value.total_seconds():f}".rstrip("0").rstrip(".") + "S"
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
    from google.protobuf.json_format import MessageToDict

    from connector_core.literals import Directory, File, StructuredDataset

    match value:
        case File() | Directory():
            return value.uri
        case StructuredDataset():
            columns = {name: _describe_type(kind) for name, kind in value.columns.items()}
            return {"uri": value.uri, "format": value.file_format or None, "columns": columns}
    return MessageToDict(value)


def _describe_type(kind: LiteralType) -> str:
    from connector_core.idl import SimpleType

    if kind.HasField("collection_type"):
        return f"list of {_describe_type(kind.collection_type)}"
    if kind.HasField("map_value_type"):
        return f"dict of {_describe_type(kind.map_value_type)}"
    return SimpleType.Name(kind.simple).lower() if kind.HasField("simple") else "unknown"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    shown = plain(value)
    if isinstance(shown, str) and shown.isprintable():
        return shown
    text = json.dumps(shown, ensure_ascii=False)
    return text[1:-1] if isinstance(shown, str) else text
