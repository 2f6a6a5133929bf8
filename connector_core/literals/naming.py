"""How error messages write types and values."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from connector_core.idl import Literal

__all__ = ["content_name", "short_repr", "type_name"]


def short_repr(value: Any) -> str:
    """Return the repr of a value, truncated to 80 characters."""
    try:
        return f"{value!r:.80}"
    except Exception:  # For instance for an int of more than 4300 digits.
        return f"this {type_name(type(value))}"


def type_name(python_type: Any) -> str:
    """Return the type in Python notation."""
    if python_type is None or python_type is NoneType:
        return "None"
    if isinstance(python_type, type) and not get_args(python_type):
        return python_type.__name__
    if isinstance(python_type, str):
        return repr(python_type)
    return str(python_type).replace("typing.", "")


def content_name(literal: Literal) -> str:
    """Return the name of the content of a literal, as a Python type if there is one."""
    held: str | None = literal.WhichOneof("value")
    if held == "scalar":
        held = literal.scalar.WhichOneof("value")
        if held == "primitive":
            held = literal.scalar.primitive.WhichOneof("value")
    if held is None:
        return "a literal that holds no value"
    return _WORDS.get(held, held)


_WORDS = {
    "integer": "int",
    "float_value": "float",
    "string_value": "str",
    "boolean": "bool",
    "duration": "timedelta",
    "none_type": "None",
    "collection": "list",
    "map": "dict",
}
