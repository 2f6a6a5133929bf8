"""The kinds of values without a declared type, and of the values in a dict or a list without item types."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import NoneType
from typing import TYPE_CHECKING, Any

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralMap, LiteralType, SimpleType
from connector_core.literals.containers import ListKind, fill_map, read_map
from connector_core.literals.kinds import (
    MSGPACK,
    Kind,
    Scope,
    decode_msgpack,
    deeper,
    fill_msgpack,
    msgpack_type,
)
from connector_core.literals.naming import type_name
from connector_core.literals.offloaded import fetch
from connector_core.literals.paths import key_step, within
from connector_core.literals.protobuf_struct import dict_from_protobuf
from connector_core.literals.scalars import SCALARS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ANY", "AnyRecordKind", "OnlyLiteralKind", "UntypedDictKind", "UntypedKind"]


class _AnyKind(Kind):
    """``Any``: plain data, sent as msgpack. An interface declares it as STRUCT, which Flyte does not inspect."""

    name = tag = "Any"

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return msgpack_type()

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return {}

    def read(self, literal: Literal, depth: int) -> Any:
        return read_untyped(literal, depth)

    def pack(self, value: Any, scope: Scope) -> Any:
        check_plain(value, scope.depth)
        return value

    def unpack(self, packed: Any) -> Any:
        return packed


ANY = _AnyKind()


class UntypedKind(_AnyKind):
    """A value without a declared type. Its own type, or the literal, determines the conversion."""

    def __init__(self, kind_of: Callable[[Any], Kind]) -> None:
        self._kind_of = kind_of
        self._list = ListKind("list", self, accepted=(list, tuple, set, frozenset))

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if isinstance(value, dict):
            try:
                check_plain(value, scope.depth)
            except LiteralError:
                fill_map(literal, value, self, scope)
            else:
                fill_msgpack(literal, value)
        elif type(value) in (list, tuple, set, frozenset):
            self._list.fill(literal, value, scope)
        else:
            self._kind_of(type(value)).fill(literal, value, scope)


class UntypedDictKind(_AnyKind):
    """``dict``: plain data, with keys of any plain type."""

    name = "dict"
    tag = "Typed Dict"
    python_type = dict
    packed_type: type | None = dict

    def __init__(self, untyped: Kind) -> None:
        self._untyped = untyped

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return {"type": "object"}

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if isinstance(value, dict) and any(isinstance(item, Literal | LiteralMap) for item in value.values()):
            fill_map(literal, value, self._untyped, scope)  # Only a map can contain literals.
        else:
            super().fill(literal, value, scope)

    def read(self, literal: Literal, depth: int) -> Any:
        return self.unpack(super().read(literal, depth))

    def pack(self, value: Any, scope: Scope) -> Any:
        if not isinstance(value, dict):
            raise self.refusal(value)
        return super().pack(value, scope)

    def unpack(self, packed: Any) -> Any:
        if type(packed) is not dict:
            raise self.refusal(packed)
        return packed


class AnyRecordKind(_AnyKind):
    """The type STRUCT of an interface: any record or plain data. Reading returns plain data."""

    name = "a record or a dict"

    def __init__(self, declared: LiteralType, kind_of: Callable[[Any], Kind]) -> None:
        self.tag: str = declared.structure.tag
        self._declared = declared
        self._kind_of = kind_of

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return self._declared

    def pack(self, value: Any, scope: Scope) -> Any:
        kind = self._kind_of(type(value))
        if kind.literal_type().simple != SimpleType.STRUCT:
            raise self.refusal(value)
        return kind.pack(value, scope)


class OnlyLiteralKind(Kind):
    """A type without an equivalent in Python. Writing accepts only a Literal, and reading returns the Literal."""

    name = tag = "Literal"

    def __init__(self, declared: LiteralType | None = None) -> None:
        self._declared = declared

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        if self._declared is None:
            raise LiteralError("a Literal may have any type; declare its LiteralType.")
        return self._declared

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return {}

    def read(self, literal: Literal, depth: int) -> Any:
        return literal

    def pack(self, value: Any, scope: Scope) -> Any:
        if isinstance(value, Literal | LiteralMap):
            raise LiteralError(f"a {type_name(type(value))} cannot be part of a record.")
        raise self.refusal(value)

    def unpack(self, packed: Any) -> Any:
        raise self.refusal(packed)


def read_untyped(literal: Literal, depth: int) -> Any:
    """Return the value of a literal, or the literal itself if Python has no equivalent."""
    match literal.WhichOneof("value"):
        case "scalar":
            return _read_scalar(literal, depth)
        case "collection":
            return ListKind("list", ANY).read(literal, depth)
        case "map":
            return read_map(literal, ANY, depth)
        case "offloaded_metadata":
            return read_untyped(fetch(literal.offloaded_metadata), deeper(depth))
        case None:
            raise LiteralError("the literal holds no value.")
        case _:
            return literal


def _read_scalar(literal: Literal, depth: int) -> Any:
    scalar = literal.scalar
    match scalar.WhichOneof("value"):
        case "primitive":
            kind = _KIND_OF_FIELD.get(scalar.primitive.WhichOneof("value") or "")
            if kind is None:
                raise LiteralError("the literal holds no value.")
            return kind.read(literal, depth)
        case "none_type":
            return None
        case "binary":
            # The caller has to decode any other format.
            if scalar.binary.tag == MSGPACK:
                return decode_msgpack(literal)
            return literal if scalar.binary.tag else scalar.binary.value
        case "generic":
            return dict_from_protobuf(scalar.generic)
        case "union":
            return read_untyped(scalar.union.value, deeper(depth))
        case "blob":
            from connector_core.literals.blobs import blob_kind

            return blob_kind(scalar.blob.metadata.type).read(literal, depth)
        case "structured_dataset":
            from connector_core.literals.datasets import DatasetKind

            return DatasetKind().read(literal, depth)
        case None:
            raise LiteralError("the literal holds no value.")
        case _:
            return literal


_KIND_OF_FIELD = {kind.field: kind for kind in map(SCALARS.get, (int, float, bool, str, datetime, timedelta))}  # type: ignore[union-attr]


def check_plain(value: Any, depth: int) -> None:
    """Check that msgpack can encode a value without changing it.

    Raises:
        LiteralError: if it cannot.
    """
    held = type(value)
    if held in _PLAIN:
        return
    if held is dict:
        inner = deeper(depth)
        for key in value:
            if type(key) not in _PLAIN:
                raise LiteralError(f"{type_name(type(key))} cannot be a dict key in plain data.")
        key = None
        with within(lambda: key_step(key)):
            for key, item in value.items():  # noqa: B007 - the lambda uses it
                check_plain(item, inner)
    elif held is list or held is tuple:
        inner = deeper(depth)
        index = 0
        with within(lambda: f"[{index}]"):
            for index, item in enumerate(value):  # noqa: B007 - the lambda uses it
                check_plain(item, inner)
    else:
        raise LiteralError(
            f"{type_name(held)} is not plain data (None, bool, int, float, str, bytes, and lists and dicts of them); "
            "declare the type of the container, such as dict[str, T] or a dataclass."
        )


_PLAIN = frozenset({NoneType, bool, int, float, str, bytes})
