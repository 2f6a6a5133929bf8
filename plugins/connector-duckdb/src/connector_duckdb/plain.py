"""Results whose columns have plain types. They become rows without Arrow, which takes 0.1 seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

__all__ = ["PlainBatch", "arrow_schema", "is_plain"]


class PlainBatch:
    """Some rows of a result. It has what a ``pyarrow.RecordBatch`` has, as far as the connector uses it.

    Args:
        names: The names of the columns.
        types: Their types in DuckDB.
        rows: The rows.
    """

    def __init__(self, names: Sequence[str], types: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
        self._names = names
        self._types = types
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        """About the bytes that the rows take in Arrow."""
        texts = sum(len(value) for row in self._rows for value in row if isinstance(value, str))
        return texts + 8 * len(self._rows) * len(self._names)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the rows by column name."""
        return [dict(zip(self._names, row, strict=True)) for row in self._rows]

    def to_arrow(self) -> pa.RecordBatch:
        """Return the rows as Arrow has them."""
        import pyarrow as pa

        schema = arrow_schema(self._names, self._types)
        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def is_plain(types: Iterable[str]) -> bool:
    """Tell whether Python's own numbers and text hold the values of all these DuckDB types exactly."""
    return all(kind in _ARROW_TYPES for kind in types)


def arrow_schema(names: Sequence[str], types: Sequence[str]) -> pa.Schema:
    """Return the Arrow schema of columns with plain types."""
    import pyarrow as pa

    return pa.schema([(name, pa.type_for_alias(_ARROW_TYPES[kind])) for name, kind in zip(names, types, strict=True)])


_ARROW_TYPES = {
    "BOOLEAN": "bool",
    "TINYINT": "int8",
    "SMALLINT": "int16",
    "INTEGER": "int32",
    "BIGINT": "int64",
    "UTINYINT": "uint8",
    "USMALLINT": "uint16",
    "UINTEGER": "uint32",
    "FLOAT": "float",
    "DOUBLE": "double",
    "VARCHAR": "string",
}
