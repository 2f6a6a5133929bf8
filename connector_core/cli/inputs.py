"""``-i NAME[:TYPE]=VALUE``: the inputs of a task, each converted to its type."""

from __future__ import annotations

import ast
import os
import sys
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from connector_core.cli.pairs import json_or_text, read_json, read_pairs
from connector_core.errors import LiteralError
from connector_core.idl import LiteralType
from connector_core.literals import Directory, File, StructuredDataset
from connector_core.literals.kinds import Kind
from connector_core.literals.types import kind_of
from connector_core.literals.unions import UnionKind
from connector_core.literals.uris import is_remote

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["read_inputs"]


def read_inputs(words: list[str]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Read the values and the types of the inputs.

    Args:
        words: The arguments of ``-i``.

    Returns:
        The values by name; and the types by name, or None if no input has one. An input without a type is of any type.

    Raises:
        WrongUse: if an argument cannot be read, or if a name is given twice.
    """
    inputs = read_pairs("-i", words, _typed_value, typed=True)
    values = {name: value for name, (_, value) in inputs.items()}
    types = {name: python_type for name, (python_type, _) in inputs.items()}
    return values, types if any(python_type is not ANYTHING for python_type in types.values()) else None


ANYTHING = LiteralType()
"""The type of an input without a declared type: a LiteralType with no field set."""

_TYPES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (int, float, str, bool, bytes, date, datetime, timedelta)},
    "None": NoneType,
    **{kind.__name__: kind for kind in (list, tuple, set, dict, File, Directory, StructuredDataset)},
}


def _typed_value(text: str, type_text: str | None) -> tuple[Any, Any]:
    content = _content(text)
    if type_text is None:
        return ANYTHING, json_or_text(_decoded(content))
    python_type = _read_type(type_text)
    return python_type, _value(content, kind_of(python_type))


def _read_type(text: str) -> Any:
    try:
        return _type_of(ast.parse(text.strip(), mode="eval").body)
    except LiteralError:
        raise
    except (SyntaxError, ValueError) as error:
        raise LiteralError(f"{text!r:.80} is not a type; write one such as int, list[date] or float | None.") from error


def _type_of(node: ast.expr) -> Any:
    match node:
        case ast.Name(id=name) if name in _TYPES:
            return _TYPES[name]
        case ast.Name(id=name):
            near = get_close_matches(name, _TYPES, n=1)
            hint = f"did you mean {near[0]}? The" if near else "the"
            raise LiteralError(f"there is no type {name}; {hint} types are: {', '.join(_TYPES)}.")
        case ast.Constant(value=None):
            return NoneType
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _type_of(left) | _type_of(right)
        case ast.Subscript(value=ast.Name() as generic, slice=ast.Tuple(elts=parts)):
            return _generic(_type_of(generic), parts)
        case ast.Subscript(value=ast.Name() as generic, slice=part):
            return _generic(_type_of(generic), [part])
    raise ValueError(ast.unparse(node))


def _generic(generic: Any, parts: list[ast.expr]) -> Any:
    match generic.__name__, parts:
        case "tuple", [item, ast.Constant(value=value)] if value is ...:
            return generic[_type_of(item), ...]
        case ("list" | "set", [_]) | ("dict", [_, _]) | ("tuple", _):
            return generic[tuple(map(_type_of, parts))]
    raise ValueError(f"{generic.__name__} does not take {len(parts)} types")


def _content(text: str) -> bytes:
    """Return the text itself, or the content of the file that it names with ``@``."""
    if text.startswith("@@"):
        return text[1:].encode()
    if text == "@-":
        return sys.stdin.buffer.read()
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_bytes()
        except OSError as error:
            raise LiteralError(
                f"the file {text[1:]!r}: {error.strerror}; write @@ for a text that begins with @."
            ) from error
    return text.encode()


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise LiteralError("the file is not UTF-8 text; declare the type bytes.") from error


def _value(content: bytes, kind: Kind) -> Any:
    """Return the value of a kind that the content represents."""
    if isinstance(kind, UnionKind):
        return _member(content, kind)
    if kind.python_type is bytes:
        return content
    text = _decoded(content)
    if kind.python_type is str:
        return text
    text = text.rstrip("\r\n")  # A file usually ends with a line break.
    if parse := _SCALARS.get(kind.python_type):
        try:
            return parse(text)
        except (LookupError, msgspec.ValidationError) as error:
            raise LiteralError(f"expected {kind}, got {text!r:.80}.") from error
    if kind.packed_type not in (list, dict):
        return _localized(kind.unpack(text))
    try:
        packed = read_json(text)
    except ValueError as error:
        raise LiteralError(f"expected JSON, got {text!r:.80}; quote it for the shell: -i 'NAME:TYPE=VALUE'.") from error
    return _localized(kind.unpack(packed))


def _member(content: bytes, union: UnionKind) -> Any:
    """Return the value as the first member of the union that accepts it. None is tried first."""
    refusals = []
    members = sorted(union.variants, key=lambda kind: kind.python_type is not NoneType)
    for kind in members:
        try:
            return _value(content, kind)
        except LiteralError as error:
            refusals.append(error)
    if len(members) == 2 and members[0].python_type is NoneType:
        raise refusals[1]
    got = f"{content.decode(errors='replace')!r:.80}"
    raise LiteralError(f"expected {' | '.join(map(str, union.variants))}, got {got}.") from refusals[0]


def _lax(python_type: type) -> Callable[[str], Any]:
    """Return a reader of numbers in JSON's notation, nan or inf, or of durations in seconds or ISO 8601."""
    return partial(msgspec.convert, type=python_type, strict=False)


_SCALARS: dict[Any, Callable[[str], Any]] = {
    **{python_type: _lax(python_type) for python_type in (int, float, timedelta)},
    bool: {"true": True, "True": True, "false": False, "False": False}.__getitem__,
    NoneType: {"null": None, "none": None, "None": None}.__getitem__,
}


def _localized(value: Any) -> Any:
    """Check that all local files and datasets in the value exist, and make their paths absolute.

    The paths are relative to the directory in which the command was typed, and the job may run elsewhere.
    """
    match value:
        case list() | tuple() | set():
            return type(value)(map(_localized, value))
        case dict():
            return {key: _localized(item) for key, item in value.items()}
        case File():
            return attrs.evolve(value, uri=_absolute(value.uri, "file", os.path.isfile))
        case Directory():
            return attrs.evolve(value, uri=_absolute(value.uri, "directory", os.path.isdir))
        case StructuredDataset(uri=str(uri)):
            is_csv = uri.lower().endswith((".csv", ".csv.gz"))
            file_format = value.file_format or ("csv" if is_csv else "parquet")
            return attrs.evolve(value, uri=_absolute(uri, "dataset", os.path.exists), file_format=file_format)
    return value


def _absolute(uri: str, what: str, exists: Callable[[str], bool]) -> str:
    if is_remote(uri):
        return uri
    path = uri.removeprefix("file://")
    if not (path and exists(path)):
        raise LiteralError(f"there is no {what} {uri}.")
    return os.path.abspath(path)
