"""Kind: how the values of one type travel. What every kind has, and what they share."""

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
    "content_name",
    "decode_msgpack",
    "deeper",
    "fill_from_literal",
    "fill_msgpack",
    "msgpack_type",
]

MAX_DEPTH = 30
"""Levels of lists, dicts and unions: protobuf refuses messages nested deeper than 100. One level takes up to three, and
what is around the outputs, as a service sends them, and within a datetime takes nine."""

MSGPACK = "msgpack"
"""The tag of a Binary scalar that holds msgpack (flytekit: ``flytekit.core.constants.MESSAGEPACK``)."""


KINDS: dict[Any, tuple[Any, Kind]] = {}
"""What is remembered of types, until a converter comes that may change it."""


@attrs.frozen
class Scope:
    """What writing a value needs to know of its surroundings.

    Args:
        output_prefix: URI under which files and tables are written; None: nowhere.
        uploads: What is still to be done when all literals are made: nothing is uploaded for a value that is refused.
        depth: Levels that may still be opened.
    """

    output_prefix: str | None = None
    uploads: list[Callable[[], None]] = attrs.field(factory=list)
    depth: int = MAX_DEPTH

    def deeper(self) -> Scope:
        """The scope one level down."""
        return Scope(self.output_prefix, self.uploads, deeper(self.depth))


def deeper(depth: int) -> int:
    """The levels that are left one level down.

    Raises:
        LiteralError: None is left.
    """
    if depth == 0:
        raise LiteralError(f"nested deeper than {MAX_DEPTH} levels.")
    return depth - 1


class Kind(ABC):
    """How the values of one type travel: as literals, and as a part of msgpack.

    A value that stands alone, or in a list or a dict, is a literal of its own. What stands inside a record (a
    dataclass, a dict of no declared type) is *packed*: it becomes what msgpack has.

    Attributes:
        name: The type as a person writes it.
        tag: What flytekit calls its transformer; Flyte tells the variants of a union by it.
        python_type: The exact type of its values, which a union tries first; None if there is no such type.
        packed_type: The exact type of its packed values, likewise.
        is_ordered: Whether a type that Python holds for equal may be another: ``int | str`` and ``str | int``.
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
        """What an interface declares; `outer` are the records around it, so that one that holds itself ends."""

    @abstractmethod
    def pack(self, value: Any, scope: Scope) -> Any:
        """The value as msgpack has it."""

    @abstractmethod
    def unpack(self, packed: Any) -> Any:
        """The value of what msgpack, JSON or a Struct held."""

    @abstractmethod
    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        """The JSON schema of the packed value, as Flyte's console shows it."""

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        """Write the value into an empty literal: as msgpack, unless a kind does better.

        (Filling in place takes a quarter of the time that nested constructors take.)
        """
        if not fill_from_literal(literal, value):
            fill_msgpack(literal, self.pack(value, scope))

    def read(self, literal: Literal, depth: int) -> Any:
        """The value of a literal: of msgpack or a Struct, in a union or offloaded, as each kind may arrive."""
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

    def refuse(self, value: Any) -> LiteralError:
        """The error for a value, or a packed value, of another type."""
        return LiteralError(f"expected {self}, got {type_name(type(value))}.")


def fill_from_literal(literal: Literal, value: Any) -> bool:
    """Whether the value is a literal already, which passes through as it is."""
    if type(value) is Literal:
        literal.CopyFrom(value)
    elif type(value) is LiteralMap:
        literal.map.CopyFrom(value)
    else:
        return False
    return True


def fill_msgpack(literal: Literal, packed: Any) -> None:
    """Write what is packed as flytekit does, a Binary scalar.

    Raises:
        LiteralError: A number has more than 64 bits, or a text is no Unicode.
    """
    binary = literal.scalar.binary
    try:
        binary.value = msgspec.msgpack.encode(packed)
    except (ValueError, OverflowError) as error:  # UnicodeEncodeError is a ValueError
        raise LiteralError(f"it cannot be written: {error}.") from error
    binary.tag = MSGPACK


def decode_msgpack(literal: Literal) -> Any:
    """What the msgpack of a Binary scalar holds."""
    binary = literal.scalar.binary
    if binary.tag != MSGPACK:
        raise LiteralError(
            f"its bytes are of the format {binary.tag!r}, which cannot be read; it should be {MSGPACK!r}."
        )
    try:
        return msgspec.msgpack.decode(binary.value)
    # TypeError: a map whose key is a list or a map.
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise LiteralError(f"its msgpack bytes are malformed: {error}.") from error


def msgpack_type() -> LiteralType:
    """The LiteralType of what travels as msgpack: the annotation tells Flyte's cache how to read it."""
    declared = LiteralType(simple=SimpleType.STRUCT)
    declared.annotation.annotations.update({"cache-key-metadata": {"serialization-format": MSGPACK}})
    return declared
