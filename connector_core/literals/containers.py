"""Lists, tuples, sets and dicts."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralType
from connector_core.literals.kinds import Kind, Scope, deeper, fill_from_literal, msgpack_type
from connector_core.literals.naming import short_repr
from connector_core.literals.paths import key_step, within
from connector_core.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["DictKind", "ListKind", "MapKind", "TupleKind", "check_name", "fill_map", "read_map"]


class ListKind(Kind):
    """A list, or a tuple or set of any length, of values of one type.

    Args:
        name: The type in Python notation.
        item: The kind of each value.
        make: The type that reading returns.
        accepted: The types that writing accepts; by default, `make`.
    """

    tag = "Typed List"
    packed_type: type | None = list

    def __init__(self, name: str, item: Kind, make: Any = list, accepted: tuple[Any, ...] = ()) -> None:
        self.name: str = name
        self.item = item
        self.python_type = make
        self.is_ordered: bool = item.is_ordered
        self._make = None if make is list else make
        self._accepted = accepted or (make,)

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return LiteralType(collection_type=self.item.literal_type(outer))

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "array"}
        if items := self.item.schema(outer):
            schema["items"] = items
        if self._make in (set, frozenset):
            schema["uniqueItems"] = True
        return schema

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if not isinstance(value, self._accepted):
            if fill_from_literal(literal, value):
                return
            raise self.refusal(value)
        literal.collection.SetInParent()
        inner, add, fill = scope.deeper(), literal.collection.literals.add, self.item.fill
        with within(lambda: f"[{len(literal.collection.literals) - 1}]"):
            for item in value:
                fill(add(), item, inner)

    def read(self, literal: Literal, depth: int) -> Any:
        if literal.WhichOneof("value") != "collection":
            return super().read(literal, depth)
        inner, read = deeper(depth), self.item.read
        return self._each(lambda item: read(item, inner), literal.collection.literals)

    def pack(self, value: Any, scope: Scope) -> Any:
        if not isinstance(value, self._accepted):
            raise self.refusal(value)
        items: list[Any] = []
        pack = self.item.pack
        with within(lambda: f"[{len(items)}]"):
            for item in value:
                items.append(pack(item, scope))  # noqa: PERF401
        return items

    def unpack(self, packed: Any) -> Any:
        if type(packed) is not list:
            raise self.refusal(packed)
        return self._each(self.item.unpack, packed)

    def _each(self, convert: Callable[[Any], Any], items: Iterable[Any]) -> Any:
        values: list[Any] = []
        with within(lambda: f"[{len(values)}]"):
            for item in items:
                values.append(convert(item))  # noqa: PERF401
        if self._make is None:
            return values
        try:
            return self._make(values)
        except TypeError as error:  # A value is not hashable.
            raise LiteralError(f"the values cannot be in a {self._make.__name__}: {error}.") from error


class TupleKind(Kind):
    """A tuple of fixed length, with a type for each item. Flyte has no such type, so it is sent as msgpack."""

    tag = "tuple"
    python_type = tuple
    packed_type: type | None = list

    def __init__(self, name: str, items: tuple[Kind, ...]) -> None:
        self.name: str = name
        self.items = items
        self.is_ordered: bool = any(item.is_ordered for item in items)

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return msgpack_type()

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        size = len(self.items)
        if not size:
            return {"type": "array", "maxItems": 0}
        return {
            "type": "array",
            "prefixItems": [item.schema(outer) for item in self.items],
            "minItems": size,
            "maxItems": size,
        }

    def pack(self, value: Any, scope: Scope) -> Any:
        return self._each(value, tuple, [partial(kind.pack, scope=scope) for kind in self.items])

    def unpack(self, packed: Any) -> Any:
        return tuple(self._each(packed, list, [kind.unpack for kind in self.items]))

    def _each(
        self, values: Any, expected: type[list[Any]] | type[tuple[Any, ...]], convert: list[Callable[[Any], Any]]
    ) -> list[Any]:
        if not isinstance(values, expected):
            raise self.refusal(values)
        if len(values) != len(convert):
            raise LiteralError(f"expected {self}, got {len(values)} values.")
        converted: list[Any] = []
        with within(lambda: f"[{len(converted)}]"):
            for item, one in zip(values, convert, strict=True):
                converted.append(one(item))
        return converted


class DictKind(Kind):
    """A dict whose keys are not strings. The keys of Flyte's map are strings, so the dict is sent as msgpack.

    Args:
        name: The type in Python notation.
        key: The kind of the keys.
        value: The kind of the values.
    """

    tag = "Typed Dict"
    python_type = dict
    packed_type: type | None = dict

    def __init__(self, name: str, key: Kind, value: Kind) -> None:
        self.name: str = name
        self.key = key
        self.value = value
        self.is_ordered: bool = key.is_ordered or value.is_ordered

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return msgpack_type()

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        parts = {"additionalProperties": self.value.schema(outer), "propertyNames": self.key.schema(outer)}
        return {"type": "object", **{name: part for name, part in parts.items() if part}}

    def pack(self, value: Any, scope: Scope) -> Any:
        if not isinstance(value, dict):
            raise self.refusal(value)
        return self._each(value, partial(self.key.pack, scope=scope), partial(self.value.pack, scope=scope))

    def unpack(self, packed: Any) -> Any:
        if type(packed) is not dict:
            raise self.refusal(packed)
        return self._each(packed, self._unpack_key, self.value.unpack)

    def _each(
        self, items: dict[Any, Any], convert_key: Callable[[Any], Any], convert_value: Callable[[Any], Any]
    ) -> dict[Any, Any]:
        converted: dict[Any, Any] = {}
        key: Any = None
        try:
            with within(lambda: key_step(key)):
                for key, item in items.items():
                    converted[convert_key(key)] = convert_value(item)
        except TypeError as error:
            raise LiteralError(f"a key of {self} cannot be a dict key: {error}.") from error
        return converted

    def _unpack_key(self, packed: Any) -> Any:
        """Return the key. JSON and protobuf Struct have strings for numbers."""
        try:
            return self.key.unpack(packed)
        except LiteralError:
            if type(packed) is not str:
                raise
            try:
                return self.key.unpack(json.loads(packed))
            except ValueError:  # Also a LiteralError.
                pass
            raise


class MapKind(DictKind):
    """``dict[str, T]``, which is Flyte's map."""

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return LiteralType(map_value_type=self.value.literal_type(outer))

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if isinstance(value, dict):
            fill_map(literal, value, self.value, scope)
        elif not fill_from_literal(literal, value):
            raise self.refusal(value)

    def read(self, literal: Literal, depth: int) -> Any:
        if literal.WhichOneof("value") != "map":
            return super().read(literal, depth)
        return read_map(literal, self.value, depth)


def fill_map(literal: Literal, values: dict[Any, Any], kind: Kind, scope: Scope) -> None:
    """Write a dict as a map of literals."""
    literal.map.SetInParent()
    inner, literals, fill = scope.deeper(), literal.map.literals, kind.fill
    for name in values:
        check_name(name)
    name = ""
    with within(lambda: f".{name}"):
        for name, value in values.items():
            fill(literals[name], value, inner)


def read_map(literal: Literal, kind: Kind, depth: int) -> dict[str, Any]:
    """Return the dict of a map of literals."""
    inner, read = deeper(depth), kind.read
    values: dict[str, Any] = {}
    name = ""
    with within(lambda: f".{name}"):
        for name, item in literal.map.literals.items():
            values[name] = read(item, inner)
    return values


def check_name(name: Any) -> None:
    """Check the name of a literal.

    Raises:
        LiteralError: if it is not a str, is a Secret, or is not valid Unicode.
    """
    if not isinstance(name, str) or isinstance(name, Secret):
        raise LiteralError(f"a name must be a str, got {short_repr(name)}.")
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise LiteralError(f"the name {name!r} is not valid Unicode: {error.reason}.") from error
