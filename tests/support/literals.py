"""Send literals as between processes, and read the messages of their errors."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from connector_core import LiteralError, from_literal, to_literal
from connector_core.idl import Binary, Literal, Primitive, Scalar

__all__ = [
    "msgpack",
    "nested",
    "offloaded",
    "packed",
    "primitive",
    "refusal",
    "refusal_in_reading",
    "same",
    "sent",
    "struct",
    "travelled",
    "union",
]


def sent(literal: Literal) -> Literal:
    """Return the literal as another process receives it."""
    return Literal.FromString(literal.SerializeToString())


def travelled(value: Any, python_type: Any = None, read_as: Any = None) -> Any:
    """Return the value as another process receives it."""
    return from_literal(sent(to_literal(value, python_type)), python_type if read_as is None else read_as)


def refusal(value: Any, python_type: Any = None, path: str = "p") -> str:
    """Return the message for a value that cannot become a literal."""
    with pytest.raises(LiteralError) as refused:
        to_literal(value, python_type, path=path)
    assert refused.value.path.startswith(path)
    return str(refused.value)


def refusal_in_reading(literal: Literal, python_type: Any = None, path: str = "p") -> str:
    """Return the message for a literal that is not such a value."""
    with pytest.raises(LiteralError) as refused:
        from_literal(literal, python_type, path=path)
    assert refused.value.path.startswith(path)
    return str(refused.value)


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, and all their parts have the same types."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return all(map(same, sorted(one.items(), key=repr), sorted(other.items(), key=repr))) and len(one) == len(other)
    return bool(one == other)


def primitive(**value: Any) -> Literal:
    """Return the literal of a number, a text or a time."""
    return Literal(scalar=Scalar(primitive=Primitive(**value)))


def msgpack(value: Any) -> Literal:
    """Return the literal of plain data, as flytekit writes it."""
    return Literal(scalar=Scalar(binary=Binary(value=msgspec.msgpack.encode(value), tag="msgpack")))


def packed(literal: Literal) -> Any:
    """Return the plain data that a literal holds as msgpack."""
    assert literal.scalar.binary.tag == "msgpack"
    return msgspec.msgpack.decode(literal.scalar.binary.value)


def struct(value: dict[str, Any]) -> Literal:
    """Return the literal of a record, as Flyte's console sends it."""
    literal = Literal()
    literal.scalar.generic.update(value)
    return literal


def union(value: Literal) -> Literal:
    """Return the literal in a union that does not name its variant."""
    literal = Literal()
    literal.scalar.union.value.CopyFrom(value)
    return literal


def offloaded(uri: str) -> Literal:
    """Return the literal that stands for the one at a URI."""
    literal = Literal()
    literal.offloaded_metadata.SetInParent()
    literal.offloaded_metadata.uri = uri
    return literal


def nested(depth: int, value: Any, kind: str) -> Any:
    """Return the value in the given number of nested lists or dicts."""
    for _ in range(depth):
        value = [value] if kind == "list" else {"x": value}
    return value
