"""Python types to LiteralTypes: what an interface declares."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import NoneType
from typing import Any, get_args, get_origin

from connector_core.errors import LiteralError
from connector_core.idl import LiteralType, SimpleType, TypeAnnotation
from connector_core.literals.converters import converter_for

__all__ = ["SIMPLE_TYPES", "literal_type", "spell"]

SIMPLE_TYPES: dict[Any, SimpleType] = {
    int: SimpleType.INTEGER,
    float: SimpleType.FLOAT,
    bool: SimpleType.BOOLEAN,
    str: SimpleType.STRING,
    NoneType: SimpleType.NONE,
    datetime: SimpleType.DATETIME,
    date: SimpleType.DATETIME,
    timedelta: SimpleType.DURATION,
}


def literal_type(python_type: Any) -> LiteralType:
    """The LiteralType of a Python type.

    Args:
        python_type: A type, a generic such as ``list[int]`` or ``dict[str, float]``, None, or a LiteralType, which is
            returned as it is. A plain ``dict`` is a STRUCT, and travels as msgpack, as it does in flytekit.

    Raises:
        LiteralError: The type is not known, or does not say what it holds.
    """
    if isinstance(python_type, LiteralType):
        return python_type
    kind = NoneType if python_type is None else python_type
    if (simple := SIMPLE_TYPES.get(kind)) is not None:
        return LiteralType(simple=simple)
    if (converter := converter_for(kind)) is not None:
        return converter.literal_type
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin is list and arguments:
        return LiteralType(collection_type=literal_type(arguments[0]))
    if origin is dict and arguments and arguments[0] is str:
        return LiteralType(map_value_type=literal_type(arguments[1]))
    if origin is dict:
        annotation = TypeAnnotation()
        annotation.annotations.update({"cache-key-metadata": {"serialization-format": "msgpack"}})
        return LiteralType(simple=SimpleType.STRUCT, annotation=annotation)
    if origin is list:
        raise LiteralError("a list must say what it holds, such as list[int].")
    raise LiteralError(f"no literal type for {spell(kind)}; use {KNOWN}, or add a LiteralConverter for it.")


def spell(python_type: Any) -> str:
    """The type as a person would write it."""
    if python_type is None or python_type is NoneType:
        return "None"
    if isinstance(python_type, type) and not get_args(python_type):
        return python_type.__name__
    return str(python_type).replace("typing.", "")


KNOWN = "int, float, bool, str, None, datetime, date, timedelta, list or dict"
