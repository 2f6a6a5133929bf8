"""Prints tables and values for people: in colour on a terminal, in aligned columns if the output is piped."""

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

__all__ = ["json_value", "print_table", "print_value"]


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows under the names of their columns: all keys, in the order of their first appearance."""
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
    # Nothing is wrapped: piped output is for programs.
    widths = [max(_width(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = []
        for column, text, width in zip(columns, line, widths, strict=True):
            padding = " " * (width - _width(text))
            cells.append(padding + text if numeric[column] else text + padding)
        print("  ".join(cells).rstrip())


def print_value(name: str, value: Any) -> None:
    """Print an output: a list of dicts as a table, text as it is, anything else as JSON."""
    shown = json_value(value)
    if _is_row_list(value):
        print(f"{name}:")
        print_table(shown)
    elif isinstance(shown, str):
        print(f"{name}:\n{shown}" if "\n" in shown else f"{name}: {shown}", end="" if shown.endswith("\n") else "\n")
    elif _is_dataset(value):
        print(f"{name}: {shown['format'] or 'dataset'} at {shown['uri']}")
        if shown["columns"]:
            print_table([{"column": column, "type": kind} for column, kind in shown["columns"].items()])
    else:
        print(f"{name}: {json.dumps(shown, ensure_ascii=False)}")


def json_value(value: Any) -> Any:
    """Return the value as JSON can hold it: bytes as base64, files by their URI, datasets by a description."""
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
            return {str(key): json_value(item) for key, item in value.items()}
        case list() | tuple():
            return [json_value(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
    from google.protobuf.json_format import MessageToDict

    from connector_core.literals import Directory, File, StructuredDataset

    match value:
        case File() | Directory():
            return value.uri
        case StructuredDataset():
            columns = {name: _column_type_name(kind) for name, kind in value.columns.items()}
            return {"uri": value.uri, "format": value.file_format or None, "columns": columns}
    return MessageToDict(value)


def _is_row_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) and row for row in value)


def _is_dataset(value: Any) -> bool:
    from connector_core.literals import StructuredDataset

    return isinstance(value, StructuredDataset)


def _column_type_name(kind: LiteralType) -> str:
    from connector_core.idl import SimpleType

    if kind.HasField("collection_type"):
        return f"list of {_column_type_name(kind.collection_type)}"
    if kind.HasField("map_value_type"):
        return f"dict of {_column_type_name(kind.map_value_type)}"
    return SimpleType.Name(kind.simple).lower() if kind.HasField("simple") else "unknown"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    shown = json_value(value)
    if isinstance(shown, str) and shown.isprintable():
        return shown
    text = json.dumps(shown, ensure_ascii=False)
    return text[1:-1] if isinstance(shown, str) else text


def _width(text: str) -> int:
    """Return the number of columns that the text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
