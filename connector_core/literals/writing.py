"""Python values to literals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import NoneType
from typing import Any, get_args, get_origin

import msgspec

from connector_core.errors import LiteralError
from connector_core.idl import (
    Binary,
    Duration,
    Literal,
    LiteralCollection,
    LiteralMap,
    LiteralType,
    Primitive,
    Scalar,
    Timestamp,
    Void,
)
from connector_core.literals.converters import converter_for
from connector_core.literals.types import KNOWN, SIMPLE_TYPES, spell
from connector_core.secrets import Secret

__all__ = ["MAX_DEPTH", "MSGPACK", "to_literal", "to_literal_map"]

MAX_DEPTH = 40
"""Levels of lists and dicts: protobuf refuses messages nested deeper than 100, and each level takes two."""

MSGPACK = "msgpack"
"""The tag of a Binary scalar that flytekit writes for a dict."""


def to_literal(value: Any, python_type: Any = None, *, path: str = "") -> Literal:
    """The Flyte literal of a value.

    A dict is written as flytekit writes it: with its type given as ``dict[str, T]`` as a map, otherwise as msgpack. One
    that holds what msgpack cannot (a datetime, a Literal) becomes a map too.

    Args:
        value: A value of a known type; a Literal is returned as it is.
        python_type: The declared type, which the value is checked against; None, or a LiteralType: the value's own.
        path: Where the value stands, for the error.

    Raises:
        LiteralError: The value is of another type, or of none that is known.
    """
    return _write(value, python_type, path, MAX_DEPTH)


def to_literal_map(
    values: Mapping[str, Any] | LiteralMap, types: Mapping[str, Any] | None = None, *, path: str = ""
) -> LiteralMap:
    """The literals of values by name.

    Args:
        values: Values by name; a LiteralMap is returned as it is.
        types: The declared types by name: each name must have a value, and no other may. None: nothing is declared.
        path: Where the values stand, such as ``inputs``.

    Raises:
        LiteralError: A name is missing or unknown, or a value is not of its type.
    """
    if isinstance(values, LiteralMap):
        return values
    if not isinstance(values, Mapping):
        raise LiteralError(f"expected values by name, got {spell(type(values))}.", path=path)
    if types is not None:
        _check_names(values, types, path)
    names = values if types is None else types
    return LiteralMap(
        literals={
            _name(name, path): _write(values[name], types[name] if types else None, _join(path, name), MAX_DEPTH)
            for name in names
        }
    )


def _write(value: Any, kind: Any, path: str, depth: int) -> Literal:
    if isinstance(value, Literal):
        return value
    if isinstance(value, LiteralMap):
        return Literal(map=value)
    if depth == 0:
        raise LiteralError(f"nested deeper than {MAX_DEPTH} levels.", path=path)
    if kind is None or isinstance(kind, LiteralType):
        kind = type(value)
    if kind in SIMPLE_TYPES:
        return Literal(scalar=_scalar(value, kind, path))
    if (converter := converter_for(kind)) is not None:
        return converter.to_literal(value)
    origin = get_origin(kind) or kind
    if origin is list:
        return _collection(value, get_args(kind), path, depth)
    if origin is dict:
        return _dict(value, get_args(kind), path, depth)
    raise LiteralError(
        f"{spell(kind)} is no type that Flyte has; use {KNOWN}, or add a LiteralConverter for it.", path=path
    )


def _scalar(value: Any, kind: type, path: str) -> Scalar:
    accepted = _ACCEPTED.get(kind, (kind,))
    if type(value) not in accepted:
        raise LiteralError(f"expected {spell(kind)}, got {spell(type(value))}.", path=path)
    try:
        return _SCALAR_OF[kind](value)
    except UnicodeEncodeError as error:
        raise LiteralError(f"the text is no valid Unicode: {error.reason}.", path=path) from error
    except (ValueError, OverflowError) as error:
        raise LiteralError(f"{value!r:.80} is out of the range that Flyte can hold: {error}.", path=path) from error


def _collection(value: Any, arguments: tuple[Any, ...], path: str, depth: int) -> Literal:
    if not isinstance(value, list):
        raise LiteralError(f"expected list, got {spell(type(value))}.", path=path)
    item_type = arguments[0] if arguments else None
    items = [_write(item, item_type, f"{path}[{index}]", depth - 1) for index, item in enumerate(value)]
    return Literal(collection=LiteralCollection(literals=items))


def _dict(value: Any, arguments: tuple[Any, ...], path: str, depth: int) -> Literal:
    if not isinstance(value, dict):
        raise LiteralError(f"expected dict, got {spell(type(value))}.", path=path)
    typed_map = bool(arguments) and arguments[0] is str
    if not typed_map and _is_plain(value, depth):
        try:
            return Literal(scalar=Scalar(binary=Binary(value=msgspec.msgpack.encode(value), tag=MSGPACK)))
        except (ValueError, OverflowError) as error:
            raise LiteralError(f"it cannot be written: {error}.", path=path) from error
    item_type = arguments[1] if typed_map else None
    items = {_name(key, path): _write(item, item_type, _join(path, key), depth - 1) for key, item in value.items()}
    return Literal(map=LiteralMap(literals=items))


def _is_plain(value: Any, depth: int) -> bool:
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(_is_plain(key, 1) and _is_plain(item, depth - 1) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_plain(item, depth - 1) for item in value)
    return type(value) in _PLAIN


def _check_names(values: Mapping[str, Any], types: Mapping[str, Any], path: str) -> None:
    declared = f"declared are: {', '.join(types)}" if types else "none is declared"
    for name in values:
        if name not in types:
            raise LiteralError(f"there is no such name; {declared}.", path=_join(path, name))
    for name, kind in types.items():
        if name not in values:
            raise LiteralError(f"a value is missing, expected {spell(kind)}.", path=_join(path, name))


def _name(name: Any, path: str) -> str:
    if not isinstance(name, str) or isinstance(name, Secret):
        raise LiteralError(f"a name must be a str, got {name!r}.", path=path)
    return name


def _join(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _timestamp(value: datetime) -> Scalar:
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return Scalar(primitive=Primitive(datetime=stamp))


def _duration(value: timedelta) -> Scalar:
    if abs(value) > _LONGEST:
        raise ValueError("a duration is at most 10,000 years")
    duration = Duration()
    duration.FromTimedelta(value)
    return Scalar(primitive=Primitive(duration=duration))


_LONGEST = timedelta(seconds=315_576_000_000)
"""google.protobuf.Duration: from -315,576,000,000 to +315,576,000,000 seconds."""

_SCALAR_OF = {
    int: lambda value: Scalar(primitive=Primitive(integer=value)),
    float: lambda value: Scalar(primitive=Primitive(float_value=value)),
    bool: lambda value: Scalar(primitive=Primitive(boolean=value)),
    str: lambda value: Scalar(primitive=Primitive(string_value=value)),
    NoneType: lambda value: Scalar(none_type=Void()),
    datetime: _timestamp,
    date: lambda value: _timestamp(datetime.combine(value, time.min, UTC)),
    timedelta: _duration,
}

_ACCEPTED: dict[type, tuple[type, ...]] = {float: (float, int)}

_PLAIN = frozenset({NoneType, bool, int, float, str, bytes})
