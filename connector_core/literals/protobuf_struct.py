"""google.protobuf.Struct: how Flyte's console, and flytekit of old, send what msgpack carries now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct, Value

__all__ = ["dict_from_protobuf"]


def dict_from_protobuf(struct: Struct) -> dict[str, Any]:
    """The struct as a dict. Its only number is a float: a whole one that a float holds exactly becomes an int again."""
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
