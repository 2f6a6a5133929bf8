"""The converters of plugins.

A converter may name its type as a string, so that the type need not be imported before it is used.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import attrs

from connector_core.errors import LiteralError
from connector_core.idl import Literal
from connector_core.literals.kinds import KINDS, MAX_DEPTH, Kind, Scope, fill_from_literal
from connector_core.literals.offloaded import fetch
from connector_core.literals.untyped import ANY

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_core.idl import LiteralType

__all__ = ["ConverterKind", "LiteralConverter", "converter_for", "register_converter"]


@attrs.frozen
class LiteralConverter:
    """The conversion of the values of one Python type, and of its subclasses, to and from literals.

    Args:
        python_type: The type, or its qualified name such as ``"decimal.Decimal"``, which avoids importing it.
        literal_type: The type that an interface declares.
        to_literal: Returns the literal of a value. An exception becomes a LiteralError with the path of the value.
        from_literal: Returns the value of a literal. Exceptions are treated in the same way.
    """

    python_type: type | str
    literal_type: LiteralType
    to_literal: Callable[[Any], Literal]
    from_literal: Callable[[Literal], Any]

    @property
    def type_name(self) -> str:
        """The qualified name of the type, ``module.Class``."""
        return self.python_type if isinstance(self.python_type, str) else _qualified(self.python_type)


def register_converter(converter: LiteralConverter) -> None:
    """Register a converter in this process. A second converter of the same type is logged and ignored."""
    first = _CONVERTERS.setdefault(converter.type_name, converter)
    KINDS.clear()
    if first != converter:
        _log.warning("A second literal converter for %s is ignored; the first one stays.", converter.type_name)


def converter_for(python_type: object) -> LiteralConverter | None:
    """Return the converter of this type, or of its nearest base class, or None."""
    if not _CONVERTERS or not isinstance(python_type, type):
        return None
    found = (_CONVERTERS.get(_qualified(cls)) for cls in python_type.__mro__)
    return next((converter for converter in found if converter), None)


class ConverterKind(Kind):
    """A type with a converter. In a record, it is packed as the content of its literal."""

    def __init__(self, python_type: type, converter: LiteralConverter, untyped: Kind) -> None:
        self.name: str = python_type.__name__
        self.tag: str = converter.type_name
        self.python_type = python_type
        self._converter = converter
        self._untyped = untyped

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return self._converter.literal_type

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return {}

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if fill_from_literal(literal, value):
            return
        converted = self._call(self._converter.to_literal, value)
        if not isinstance(converted, Literal):
            raise LiteralError(
                f"the converter of {self.tag} returned a {type(converted).__name__} instead of a Literal."
            )
        literal.CopyFrom(converted)

    def read(self, literal: Literal, depth: int) -> Any:
        if literal.WhichOneof("value") == "offloaded_metadata":
            literal = fetch(literal.offloaded_metadata)
        return self._call(self._converter.from_literal, literal)

    def pack(self, value: Any, scope: Scope) -> Any:
        literal = Literal()
        self.fill(literal, value, scope)
        return ANY.pack(ANY.read(literal, scope.depth), scope)

    def unpack(self, packed: Any) -> Any:
        literal = Literal()
        self._untyped.fill(literal, packed, Scope())
        return self.read(literal, MAX_DEPTH)

    def _call(self, convert: Callable[[Any], Any], given: Any) -> Any:
        try:
            return convert(given)
        except LiteralError:
            raise
        except Exception as error:
            raise LiteralError(f"the converter of {self.tag} failed: {type(error).__name__}: {error}.") from error


def _qualified(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


_CONVERTERS: dict[str, LiteralConverter] = {}
_log = logging.getLogger(__name__)
