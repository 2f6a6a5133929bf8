"""The type engine: Python values to Flyte literals and back. Nothing is ever pickled.

int, float, bool, str, None, datetime, date, timedelta, lists and dicts of them are known by themselves, and a
``Literal`` or ``LiteralMap`` passes through wherever it stands. Other types come with a :class:`LiteralConverter`.
Everything else is a :class:`~connector_core.errors.LiteralError` that names the path of the value and what to do.
"""

from connector_core.literals.converters import LiteralConverter, register_converter
from connector_core.literals.reading import from_literal, from_literal_map
from connector_core.literals.types import literal_type
from connector_core.literals.writing import to_literal, to_literal_map

__all__ = [
    "LiteralConverter",
    "from_literal",
    "from_literal_map",
    "literal_type",
    "register_converter",
    "to_literal",
    "to_literal_map",
]
