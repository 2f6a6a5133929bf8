"""The kinds of numbers, strings, times, bytes, None, enums, Literal[...], and types that are sent as strings."""

from __future__ import annotations

import uuid
from base64 import b64decode
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, Any

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralType, SimpleType
from connector_core.literals.kinds import Kind, Scope, fill_from_literal
from connector_core.literals.naming import content_name, short_repr, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector_core.idl import Primitive

__all__ = ["SCALARS", "TEXTS", "EnumKind", "LiteralKind", "TextEnumKind"]


class _Scalar(Kind):
    """The base class for values that are primitives in Flyte."""

    simple: SimpleType
    field: str
    json: dict[str, Any]

    def __init__(self) -> None:
        self.name: str = type_name(self.python_type)
        self.tag: str = self.python_type.__name__

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return LiteralType(simple=self.simple)

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return dict(self.json)

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if type(value) is not self.python_type:
            if fill_from_literal(literal, value):
                return
            value = self.accept(value)
        try:
            self.set(literal.scalar.primitive, value)
        except UnicodeEncodeError as error:
            raise LiteralError(f"the string is not valid Unicode: {error.reason}.") from error
        except (ValueError, OverflowError) as error:
            raise LiteralError(f"{short_repr(value)} is out of the range that Flyte can hold: {error}.") from error

    def read(self, literal: Literal, depth: int) -> Any:
        primitive = literal.scalar.primitive
        held = primitive.WhichOneof("value")
        if held == self.field:
            return self.get(primitive)
        if held is None:
            return super().read(literal, depth)
        return self.read_other(literal)

    def pack(self, value: Any, scope: Scope) -> Any:
        return value if type(value) is self.python_type else self.accept(value)

    def unpack(self, packed: Any) -> Any:
        return packed if type(packed) is self.packed_type else self.convert(packed)

    def set(self, primitive: Primitive, value: Any) -> None:
        """Set the primitive to a value of exactly this type."""
        setattr(primitive, self.field, value)

    def get(self, primitive: Primitive) -> Any:
        """Return the value of a primitive of exactly this type."""
        return getattr(primitive, self.field)

    def read_other(self, literal: Literal) -> Any:
        """Return the value of another primitive as one of this type, or refuse it."""
        raise LiteralError(f"expected {self}, got {content_name(literal)}.")

    def accept(self, value: Any) -> Any:
        """Return a value of another Python type as one of this type, or refuse it."""
        raise self.refusal(value)

    def convert(self, packed: Any) -> Any:
        """Return a packed value of another type, such as JSON has it, as one of this type, or refuse it."""
        raise self.refusal(packed)


class _Int(_Scalar):
    python_type = int
    packed_type: type | None = int
    simple, field, json = SimpleType.INTEGER, "integer", {"type": "integer"}

    def set(self, primitive: Primitive, value: Any) -> None:
        primitive.integer = value

    def get(self, primitive: Primitive) -> Any:
        return primitive.integer

    def pack(self, value: Any, scope: Scope) -> Any:
        value = super().pack(value, scope)
        if not _LEAST <= value <= _MOST:
            raise LiteralError(f"{short_repr(value)} is out of the range that msgpack can hold, 64 bits.")
        return value

    def read_other(self, literal: Literal) -> Any:
        # Flyte's console is written in JavaScript and sends 3.0 for 3.
        primitive = literal.scalar.primitive
        return self.convert(primitive.float_value) if primitive.HasField("float_value") else super().read_other(literal)

    def convert(self, packed: Any) -> Any:
        if type(packed) is float and packed.is_integer():
            return int(packed)
        raise self.refusal(packed)


_LEAST, _MOST = -(2**63), 2**64 - 1


class _Float(_Scalar):
    python_type = float
    packed_type: type | None = float
    simple, field, json = SimpleType.FLOAT, "float_value", {"type": "number"}

    def set(self, primitive: Primitive, value: Any) -> None:
        primitive.float_value = value

    def get(self, primitive: Primitive) -> Any:
        return primitive.float_value

    def read_other(self, literal: Literal) -> Any:
        primitive = literal.scalar.primitive
        return float(primitive.integer) if primitive.HasField("integer") else super().read_other(literal)

    def accept(self, value: Any) -> Any:
        return self.convert(value)

    def convert(self, packed: Any) -> Any:
        if type(packed) is int:
            try:
                return float(packed)
            except OverflowError as error:
                raise LiteralError(f"{short_repr(packed)} is out of the range of a float.") from error
        raise self.refusal(packed)


class _Bool(_Scalar):
    python_type = bool
    packed_type: type | None = bool
    simple, field, json = SimpleType.BOOLEAN, "boolean", {"type": "boolean"}


class _Str(_Scalar):
    python_type = str
    packed_type: type | None = str
    simple, field, json = SimpleType.STRING, "string_value", {"type": "string"}


class _None(_Scalar):
    python_type = NoneType
    packed_type: type | None = NoneType
    simple, json = SimpleType.NONE, {"type": "null"}

    def __init__(self) -> None:
        super().__init__()
        self.tag: str = "none"

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if value is None:
            literal.scalar.none_type.SetInParent()
        elif not fill_from_literal(literal, value):
            raise self.refusal(value)

    def read(self, literal: Literal, depth: int) -> Any:
        return None if literal.scalar.WhichOneof("value") == "none_type" else Kind.read(self, literal, depth)


class _Datetime(_Scalar):
    python_type: Any = datetime
    simple, field, json = SimpleType.DATETIME, "datetime", {"type": "string", "format": "date-time"}

    def set(self, primitive: Primitive, value: Any) -> None:
        primitive.datetime.FromDatetime(value)

    def get(self, primitive: Primitive) -> Any:
        try:
            return primitive.datetime.ToDatetime(tzinfo=UTC)
        except (ValueError, OverflowError) as error:
            raise LiteralError(f"the datetime is out of range: {error}.") from error

    def accept(self, value: Any) -> Any:
        if isinstance(value, datetime):  # For instance a pandas.Timestamp.
            return value
        if isinstance(value, date):
            return datetime.combine(value, time.min, UTC)
        raise self.refusal(value)

    def pack(self, value: Any, scope: Scope) -> Any:
        return super().pack(value, scope).isoformat()

    def convert(self, packed: Any) -> Any:
        return _parse(self, packed, datetime.fromisoformat)


class _Date(_Datetime):
    """A date. Flyte has none, so it is sent as the datetime of its midnight."""

    python_type = date
    json = {"type": "string", "format": "date"}  # noqa: RUF012

    def set(self, primitive: Primitive, value: Any) -> None:
        primitive.datetime.FromDatetime(datetime.combine(value, time.min, UTC))

    def get(self, primitive: Primitive) -> Any:
        return super().get(primitive).date()

    def accept(self, value: Any) -> Any:
        raise self.refusal(value)

    def convert(self, packed: Any) -> Any:
        return _parse(self, packed, date.fromisoformat)


class _Timedelta(_Scalar):
    python_type = timedelta
    simple, field, json = SimpleType.DURATION, "duration", {"type": "number", "format": "time-delta"}

    def set(self, primitive: Primitive, value: Any) -> None:
        if abs(value) > _LONGEST:
            raise ValueError("a duration is at most 10,000 years")
        primitive.duration.FromTimedelta(value)

    def get(self, primitive: Primitive) -> Any:
        try:
            return primitive.duration.ToTimedelta()
        except (ValueError, OverflowError) as error:
            raise LiteralError(f"the duration is out of range: {error}.") from error

    def pack(self, value: Any, scope: Scope) -> Any:
        seconds = super().pack(value, scope).total_seconds()
        self.convert(seconds)  # The longest duration is rounded up to one that is too long.
        return seconds

    def convert(self, packed: Any) -> Any:
        if type(packed) in (int, float):
            try:
                return timedelta(seconds=packed)
            except (ValueError, OverflowError) as error:
                raise LiteralError(f"{short_repr(packed)} seconds are out of range: {error}.") from error
        raise self.refusal(packed)


class _Bytes(Kind):
    """Bytes, sent as a Binary scalar without a tag. Flyte has no such primitive, and flytekit pickles them."""

    name = tag = "bytes"
    python_type = bytes
    packed_type: type | None = bytes

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return LiteralType(simple=SimpleType.BINARY)

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return {"type": "string", "format": "base64"}

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if not fill_from_literal(literal, value):
            literal.scalar.binary.value = self.pack(value, scope)

    def read(self, literal: Literal, depth: int) -> Any:
        if literal.scalar.WhichOneof("value") == "binary" and not literal.scalar.binary.tag:
            return literal.scalar.binary.value
        return super().read(literal, depth)

    def pack(self, value: Any, scope: Scope) -> Any:
        if type(value) is not bytes:
            raise self.refusal(value)
        return value

    def unpack(self, packed: Any) -> Any:
        return packed if type(packed) is bytes else _parse(self, packed, _from_base64)


def _from_base64(text: str) -> bytes:
    return b64decode("".join(text.split()), validate=True)


class _Text(_Scalar):
    """A value that is sent and packed as a string."""

    simple, field = SimpleType.STRING, "string_value"

    def __init__(self, python_type: type, of: str, parse: Callable[[str], Any]) -> None:
        self.python_type = python_type
        self.json = {"type": "string", "format": of}
        self._parse = parse
        super().__init__()

    def set(self, primitive: Primitive, value: Any) -> None:
        primitive.string_value = str(value)

    def get(self, primitive: Primitive) -> Any:
        return self.convert(primitive.string_value)

    def pack(self, value: Any, scope: Scope) -> Any:
        return str(super().pack(value, scope))

    def convert(self, packed: Any) -> Any:
        return _parse(self, packed, self._parse)


def _parse(kind: Kind, packed: Any, parse: Callable[[str], Any]) -> Any:
    if type(packed) is not str:
        raise kind.refusal(packed)
    try:
        return parse(packed)
    except (ValueError, InvalidOperation) as error:
        raise LiteralError(f"expected {kind}, got the string {short_repr(packed)}.") from error


_LONGEST = timedelta(seconds=315_576_000_000)
"""google.protobuf.Duration: from -315,576,000,000 to +315,576,000,000 seconds."""


class _Choice(Kind):
    """One of several values.

    Args:
        name: The type in Python notation.
        choices: Pairs of the Python value and the scalar as which it is sent.
    """

    def __init__(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        self.name: str = name
        self.choices: tuple[tuple[Any, Any], ...] = tuple(choices)

    @property
    def values(self) -> list[Any]:
        """The scalars as which the choices are sent."""
        return [packed for _, packed in self.choices]

    @property
    def value_kind(self) -> Kind:
        """The kind of the scalars.

        Raises:
            LiteralError: if they have several kinds, so that the type can only be used in a record.
        """
        types = {type(packed) for packed in self.values}
        if len(types) != 1 or not types <= {str, int, float, bool, NoneType}:
            raise LiteralError(f"the values of {self} must be all strings or all numbers.")
        return SCALARS[types.pop()]

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        declared = self.value_kind.literal_type(outer)
        declared.annotation.annotations.update({"literal_values": self.values})
        return declared

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return {"enum": self.values}

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if not fill_from_literal(literal, value):
            self.value_kind.fill(literal, self.pack(value, scope), scope)

    def read(self, literal: Literal, depth: int) -> Any:
        return self.unpack(self.value_kind.read(literal, depth))

    def pack(self, value: Any, scope: Scope) -> Any:
        return self._choice(value.value if isinstance(value, Enum) else value)[1]

    def unpack(self, packed: Any) -> Any:
        return self._choice(packed)[0]

    def _choice(self, packed: Any) -> tuple[Any, Any]:
        for choice in self.choices:
            if type(choice[1]) is type(packed) and choice[1] == packed:
                return choice
        values = ", ".join(map(repr, self.values))
        raise LiteralError(f"expected one of {values}, got {short_repr(packed)}.")


class LiteralKind(_Choice):
    """``Literal[...]``. The LiteralType is that of the values, with the values in an annotation."""

    tag = "LiteralTypeTransformer"
    is_ordered: bool = True

    def __init__(self, name: str, values: tuple[Any, ...]) -> None:
        super().__init__(name, ((value, value.value if isinstance(value, Enum) else value) for value in values))

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return {"const": self.values[0]} if len(self.values) == 1 else super().schema(outer)


class TextEnumKind(_Choice):
    """An enum that an interface declares, whose values are strings."""

    tag = "DefaultEnumTransformer"

    def __init__(self, values: Iterable[str]) -> None:
        super().__init__("the declared enum", ((value, value) for value in values))

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return LiteralType(enum_type={"values": self.values})


class EnumKind(_Choice):
    """An enum, which is sent as its values. If they are not strings, it is declared like a ``Literal[...]``."""

    tag = "DefaultEnumTransformer"

    def __init__(self, python_type: type[Enum]) -> None:
        super().__init__(type_name(python_type), ((member, member.value) for member in python_type))
        self.python_type = python_type

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        if self.value_kind is SCALARS[str]:
            return LiteralType(enum_type={"values": self.values})
        return super().literal_type(outer)


SCALARS: dict[Any, Kind] = {
    kind.python_type: kind
    for kind in (_Int(), _Float(), _Bool(), _Str(), _None(), _Datetime(), _Date(), _Timedelta(), _Bytes())
}

TEXTS: dict[Any, Kind] = {
    kind.python_type: kind
    for kind in (
        _Text(uuid.UUID, "uuid", uuid.UUID),
        _Text(Decimal, "decimal", Decimal),
        _Text(time, "time", time.fromisoformat),
    )
}
"""The types that a converter of a plugin may override."""
