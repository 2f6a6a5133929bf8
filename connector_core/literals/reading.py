"""Converts literals to Python values."""

from __future__ import annotations

import asyncio
from typing import Any

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralMap
from connector_core.literals.kinds import MAX_DEPTH
from connector_core.literals.naming import type_name
from connector_core.literals.paths import conversion_error, join_path
from connector_core.literals.types import kind_of
from connector_core.literals.writing import Types, types_by_name

__all__ = ["afrom_literal", "afrom_literal_map", "from_literal", "from_literal_map"]


def from_literal(literal: Literal, python_type: Any = None, *, path: str = "") -> Any:
    """Return the Python value of a Flyte literal.

    Offloaded literals, and tables of a declared class such as ``pyarrow.Table``, are fetched. Files, directories and
    StructuredDatasets are not.

    Args:
        literal: The literal.
        python_type: The Python type or the LiteralType of the value, or ``Literal`` for the literal itself. With None,
            the literal decides, and a literal without an equivalent in Python is returned unchanged.
        path: The path of the literal in error messages.

    Raises:
        LiteralError: if the literal has another type, is malformed, or cannot be fetched.
    """
    if not isinstance(literal, Literal):
        raise LiteralError(f"expected a Literal, got {type_name(type(literal))}.", path=path)
    try:
        return kind_of(python_type).read(literal, MAX_DEPTH)
    except (LiteralError, RecursionError) as error:
        raise conversion_error(error, path) from error.__cause__
    except Exception as error:
        raise conversion_error(error, path) from error


async def afrom_literal(literal: Literal, python_type: Any = None, *, path: str = "") -> Any:
    """Call :func:`from_literal` in a thread, because it may have to fetch something."""
    return await asyncio.to_thread(from_literal, literal, python_type, path=path)


def from_literal_map(literals: LiteralMap | None, types: Types = None, *, path: str = "") -> dict[str, Any]:
    """Return the Python values of literals by name, such as a connector's inputs as keyword arguments.

    ::

        def do(self, task_template, output_prefix, inputs=None, **kwargs):
            arguments = from_literal_map(inputs, task_template.interface.inputs, path="inputs")

    Args:
        literals: The literals by name. None, which a connector's ``inputs`` may be, counts as an empty map.
        types: The declared types by name, in the order of the result, or one side of an interface. With None, or a side
            without declarations, the literals decide.
        path: The path of the literals in error messages, such as ``inputs``.

    Raises:
        LiteralError: if a declared name is missing, or if a literal cannot be converted to its type.
    """
    if literals is not None and not isinstance(literals, LiteralMap):
        raise LiteralError(f"expected a LiteralMap, got {type_name(type(literals))}.", path=path)
    declared = types_by_name(types)
    found = LiteralMap().literals if literals is None else literals.literals
    for name in declared or ():
        if name not in found:
            given = f"the given {path or 'values'} are: {', '.join(sorted(found))}"
            given = given if found else f"no {path or 'values'} were given"
            raise LiteralError(f"the value is missing; {given}.", path=join_path(path, name))
    return {
        name: from_literal(found[name], declared[name] if declared else None, path=join_path(path, name))
        for name in (found if declared is None else declared)
    }


async def afrom_literal_map(literals: LiteralMap | None, types: Types = None, *, path: str = "") -> dict[str, Any]:
    """Call :func:`from_literal_map` in a thread, because it may have to fetch something."""
    return await asyncio.to_thread(from_literal_map, literals, types, path=path)
