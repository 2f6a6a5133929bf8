"""The type engine, which converts Python values to Flyte literals and back. It never pickles a value.

The entry points are in ``writing`` and ``reading``. The declared type, or else the type of the value, determines the
*kind* that converts the value. ``kinds`` defines the base class, and ``types`` finds the kind of a type. The kinds are
in ``scalars``, ``containers``, ``unions``, ``dataclass_like``, ``blobs``, ``datasets`` and ``untyped``; plugins add
more with :class:`LiteralConverter`. A ``Literal`` or ``LiteralMap`` is accepted in place of any value and copied
unchanged. A value that cannot be converted raises a :class:`~connector_core.errors.LiteralError` with its path and what
to do.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from connector_core.literals.converters import LiteralConverter, register_converter
from connector_core.literals.reading import afrom_literal, afrom_literal_map, from_literal, from_literal_map
from connector_core.literals.types import literal_type
from connector_core.literals.writing import MAX_OUTPUT_BYTES, ato_literal, ato_literal_map, to_literal, to_literal_map

if TYPE_CHECKING:
    from connector_core.literals.files import Directory, File
    from connector_core.literals.tables import StructuredDataset

__all__ = [
    "MAX_OUTPUT_BYTES",
    "Directory",
    "File",
    "LiteralConverter",
    "StructuredDataset",
    "afrom_literal",
    "afrom_literal_map",
    "ato_literal",
    "ato_literal_map",
    "from_literal",
    "from_literal_map",
    "literal_type",
    "register_converter",
    "to_literal",
    "to_literal_map",
]

_MODULE_OF_NAME = {"Directory": "files", "File": "files", "StructuredDataset": "tables"}


def __getattr__(name: str) -> Any:
    """Import a class when it is first used, because few programs need it."""
    module = _MODULE_OF_NAME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
