"""Writes a result as one Parquet file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.core import url_to_fs

from connector_core import PermanentError, RetryableError, StructuredDataset
from connector_core.errors import CallError
from connector_core.idl import LiteralType, SimpleType
from connector_duckdb.batches import Batch
from connector_duckdb.query import BATCH_ROWS
from connector_duckdb.rows import iso_interval

if TYPE_CHECKING:
    import nanoarrow

__all__ = ["write_dataset"]


def write_dataset(
    uri: str, schema: nanoarrow.Schema | pa.Schema, batches: Iterable[Batch]
) -> tuple[StructuredDataset, int]:
    """Write batches one by one to a Parquet file, on any filesystem that fsspec supports.

    Returns:
        The structured dataset, and the number of rows.

    Raises:
        PermanentError: if the file cannot be written, or Parquet cannot hold a column.
        RetryableError: if the filesystem did not answer.
        CallError: if the batches raise one.
    """
    stored = pa.schema([_stored_field(field) for field in pa.schema(schema)])
    rows = 0
    with _written(uri) as file, pq.ParquetWriter(file, stored) as writer:
        for batch in map(pa.record_batch, batches):  # Without a copy.
            columns = [_stored_column(column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=stored), BATCH_ROWS)
            rows += len(batch)
    types = {field.name: _literal_type(field.type) for field in stored}
    return StructuredDataset(uri, "parquet", columns=types), rows


@contextmanager
def _written(uri: str) -> Iterator[IO[bytes]]:
    """Open a file for writing, and remove it if an exception is raised."""
    try:
        filesystem, path = url_to_fs(uri)
        filesystem.makedirs(filesystem._parent(path), exist_ok=True)
        try:
            with filesystem.open(path, "wb") as file:
                yield file
        except BaseException:
            with suppress(Exception):
                filesystem.rm_file(path)
            raise
    except CallError:
        raise
    except pa.ArrowNotImplementedError as error:
        raise PermanentError(
            f"Parquet cannot hold a column of the result: {error}. Cast it in the SQL, such as CAST(x AS VARCHAR).",
            code="RESULT_TYPE",
        ) from error
    except Exception as error:  # Each filesystem has its own exceptions.
        kind = RetryableError if isinstance(error, (ConnectionError, TimeoutError)) else PermanentError
        reason = str(error) or type(error).__name__
        raise kind(
            f"Cannot write {uri}: {reason.rstrip('.')}; choose a writable output prefix.",
            code="OUTPUT_PREFIX",
        ) from error


def _stored_field(field: pa.Field) -> pa.Field:
    # Parquet has no interval of months, days and nanoseconds.
    return field.with_type(pa.string()) if pa.types.is_interval(field.type) else field


def _stored_column(column: pa.Array) -> pa.Array:
    if pa.types.is_interval(column.type):
        return pa.array([iso_interval(scalar) for scalar in column], pa.string())
    return column


def _literal_type(kind: pa.DataType) -> LiteralType:
    types = pa.types
    if types.is_list(kind) or types.is_fixed_size_list(kind):
        return LiteralType(collection_type=_literal_type(kind.value_type))
    if types.is_map(kind) and types.is_string(kind.key_type):
        return LiteralType(map_value_type=_literal_type(kind.item_type))
    if types.is_struct(kind) or types.is_map(kind):
        return LiteralType(simple=SimpleType.STRUCT)
    if types.is_integer(kind) or (types.is_decimal(kind) and kind.precision == 38 and kind.scale == 0):
        return LiteralType(simple=SimpleType.INTEGER)
    if types.is_floating(kind):
        return LiteralType(simple=SimpleType.FLOAT)
    if types.is_boolean(kind):
        return LiteralType(simple=SimpleType.BOOLEAN)
    if types.is_date(kind) or types.is_timestamp(kind):
        return LiteralType(simple=SimpleType.DATETIME)
    if types.is_binary(kind):
        return LiteralType(simple=SimpleType.BINARY)
    if types.is_null(kind):
        return LiteralType(simple=SimpleType.NONE)
    return LiteralType(simple=SimpleType.STRING)
