"""Converters that plugins contribute, found by the name of the type so that neither side is imported in vain."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_core.idl import Literal, LiteralType

__all__ = ["LiteralConverter", "converter_for", "register_converter"]

log: logging.Logger = logging.getLogger(__name__)


@attrs.frozen
class LiteralConverter:
    """How values of one Python type, and of its subclasses, become literals and come back.

    Args:
        python_type: The type, or its qualified name such as ``"decimal.Decimal"``, so that it need not be imported.
        literal_type: What an interface declares for it.
        to_literal: Gives the literal of a value.
        from_literal: Gives the value of a literal, when the type is asked for.
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
    """Make a converter known in this process; for one type the converter that came first stays."""
    first = _CONVERTERS.setdefault(converter.type_name, converter)
    if first != converter:
        log.warning("A second literal converter for %s is ignored; the first one stays.", converter.type_name)


def converter_for(python_type: object) -> LiteralConverter | None:
    """The converter of this type or of its nearest base class."""
    if not _CONVERTERS or not isinstance(python_type, type):
        return None
    found = (_CONVERTERS.get(_qualified(cls)) for cls in python_type.__mro__)
    return next((converter for converter in found if converter), None)


def _qualified(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


_CONVERTERS: dict[str, LiteralConverter] = {}
