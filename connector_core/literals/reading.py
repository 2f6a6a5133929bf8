"""Literals to Python values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, get_args, get_origin

import msgspec
from google.protobuf.json_format import MessageToDict

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralMap, LiteralType, Primitive, Scalar
from connector_core.literals.converters import converter_for
from connector_core.literals.types import KNOWN, SIMPLE_TYPES, spell
from connector_core.literals.writing import MAX_DEPTH, MSGPACK

__all__ = ["from_literal", "from_literal_map"]


def from_literal(literal: Literal, python_type: Any = None, *, path: str = "") -> Any:
    """The Python value of a Flyte literal.

    Args:
        literal: The literal.
        python_type: The type that is wanted; ``Literal`` for the literal itself. None: what the literal itself says;
            one that stands for something elsewhere (a blob, a structured dataset) is then returned as it is.
        path: Where the literal stands, for the error.

    Raises:
        LiteralError: The literal holds another type, or is malformed.
    """
    return _read(literal, python_type, path, MAX_DEPTH)


def from_literal_map(
    literals: LiteralMap | None, types: Mapping[str, Any] | None = None, *, path: str = ""
) -> dict[str, Any]:
    """The Python values of literals by name.

    Args:
        literals: The literals by name; None, as a connector's ``inputs`` may be, is as good as none of them.
        types: The declared types by name, whose order the result has; None: nothing is declared.
        path: Where the literals stand, such as ``outputs``.

    Raises:
        LiteralError: A declared name is missing, or a literal is not of its type.
    """
    found = LiteralMap().literals if literals is None else literals.literals
    for name in types or ():
        if name not in found:
            there = f"there are: {', '.join(sorted(found))}" if found else "there is none"
            raise LiteralError(f"the value is missing; {there}.", path=f"{path}.{name}" if path else name)
    return {
        name: _read(found[name], types[name] if types else None, f"{path}.{name}" if path else name, MAX_DEPTH)
        for name in (found if types is None else types)
    }


def _read(literal: Literal, kind: Any, path: str, depth: int) -> Any:
    if depth == 0:
        raise LiteralError(f"nested deeper than {MAX_DEPTH} levels.", path=path)
    if kind is Literal:
        return literal
    if kind is None or isinstance(kind, LiteralType):
        return _read_untyped(literal, path, depth)
    if kind in SIMPLE_TYPES:
        return _coerce(_read_untyped(literal, path, depth), kind, path)
    if (converter := converter_for(kind)) is not None:
        return converter.from_literal(literal)
    origin = get_origin(kind) or kind
    if origin is list:
        return _read_list(literal, get_args(kind), path, depth)
    if origin is dict:
        return _read_dict(literal, get_args(kind), path, depth)
    raise LiteralError(f"cannot read a {spell(kind)}; ask for {KNOWN}, or add a LiteralConverter for it.", path=path)


def _read_untyped(literal: Literal, path: str, depth: int) -> Any:
    match literal.WhichOneof("value"):
        case "scalar":
            return _read_scalar(literal, literal.scalar, path, depth)
        case "collection":
            return _read_list(literal, (), path, depth)
        case "map":
            return _read_dict(literal, (), path, depth)
        case None:
            raise LiteralError("the literal holds no value.", path=path)
        case _:
            return literal


def _read_list(literal: Literal, arguments: tuple[Any, ...], path: str, depth: int) -> list[Any]:
    if literal.WhichOneof("value") != "collection":
        raise LiteralError(f"expected list, got {_spell_literal(literal)}.", path=path)
    item_type = arguments[0] if arguments else None
    items = literal.collection.literals
    return [_read(item, item_type, f"{path}[{index}]", depth - 1) for index, item in enumerate(items)]


def _read_dict(literal: Literal, arguments: tuple[Any, ...], path: str, depth: int) -> dict[Any, Any]:
    if literal.WhichOneof("value") == "map":
        item_type = arguments[1] if arguments else None
        items = literal.map.literals.items()
        return {key: _read(item, item_type, f"{path}.{key}" if path else key, depth - 1) for key, item in items}
    value = _read_untyped(literal, path, depth)
    if not isinstance(value, dict):
        raise LiteralError(f"expected dict, got {_spell_literal(literal)}.", path=path)
    return value


def _read_scalar(literal: Literal, scalar: Scalar, path: str, depth: int) -> Any:
    match scalar.WhichOneof("value"):
        case "primitive":
            return _read_primitive(scalar.primitive, path)
        case "none_type":
            return None
        case "binary" if scalar.binary.tag == MSGPACK:
            try:
                return msgspec.msgpack.decode(scalar.binary.value, strict=True)
            except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
                raise LiteralError(f"its msgpack bytes are malformed: {error}.", path=path) from error
        case "generic":
            return MessageToDict(scalar.generic)
        case "union":
            return _read(scalar.union.value, None, path, depth - 1)
        case None:
            raise LiteralError("the literal holds no value.", path=path)
        case _:
            return literal


def _read_primitive(primitive: Primitive, path: str) -> Any:
    field = primitive.WhichOneof("value")
    if field is None:
        raise LiteralError("the literal holds no value.", path=path)
    value: Any = getattr(primitive, field)
    try:
        if field == "datetime":
            return value.ToDatetime(tzinfo=UTC)
        return value.ToTimedelta() if field == "duration" else value
    except (ValueError, OverflowError) as error:
        raise LiteralError(f"the {field} is out of range: {error}.", path=path) from error


def _coerce(value: Any, kind: type, path: str) -> Any:
    """The conversions that flytekit makes: the console writes 3 for 3.0 and 3.0 for 3, and a date is a datetime."""
    match kind, value:
        case (t, v) if type(v) is t:
            return v
        case (t, float()) if t is int and value.is_integer():
            return int(value)
        case (t, int()) if t is float and type(value) is int:
            return float(value)
        case (t, datetime()) if t is date:
            return value.date()
    raise LiteralError(f"expected {spell(kind)}, got {spell(type(value))}.", path=path)


def _spell_literal(literal: Literal) -> str:
    held = literal.WhichOneof("value")
    if held != "scalar":
        return str(held)
    scalar = literal.scalar.WhichOneof("value")
    return str(literal.scalar.primitive.WhichOneof("value") if scalar == "primitive" else scalar)
