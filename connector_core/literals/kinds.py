"""Kind, the base class of the conversions, and the functions that all kinds share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralMap, LiteralType, SimpleType
from connector_core.literals.naming import content_name, type_name
from connector_core.literals.offloaded import fetch
from connector_core.literals.protobuf_struct import dict_from_protobuf

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "KINDS",
    "MAX_DEPTH",
    "MSGPACK",
    "Kind",
    "Scope",
    "decode_msgpack",
    "deeper",
    "fill_from_literal",
    "fill_msgpack",
    "msgpack_type",
]

MAX_DEPTH = 30
"""The permitted levels of lists, dicts and unions. Protobuf refuses messages nested deeper than 100: a level takes up
to three, and the response around the outputs, together with a datetime inside them, takes nine."""

MSGPACK = "msgpack"
"""The tag of a Binary scalar that holds msgpack (flytekit: ``flytekit.core.constants.MESSAGEPACK``)."""


KINDS: dict[Any, tuple[Any, Kind]] = {}
"""The cache of types and their kinds; a new converter empties it."""


@attrs.frozen
class Scope:
    """The context in which a value is converted to a literal.

    Args:
        output_prefix: URI under which files and tables are written, or None if they cannot be.
        uploads: Functions to call after all literals have been made, so that nothing is uploaded for a refused value.
        depth: The number of levels that may still be nested.
    """

    output_prefix: str | None = None
    uploads: list[Callable[[], None]] = attrs.field(factory=list)
    depth: int = MAX_DEPTH

    def deeper(self) -> Scope:
        """Return the scope of the next level."""
        return Scope(self.output_prefix, self.uploads, deeper(self.depth))


def deeper(depth: int) -> int:
    """Return the number of levels that remain below the next level.

    Raises:
        LiteralError: if no level is left.
    """
    if depth == 0:
        raise LiteralError(f"nested deeper than {MAX_DEPTH} levels.")
    return depth - 1


class Kind(ABC):
    """The conversion of the values of one type, to and from literals and msgpack.

    A value on its own, or in a list or dict, becomes a literal. A value inside a record (a dataclass, or a dict without
    a declared type) is *packed*: it becomes a value that msgpack can encode.

    Attributes:
        name: The type in Python notation.
        tag: The name of flytekit's transformer, by which Flyte distinguishes the variants of a union.
        python_type: The exact type of the values, which a union tries first; None if there is no such type.
        packed_type: The exact type of the packed values, used in the same way.
        is_ordered: True if a type that compares equal may need another kind, such as ``int | str`` and ``str | int``.
    """

    name: str
    tag: str
    python_type: Any = None
    packed_type: type | None = None
    is_ordered: bool = False

    def __str__(self) -> str:
        return self.name

    @abstractmethod
    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        """Return the type that an interface declares.

        Args:
            outer: The kinds of the records around this one, which end the recursion of a record that contains itself.
        """

    @abstractmethod
    def pack(self, value: Any, scope: Scope) -> Any:
        """Return the value as msgpack can encode it."""

    @abstractmethod
    def unpack(self, packed: Any) -> Any:
        """Return the value of decoded msgpack, JSON or a protobuf Struct."""

    @abstractmethod
    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        """Return the JSON schema of the packed value, as Flyte's console shows it."""

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        """Write the value into an empty literal, as msgpack unless a subclass overrides this method.

        Filling a literal in place takes a quarter of the time of nested constructors.
        """
        if not fill_from_literal(literal, value):
            fill_msgpack(literal, self.pack(value, scope))

    def read(self, literal: Literal, depth: int) -> Any:
        """Return the value of a literal that holds msgpack or a protobuf Struct, is in a union, or is offloaded."""
        match literal.WhichOneof("value"):
            case "scalar":
                match literal.scalar.WhichOneof("value"):
                    case "binary":
                        return self.unpack(decode_msgpack(literal))
                    case "generic":
                        return self.unpack(dict_from_protobuf(literal.scalar.generic))
                    case "union":
                        return self.read(literal.scalar.union.value, deeper(depth))
            case "offloaded_metadata":
                return self.read(fetch(literal.offloaded_metadata), deeper(depth))
        raise LiteralError(f"expected {self}, got {content_name(literal)}.")

    def refusal(self, value: Any) -> LiteralError:
        """Return the error for a value, or a packed value, of another type."""
        return LiteralError(f"expected {self}, got {type_name(type(value))}.")


def fill_from_literal(literal: Literal, value: Any) -> bool:
    """Copy the value if it is a Literal or a LiteralMap, and tell whether it is."""
    if type(value) is Literal:
        literal.CopyFrom(value)
    elif type(value) is LiteralMap:
        literal.map.CopyFrom(value)
    else:
        return False
    return True


def fill_msgpack(literal: Literal, packed: Any) -> None:
    """Write a packed value as a Binary scalar, as flytekit does.

    Raises:
        LiteralError: if a number has more than 64 bits, or if a string is not valid Unicode.
    """
    binary = literal.scalar.binary
    try:
        binary.value = msgspec.msgpack.encode(packed)
    except (ValueError, OverflowError) as error:  # UnicodeEncodeError is a ValueError
        raise LiteralError(f"the value cannot be encoded: {error}.") from error
    binary.tag = MSGPACK


def decode_msgpack(literal: Literal) -> Any:
    """Return the decoded msgpack of a Binary scalar.

    Raises:
        LiteralError: if the bytes are in another format, or if they are malformed.
    """
    binary = literal.scalar.binary
    if binary.tag != MSGPACK:
        raise LiteralError(f"the bytes have the format {binary.tag!r}, which is not supported; expected {MSGPACK!r}.")
    try:
        return msgspec.msgpack.decode(binary.value)
    # TypeError: a map whose key is a list or a map.
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise LiteralError(f"the msgpack bytes are malformed: {error}.") from error


def msgpack_type() -> LiteralType:
    """Return the LiteralType of msgpack values; its annotation tells Flyte's cache how to read them."""
    declared = LiteralType(simple=SimpleType.STRUCT)
    declared.annotation.annotations.update({"cache-key-metadata": {"serialization-format": MSGPACK}})
    return declared
