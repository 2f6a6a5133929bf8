"""``-i NAME[:TYPE]=VALUE``: the inputs of a task, each by its type."""

from __future__ import annotations

import ast
import json
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any

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

__all__ = ["read_inputs"]


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
            values[name] = _read_value(text, types[name])
        except LiteralError as error:
            raise WrongUse(f"-i {left} cannot be read: {error}") from error
        except RecursionError as error:
            raise WrongUse(f"-i {left} cannot be read: it is nested too deeply.") from error
    return values, types if any(kind is not ANYTHING for kind in types.values()) else None


ANYTHING = LiteralType()
"""The type of an input that none is given for: a LiteralType that says nothing."""

_TYPES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (int, float, str, bool, bytes, date, datetime, timedelta)},
    **{kind.__name__: kind for kind in (list, tuple, set, dict, File, Directory, StructuredDataset)},
}


def _read_type(text: str) -> Any:
    try:
        return _type_of(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError) as error:
        if isinstance(error, LiteralError):
            raise
        raise LiteralError(f"{text!r} is no type; write one such as int, list[date] or float | None.") from error


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
        case ast.Subscript(value=ast.Name(id="list" | "tuple" | "set" | "dict" as name), slice=ast.Tuple(elts=parts)):
            return _TYPES[name][tuple(map(_argument_of, parts))]
        case ast.Subscript(value=ast.Name(id="list" | "tuple" | "set" as name), slice=part):
            return _TYPES[name][_argument_of(part)]
    raise ValueError(ast.unparse(node))


def _argument_of(node: ast.expr) -> Any:
    return ... if isinstance(node, ast.Constant) and node.value is ... else _type_of(node)


def _read_value(text: str, python_type: Any) -> Any:
    if text.startswith("@@"):
        text = text[1:]
    elif text.startswith("@"):
        data = _read_file(text[1:])
        if python_type is bytes:
            return data
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise LiteralError(f"the file {text[1:]!r} is no UTF-8 text; give it the type bytes.") from error
    if python_type is ANYTHING:
        try:
            return json.loads(text, parse_constant=_no_json)
        except ValueError:
            return text
    return _convert(text, kind_of(python_type))


def _read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise LiteralError(f"the file {path!r}: {error.strerror}; a text that begins with @ is written @@.") from error


def _convert(text: str, kind: Kind) -> Any:
    """The value that a text is of a kind; None before all else, then in the order of the variants."""
    if isinstance(kind, UnionKind):
        for variant in sorted(kind.variants, key=lambda variant: variant.python_type is not NoneType):
            try:
                return _convert(text, variant)
            except LiteralError:
                continue
        raise LiteralError(f"expected {kind}, got {text!r:.80}.")
    if kind.python_type is str:
        return text
    if kind.python_type is bytes:
        return text.encode()
    if kind.python_type is NoneType and text in ("None", "none", "null"):
        return None
    if kind.python_type is timedelta and text[:1] in ("P", "-", "+"):
        try:
            return msgspec.convert(text, timedelta)
        except msgspec.ValidationError:
            pass
    value = _unpack(text, kind)
    return _existing(value) if isinstance(value, StructuredDataset) else value


def _unpack(text: str, kind: Kind) -> Any:
    try:
        packed = json.loads(text, parse_constant=_no_json)
    except ValueError:
        return kind.unpack(text)
    try:
        return kind.unpack(packed)
    except LiteralError:
        # A date or a path may be JSON, such as 20260302.
        if isinstance(packed, int | float) and kind.packed_type not in (int, float, bool, list, dict, NoneType):
            return kind.unpack(text)
        raise


def _existing(dataset: StructuredDataset) -> StructuredDataset:
    """A dataset that is there, with the format that its name says."""
    uri = str(dataset.uri)
    if not is_remote(uri) and not Path(uri).exists():
        raise LiteralError(f"there is no dataset {uri}.")
    suffix = Path(uri).suffix.removeprefix(".")
    return attrs.evolve(dataset, file_format=suffix) if suffix in ("csv", "parquet") else dataset


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is Python's, and no JSON")
