"""Python values to literals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralMap, VariableMap
from connector_core.literals.containers import check_name
from connector_core.literals.kinds import Scope
from connector_core.literals.naming import type_name
from connector_core.literals.paths import conversion_error, join_path, within
from connector_core.literals.types import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MAX_OUTPUT_BYTES",
    "Types",
    "ato_literal",
    "ato_literal_map",
    "to_literal",
    "to_literal_map",
    "types_by_name",
]

Types = Mapping[str, Any] | VariableMap | None
"""Python types or LiteralTypes by name, or one side of an interface."""


MAX_OUTPUT_BYTES = 4 * 2**20 - 64 * 2**10
"""Of a job's outputs: Flyte refuses an answer of more than 4 MiB, and the rest of the answer needs its place."""


def to_literal(value: Any, python_type: Any = None, *, path: str = "", output_prefix: str | None = None) -> Literal:
    """The Flyte literal of a value.

    Args:
        value: A value of a known type; a Literal is returned as it is.
        python_type: The declared type, which the value is checked against, or a LiteralType; None: the value's own.
        path: Where the value stands, for the error.
        output_prefix: URI under which a table in memory is written; if it leads away from this machine, files,
            directories and datasets of this machine too, each at a new place. None: a table is refused.

    Raises:
        LiteralError: The value is of another type, or of none that is known; or something cannot be written.
    """
    scope = Scope(output_prefix)
    literal = _literal(value, python_type, path, scope)
    _upload(scope)
    return literal


async def ato_literal(
    value: Any, python_type: Any = None, *, path: str = "", output_prefix: str | None = None
) -> Literal:
    """As :func:`to_literal`; uploads run in threads, side by side."""
    scope = Scope(output_prefix)
    literal = _literal(value, python_type, path, scope)
    await _aupload(scope)
    return literal


def to_literal_map(
    values: Mapping[str, Any] | LiteralMap,
    types: Types = None,
    *,
    path: str = "",
    output_prefix: str | None = None,
    max_bytes: int | None = None,
) -> LiteralMap:
    """The literals of values by name.

    Args:
        values: Values by name; a LiteralMap is returned as it is.
        types: The declared types by name, or a side of an interface: each name must have a value, and no other may.
            None: nothing is declared.
        path: Where the values stand, such as ``inputs``.
        output_prefix: As of :func:`to_literal`.
        max_bytes: What the literals may take together; None: nothing is said.

    Raises:
        LiteralError: A name is missing or unknown, a value is not of its type, or they are too large.
    """
    scope = Scope(output_prefix)
    literals = _literal_map(values, types, path, scope, max_bytes)
    _upload(scope)
    return literals


async def ato_literal_map(
    values: Mapping[str, Any] | LiteralMap,
    types: Types = None,
    *,
    path: str = "",
    output_prefix: str | None = None,
    max_bytes: int | None = None,
) -> LiteralMap:
    """As :func:`to_literal_map`; uploads run in threads, side by side."""
    scope = Scope(output_prefix)
    literals = _literal_map(values, types, path, scope, max_bytes)
    await _aupload(scope)
    return literals


def types_by_name(types: Types) -> Mapping[str, Any] | None:
    """The declared types; None where an interface declares nothing, which is what Flyte sends for no interface."""
    if isinstance(types, VariableMap):
        return {name: variable.type for name, variable in types.variables.items()} or None
    return types


def _literal(value: Any, python_type: Any, path: str, scope: Scope) -> Literal:
    if type(value) is Literal:
        return value
    literal, mark = Literal(), len(scope.uploads)
    try:
        kind_of(python_type).fill(literal, value, scope)
    except (LiteralError, RecursionError) as error:
        raise conversion_error(error, path) from error.__cause__
    except Exception as error:
        raise conversion_error(error, path) from error
    scope.uploads[mark:] = [partial(_located, upload, path) for upload in scope.uploads[mark:]]
    return literal


def _literal_map(
    values: Mapping[str, Any] | LiteralMap, types: Types, path: str, scope: Scope, max_bytes: int | None
) -> LiteralMap:
    if isinstance(values, LiteralMap):
        literals = values
    elif isinstance(values, Mapping):
        declared = types_by_name(types)
        if declared is not None:
            _check_names(values, declared, path)
        literals = LiteralMap()
        with within(path):
            for name in values if declared is None else declared:
                check_name(name)
        for name in values if declared is None else declared:
            literal = _literal(values[name], declared[name] if declared else None, join_path(path, name), scope)
            literals.literals[name].CopyFrom(literal)
    else:
        raise LiteralError(f"expected values by name, got {type_name(type(values))}.", path=path)
    if max_bytes is not None:
        _check_size(literals, max_bytes, path)
    return literals


def _check_names(values: Mapping[str, Any], types: Mapping[str, Any], path: str) -> None:
    declared = f"declared are: {', '.join(types)}" if types else "none is declared"
    for name in values:
        if name not in types:
            raise LiteralError(f"there is no such name; {declared}.", path=join_path(path, name))
    for name, python_type in types.items():
        if name not in values:
            raise LiteralError(f"a value is missing, expected {kind_of(python_type)}.", path=join_path(path, name))


def _check_size(literals: LiteralMap, max_bytes: int, path: str) -> None:
    size = literals.ByteSize()
    if size <= max_bytes:
        return
    largest = max(literals.literals, key=lambda name: literals.literals[name].ByteSize())
    raise LiteralError(
        f"the largest of values that take {size:,} bytes together, where Flyte takes at most {max_bytes:,}; "
        "give a table, a StructuredDataset or a File instead, which travels as its URI.",
        path=join_path(path, largest),
    )


def _located(upload: Callable[[], None], path: str) -> None:
    with within(path):
        upload()


def _upload(scope: Scope) -> None:
    for upload in scope.uploads:
        upload()


async def _aupload(scope: Scope) -> None:
    if not scope.uploads:
        return
    # All are waited for, so that none goes on writing after another has failed.
    done = await asyncio.gather(*map(asyncio.to_thread, scope.uploads), return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
