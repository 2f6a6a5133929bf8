"""The type engine: Python values to Flyte literals and back. Nothing is ever pickled.

The Python type decides (or the value's own, where none is declared) which *kind* converts a value: ``kinds`` says what
a kind is, ``types`` finds it, ``scalars``, ``containers``, ``unions``, ``records``, ``blobs``, ``datasets`` and
``untyped`` are the kinds that there are, and a plugin's :class:`LiteralConverter` makes a further one. ``writing`` and
``reading`` begin there. A ``Literal`` or ``LiteralMap`` passes through wherever it stands. Everything else is a
:class:`~connector_core.errors.LiteralError` that names the path of the value and what to do.
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
    """Import a class that few programs use when it is first used."""
    module = _MODULE_OF_NAME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
