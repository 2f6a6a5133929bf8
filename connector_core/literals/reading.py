"""Literals to Python values."""

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
    """The Python value of a Flyte literal.

    A file, a directory and a StructuredDataset stay where they are; an offloaded literal and a declared table (such as
    ``pyarrow.Table``) are fetched.

    Args:
        literal: The literal.
        python_type: The type that is wanted, or a LiteralType; ``Literal`` for the literal itself. None: what the
            literal itself says; one that Python has no value for is then returned as it is.
        path: Where the literal stands, for the error.

    Raises:
        LiteralError: The literal holds another type, is malformed, or cannot be fetched.
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
    """As :func:`from_literal`, in a thread: something may have to be fetched."""
    return await asyncio.to_thread(from_literal, literal, python_type, path=path)


def from_literal_map(literals: LiteralMap | None, types: Types = None, *, path: str = "") -> dict[str, Any]:
    """The Python values of literals by name: a connector's inputs as keyword arguments.

    ::

        def do(self, task_template, output_prefix, inputs=None, **kwargs):
            arguments = from_literal_map(inputs, task_template.interface.inputs, path="inputs")

    Args:
        literals: The literals by name. None, as a connector's ``inputs`` may be, is as good as none of them where
            nothing is declared, and an error where something is.
        types: The declared types by name, whose order the result has, or a side of an interface. None, or a side that
            declares nothing: the values are what the literals themselves say.
        path: Where the literals stand, such as ``inputs``.

    Raises:
        LiteralError: A declared name is missing, or a literal is not of its type.
    """
    if literals is not None and not isinstance(literals, LiteralMap):
        raise LiteralError(f"expected a LiteralMap, got {type_name(type(literals))}.", path=path)
    declared = types_by_name(types)
    found = LiteralMap().literals if literals is None else literals.literals
    for name in declared or ():
        if name not in found:
            there = f"there are: {', '.join(sorted(found))}" if found else "there is none"
            there = "there are no values at all" if literals is None else there
            raise LiteralError(f"the value is missing; {there}.", path=join_path(path, name))
    return {
        name: from_literal(found[name], declared[name] if declared else None, path=join_path(path, name))
        for name in (found if declared is None else declared)
    }


async def afrom_literal_map(literals: LiteralMap | None, types: Types = None, *, path: str = "") -> dict[str, Any]:
    """As :func:`from_literal_map`, in a thread: something may have to be fetched."""
    return await asyncio.to_thread(from_literal_map, literals, types, path=path)
