"""Reads the Arrow stream of a result without pyarrow, which takes 0.1 seconds to import.

The structures are those of Arrow's C interfaces: https://arrow.apache.org/docs/format/CDataInterface.html and
https://arrow.apache.org/docs/format/CStreamInterface.html.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_int64, c_uint8, c_void_p, cast
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import duckdb
    import pyarrow as pa

__all__ = ["Batch", "Stream", "are_plain"]


def are_plain(types: Iterable[str]) -> bool:
    """Tell whether Python's own numbers and text hold the values of all these DuckDB types exactly."""
    return _PLAIN_TYPES.issuperset(types)


class Stream:
    """The batches of a result whose columns have plain types, of up to 131,072 rows each, as DuckDB makes them.

    Args:
        relation: The query. DuckDB runs it once, while the batches are read.

    Raises:
        duckdb.Error: if the query fails before its first rows.
        OSError: if its columns cannot be read.
    """

    def __init__(self, relation: duckdb.DuckDBPyRelation) -> None:
        self._schema = _ArrowSchema()
        self._capsule = relation.__arrow_c_stream__()  # When it is deleted, it releases the stream.
        self._stream = _ArrowArrayStream.from_address(_pointer(self._capsule, b"arrow_array_stream"))
        self._check(self._stream.get_schema(byref(self._stream), byref(self._schema)))
        columns = [column.contents for column in self._schema.children[: self._schema.n_children]]
        self._names = [column.name.decode() for column in columns]
        self._formats = [column.format.decode() for column in columns]

    def __iter__(self) -> Iterator[Batch | pa.RecordBatch]:
        """Read the batches one by one.

        Raises:
            OSError: if the query fails, with DuckDB's message.
        """
        while True:
            array = _ArrowArray()
            self._check(self._stream.get_next(byref(self._stream), byref(array)))
            if not array.release:
                return
            batch = Batch(self, self._names, self._formats, array)
            # DuckDB's settings can give text a format that is not read here.
            yield batch if _FORMATS.issuperset(self._formats) else batch.to_arrow()

    def __del__(self) -> None:
        _release(self._schema)

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the result."""
        import pyarrow as pa

        return pa.Schema._import_from_c(ctypes.addressof(self._schema))

    def _check(self, status: int) -> None:
        if status != 0:
            message = self._stream.get_last_error(byref(self._stream))
            raise OSError((message or b"The result cannot be read.").decode())


class Batch:
    """Some rows of a result, in the memory that DuckDB filled."""

    def __init__(self, stream: Stream, names: Sequence[str], formats: Sequence[str], array: _ArrowArray) -> None:
        self._stream = stream
        self._names = names
        self._formats = formats
        self._array = array

    def __len__(self) -> int:
        return int(self._array.length)

    def __del__(self) -> None:
        _release(self._array)

    @property
    def nbytes(self) -> int:
        """The approximate size of the rows in Arrow's memory."""
        texts = (column for column, kind in self._columns() if kind == "u")
        return 8 * len(self) * len(self._names) + sum(_offsets(column)[-1] for column in texts)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        columns = [_values(column, kind) for column, kind in self._columns()]
        return [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]

    def to_arrow(self) -> pa.RecordBatch:
        """Hand the rows over to pyarrow, without a copy. Do not use this object afterwards."""
        import pyarrow as pa

        return pa.RecordBatch._import_from_c(ctypes.addressof(self._array), self._stream.schema)

    def _columns(self) -> Iterator[tuple[_ArrowArray, str]]:
        for index, kind in enumerate(self._formats):
            yield self._array.children[index].contents, kind


def _values(column: _ArrowArray, kind: str) -> list[Any]:
    first, last = column.offset, column.offset + column.length
    values: list[Any]
    if kind == "u":
        offsets = _offsets(column)
        text = ctypes.string_at(column.buffers[2] or b"", offsets[-1])
        values = [text[start:stop].decode() for start, stop in pairwise(offsets)]
    elif kind == "b":
        values = _bits(column.buffers[1], first, last)
    else:
        values = cast(column.buffers[1], POINTER(_NUMBERS[kind]))[first:last]
    if column.null_count == 0 or not column.buffers[0]:
        return values
    present = _bits(column.buffers[0], first, last)
    return [value if there else None for value, there in zip(values, present, strict=True)]


def _offsets(text: _ArrowArray) -> list[int]:
    return cast(text.buffers[1], POINTER(c_int32))[text.offset : text.offset + text.length + 1]


def _bits(buffer: int, first: int, last: int) -> list[bool]:
    data = cast(buffer, POINTER(c_uint8))[: (last + 7) // 8]
    return [bool(data[index // 8] >> index % 8 & 1) for index in range(first, last)]


def _release(structure: _ArrowSchema | _ArrowArray) -> None:
    if structure.release:
        structure.release(byref(structure))


class _ArrowSchema(ctypes.Structure):
    pass


class _ArrowArray(ctypes.Structure):
    pass


class _ArrowArrayStream(ctypes.Structure):
    pass


_ArrowSchema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_void_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(_ArrowSchema))),
    ("dictionary", c_void_p),
    ("release", ctypes.CFUNCTYPE(None, POINTER(_ArrowSchema))),
    ("private_data", c_void_p),
]
_ArrowArray._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(_ArrowArray))),
    ("dictionary", c_void_p),
    ("release", ctypes.CFUNCTYPE(None, POINTER(_ArrowArray))),
    ("private_data", c_void_p),
]
_ArrowArrayStream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(c_int, POINTER(_ArrowArrayStream), POINTER(_ArrowSchema))),
    ("get_next", ctypes.CFUNCTYPE(c_int, POINTER(_ArrowArrayStream), POINTER(_ArrowArray))),
    ("get_last_error", ctypes.CFUNCTYPE(c_char_p, POINTER(_ArrowArrayStream))),
    ("release", c_void_p),
    ("private_data", c_void_p),
]

_pointer = ctypes.PYFUNCTYPE(c_void_p, ctypes.py_object, c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))

_NUMBERS: dict[str, type[ctypes._SimpleCData[Any]]] = {
    "c": ctypes.c_int8,
    "s": ctypes.c_int16,
    "i": ctypes.c_int32,
    "l": ctypes.c_int64,
    "C": ctypes.c_uint8,
    "S": ctypes.c_uint16,
    "I": ctypes.c_uint32,
    "f": ctypes.c_float,
    "g": ctypes.c_double,
}
_FORMATS = frozenset({"b", "u", *_NUMBERS})
"""Arrow's format strings of the plain types."""

_PLAIN_TYPES = frozenset(
    {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
        *("BOOLEAN", "FLOAT", "DOUBLE", "VARCHAR"),
    }
)
