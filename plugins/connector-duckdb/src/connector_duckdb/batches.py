"""Gives the size and the rows of a batch: nanoarrow's if its columns have plain types, otherwise pyarrow's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import nanoarrow

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Batch", "are_plain", "nbytes", "to_rows"]

Batch: TypeAlias = "nanoarrow.Array | pa.RecordBatch"


def are_plain(types: Iterable[str]) -> bool:
    """Tell whether nanoarrow converts the values of all these DuckDB types as :func:`connector_duckdb.rows.to_value`.

    It loses the sign of a DECIMAL and the nanoseconds of a timestamp, and cannot convert maps and infinite dates.
    """
    return _PLAIN_TYPES.issuperset(types)


def nbytes(batch: Batch) -> int:
    """Return the approximate size of the rows in Arrow's memory."""
    if not isinstance(batch, nanoarrow.Array):
        return int(batch.nbytes)
    columns = (sum(buffer.size_bytes for buffer in column.buffers) for column in batch.iter_children())
    # Small values count as eight bytes, because each becomes a Python object.
    return sum(max(size, 8 * len(batch)) for size in columns)


def to_rows(batch: Batch) -> list[dict[str, Any]]:
    """Return the rows as dicts."""
    if isinstance(batch, nanoarrow.Array):
        return list(batch.iter_py())
    from connector_duckdb import rows  # Imported late, because pyarrow is slow to import.

    return rows.to_rows(batch)


_PLAIN_TYPES = frozenset(
    {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
        *("BOOLEAN", "FLOAT", "DOUBLE", "VARCHAR"),
    }
)
