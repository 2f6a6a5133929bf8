"""``-i NAME[:TYPE]=VALUE``: the inputs of a task, each by its type."""

from __future__ import annotations

import ast
import json
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

from connector_core.cli.failing import WrongUse
from connector_core.errors import LiteralError
from connector_core.idl import LiteralType
from connector_core.literals import Directory, File, StructuredDataset
from connector_core.literals.kinds import Kind
from connector_core.literals.types import kind_of
from connector_core.literals.unions import UnionKind
from connector_core.literals.uris import is_remote

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["json_or_text", "read_inputs"]


def read_inputs(words: list[str]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The values and the types of the inputs by name.

    Args:
        words: What stands after each ``-i``.

    Returns:
        The values; and the types, or None if no word has one. A name without a type is of any.

    Raises:
        WrongUse: A word is none that can be read.
    """
    values: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for word in words:
        left, equals, text = word.partition("=")
        name, colon, spelled = left.partition(":")
        if not (name and equals):
            raise WrongUse(f"-i {word!r} cannot be read: write it as NAME=VALUE, such as -i x=1.")
        if name in values:
            raise WrongUse(f"-i {name} is given twice; give it once.")
        try:
            types[name] = _read_type(spelled) if colon else ANYTHING
            content = _content(text)
            values[name] = _value(content, kind_of(types[name])) if colon else json_or_text(_decoded(content))
        except LiteralError as error:
            raise WrongUse(f"-i {left:.80} cannot be read: {error}") from error
        except (RecursionError, MemoryError) as error:  # The parser of Python raises either.
            raise WrongUse(f"-i {left:.80} cannot be read: it is nested too deeply.") from error
    return values, types if any(kind is not ANYTHING for kind in types.values()) else None


def json_or_text(text: str) -> Any:
    """What a value without a type is: JSON where it parses as JSON, text otherwise."""
    try:
        return _json(text)
    except ValueError:
        return text


ANYTHING = LiteralType()
"""The type of an input that none is given for: a LiteralType that says nothing."""

_TYPES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (int, float, str, bool, bytes, date, datetime, timedelta)},
    "None": NoneType,
    **{kind.__name__: kind for kind in (list, tuple, set, dict, File, Directory, StructuredDataset)},
}


def _read_type(text: str) -> Any:
    try:
        return _type_of(ast.parse(text.strip(), mode="eval").body)
    except LiteralError:
        raise
    except (SyntaxError, ValueError) as error:
        raise LiteralError(f"{text!r:.80} is no type; write one such as int, list[date] or float | None.") from error


def _type_of(node: ast.expr) -> Any:
    match node:
        case ast.Name(id=name) if name in _TYPES:
            return _TYPES[name]
        case ast.Name(id=name):
            near = get_close_matches(name, _TYPES, n=1)
            hint = f"did you mean {near[0]}? There" if near else "there"
            raise LiteralError(f"there is no type {name}; {hint} are: {', '.join(_TYPES)}.")
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
    raise ValueError(f"{generic.__name__} has not {len(parts)} parts")


def _content(text: str) -> bytes:
    """The value itself, or what is in the file that it names."""
    if text.startswith("@@"):
        return text[1:].encode()
    if text == "@-":
        return sys.stdin.buffer.read()
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_bytes()
        except OSError as error:
            raise LiteralError(
                f"the file {text[1:]!r}: {error.strerror}; a text that begins with @ is written @@."
            ) from error
    return text.encode()


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise LiteralError("its file is no UTF-8 text; give it the type bytes.") from error


def _value(content: bytes, kind: Kind) -> Any:
    """The value that is written so, of a kind."""
    if isinstance(kind, UnionKind):
        return _member(content, kind)
    if kind.python_type is bytes:
        return content
    text = _decoded(content)
    if kind.python_type is str:
        return text
    text = text.rstrip("\r\n")  # Of the last line of a file.
    if parse := _SCALARS.get(kind.python_type):
        try:
            return parse(text)
        except (LookupError, msgspec.ValidationError) as error:
            raise LiteralError(f"expected {kind}, got {text!r:.80}.") from error
    if kind.packed_type not in (list, dict):
        return _found(kind.unpack(text))
    try:
        packed = _json(text)
    except ValueError as error:
        raise LiteralError(f"expected JSON, got {text!r:.80}; quote it for the shell: -i 'NAME:TYPE=VALUE'.") from error
    return _found(kind.unpack(packed))


def _member(content: bytes, union: UnionKind) -> Any:
    """The value as the first member of the union that it can be, where None comes before all others."""
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
    """A number as JSON writes it, or nan or inf; a duration as seconds, or as ISO 8601 has it."""
    return partial(msgspec.convert, type=python_type, strict=False)


_SCALARS: dict[Any, Callable[[str], Any]] = {
    **{python_type: _lax(python_type) for python_type in (int, float, timedelta)},
    bool: {"true": True, "True": True, "false": False, "False": False}.__getitem__,
    NoneType: {"null": None, "none": None, "None": None}.__getitem__,
}


def _found(value: Any) -> Any:
    """The value, when all files and datasets in it are there: their paths begin where the command is typed.

    (A job may run elsewhere, so they are made absolute.)
    """
    match value:
        case list() | tuple() | set():
            return type(value)(map(_found, value))
        case dict():
            return {key: _found(item) for key, item in value.items()}
        case File():
            return attrs.evolve(value, uri=_place(value.uri, "file", os.path.isfile))
        case Directory():
            return attrs.evolve(value, uri=_place(value.uri, "directory", os.path.isdir))
        case StructuredDataset(uri=str(uri)):
            is_csv = uri.lower().endswith((".csv", ".csv.gz"))
            file_format = value.file_format or ("csv" if is_csv else "parquet")
            return attrs.evolve(value, uri=_place(uri, "dataset", os.path.exists), file_format=file_format)
    return value


def _place(uri: str, what: str, is_there: Callable[[str], bool]) -> str:
    if is_remote(uri):
        return uri
    path = uri.removeprefix("file://")
    if not (path and is_there(path)):
        raise LiteralError(f"there is no {what} {uri}.")
    return os.path.abspath(path)


def _json(text: str) -> Any:
    return json.loads(text, parse_constant=_no_json)


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is Python's, and no JSON")
