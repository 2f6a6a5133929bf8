"""Reads google.protobuf.Struct, which Flyte's console and old releases of flytekit send instead of msgpack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct, Value

__all__ = ["dict_from_protobuf"]


def dict_from_protobuf(struct: Struct) -> dict[str, Any]:
    """Return the struct as a dict.

    A Struct has floats only. A whole number that a float represents exactly becomes an int.
    """
    return {name: _from_value(value) for name, value in struct.fields.items()}


def _from_value(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) <= _EXACT else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return dict_from_protobuf(value.struct_value)
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case _:
            return None


_EXACT = 2**53
