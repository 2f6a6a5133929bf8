"""Converts Python values to literals."""

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
"""The maximum size of a job's outputs. Flyte refuses a response of more than 4 MiB, and the rest of it needs space."""


def to_literal(value: Any, python_type: Any = None, *, path: str = "", output_prefix: str | None = None) -> Literal:
    """Return the Flyte literal of a value.

    Args:
        value: A value of a supported type; a Literal is returned unchanged.
        python_type: The declared Python type or LiteralType, against which the value is checked. With None, the type of
            the value is used.
        path: The path of the value in error messages.
        output_prefix: URI under which a table in memory is written, at a new place. If the URI is remote, local files,
            directories and datasets are uploaded there too. With None, a table in memory is refused.

    Raises:
        LiteralError: if the value has another type than declared, or an unsupported type, or if something cannot be
            written.
    """
    scope = Scope(output_prefix)
    literal = _literal(value, python_type, path, scope)
    _upload(scope)
    return literal


async def ato_literal(
    value: Any, python_type: Any = None, *, path: str = "", output_prefix: str | None = None
) -> Literal:
    """Return the same as :func:`to_literal`, with uploads in concurrent threads."""
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
    """Return the literals of values by name.

    Args:
        values: Values by name; a LiteralMap is returned unchanged.
        types: The declared types by name, or one side of an interface. Each declared name must have a value, and other
            names are refused. With None, the types of the values are used.
        path: The path of the values in error messages, such as ``inputs``.
        output_prefix: As for :func:`to_literal`.
        max_bytes: The maximum size of all literals together, or None for no limit.

    Raises:
        LiteralError: if a name is missing or not declared, if a value cannot be converted, or if the literals are too
            large.
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
    """Return the same as :func:`to_literal_map`, with uploads in concurrent threads."""
    scope = Scope(output_prefix)
    literals = _literal_map(values, types, path, scope, max_bytes)
    await _aupload(scope)
    return literals


def types_by_name(types: Types) -> Mapping[str, Any] | None:
    """Return the declared types, or None if there are none; Flyte sends an empty interface for a missing one."""
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
    declared = f"the declared names are: {', '.join(types)}" if types else "no names are declared"
    for name in values:
        if name not in types:
            raise LiteralError(f"the name is not declared; {declared}.", path=join_path(path, name))
    for name, python_type in types.items():
        if name not in values:
            raise LiteralError(f"the value is missing; expected {kind_of(python_type)}.", path=join_path(path, name))


def _check_size(literals: LiteralMap, max_bytes: int, path: str) -> None:
    size = literals.ByteSize()
    if size <= max_bytes:
        return
    largest = max(literals.literals, key=lambda name: literals.literals[name].ByteSize())
    raise LiteralError(
        f"the largest of the values, which take {size:,} bytes together; Flyte accepts at most {max_bytes:,}. "
        "Use a table, a StructuredDataset or a File instead, of which only the URI is sent.",
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
    # Wait for all uploads, so that none continues after another has failed.
    done = await asyncio.gather(*map(asyncio.to_thread, scope.uploads), return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
