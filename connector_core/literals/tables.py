"""StructuredDataset, and the Parquet and CSV files of tables.

A table is an object that provides an Arrow stream (``__arrow_c_stream__``), such as the tables of pyarrow, pandas,
polars and DuckDB. Writing or reading a table needs pyarrow, which is imported only then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from typing import Any, TypeVar, overload

import attrs

from connector_core.errors import ConnectorError, LiteralError
from connector_core.idl import LiteralType
from connector_core.literals.uris import is_remote, local_path, without_credentials

__all__ = ["StructuredDataset", "is_table", "read_table", "write_parquet"]

T = TypeVar("T")

ROW_GROUP_BYTES = 8 * 2**20
"""The size of a row group in memory: small enough to hold, and large enough to read fast."""

COLUMN_CHUNK_BYTES = 64 * 2**10
"""The minimum average size of a column in a row group; a row group of many columns is larger."""

CSV_BLOCK_BYTES = 8 * 2**20
"""The size of the first block of a streamed CSV, which determines the types of the columns."""


def is_table(value_or_type: Any) -> bool:
    """Tell whether a value, or a class, provides an Arrow stream, without importing anything."""
    # An object with a generic __getattr__ must not count as a table.
    python_type = value_or_type if isinstance(value_or_type, type) else type(value_or_type)
    return hasattr(python_type, "__arrow_c_stream__")


def write_parquet(table: Any, directory_uri: str) -> None:
    """Write a table as the only file of a directory, ``00000``, as flytekit does.

    One row group at a time is in memory. If writing fails, the file is removed.

    Args:
        table: A table, or any object that provides an Arrow stream.
        directory_uri: A local path, or a URI that fsspec supports. The directory is created if necessary.

    Raises:
        LiteralError: if `table` is not a table, if it cannot be written, or if pyarrow is not installed.
        ConnectorError: if a ``pyarrow.RecordBatchReader`` raises such an error, which is passed on.
    """
    writer_type = _pyarrow("pyarrow.parquet").ParquetWriter
    uri = f"{directory_uri.rstrip('/')}/00000"
    with _readable_errors(f"the table cannot be written to {uri}"):
        stream = _storable_stream(table)
        file, remove = _create_file(uri)
        try:
            with file, writer_type(file, stream.schema) as writer:
                for rows in _row_groups(stream):
                    writer.write_table(rows)
        except BaseException:
            with suppress(Exception):
                remove()
            raise


def read_table(uri: str, file_format: str, table_type: type[T], columns: Collection[str] | None = None) -> T:
    """Return the table at a URI.

    Args:
        uri: A file or a directory of files, as a local path or a URI that fsspec supports. Files whose names start with
            ``.`` or ``_`` are ignored, except the ``.csv`` that flytekit writes. Parquet may have Hive partitions.
        file_format: ``parquet`` or ``csv``; an empty string means Parquet.
        table_type: ``pyarrow.Table``, ``pandas.DataFrame``, ``polars.DataFrame`` or ``pyarrow.RecordBatchReader``. A
            RecordBatchReader reads during iteration, and then raises the exceptions of pyarrow. It infers the types of
            CSV columns from the first 8 MiB, whereas the other classes use all rows.
        columns: The columns to read, in this order. ``outer.inner`` reads all of ``outer``, and the index of a pandas
            DataFrame is always read. None or an empty collection reads all columns.

    Raises:
        LiteralError: if the table or a column does not exist, if the table cannot be read, if the format or the class
            is not supported, or if pyarrow is not installed.
    """
    class_name = _class_name(table_type)
    if file_format not in ("", "parquet", "csv"):
        raise LiteralError(f"the format of a dataset must be 'parquet' or 'csv', not {file_format!r}.")
    with _readable_errors(f"the dataset {uri} cannot be read"):
        dataset = _open_dataset(uri, file_format)
        names = _selected(dataset.schema, columns, class_name)
        is_streamed = class_name == "pyarrow.RecordBatchReader"
        if file_format == "csv":
            stream = _csv_stream(dataset, names) if is_streamed else _csv_table(dataset, names).to_reader()
        else:
            # A scanner would read ahead of its consumer.
            stream = _parquet_stream(dataset, names) if is_streamed else dataset.scanner(columns=names).to_reader()
        table: T = _as_table_type(stream, table_type)
        return table


def _column_types(columns: Mapping[str, LiteralType] | Iterable[str]) -> dict[str, LiteralType]:
    return dict(columns) if isinstance(columns, Mapping) else {name: LiteralType() for name in columns}


@attrs.frozen
class StructuredDataset:
    """A table at a URI, or a table in memory that is written with the outputs.

    ::

        def do(self, task_template, inputs, **kwargs):
            orders = from_literal_map(inputs)["orders"].read(polars.DataFrame)
            return Resource.succeeded(outputs={"top": StructuredDataset(table=orders.top_k(10, by="amount"))})

    Two objects are equal if their URIs, formats and columns are equal.

    Args:
        uri: A file or a directory of files. For a table in memory, the directory to write.
        file_format: ``parquet`` or ``csv``; an empty string means Parquet.
        table: An object that provides an Arrow stream, such as a DataFrame of pandas or polars.
        columns: The columns to read, as names or as names with types; if empty, all columns.

    Raises:
        LiteralError: if there is neither a URI nor a table, or if `table` is not a table.
    """

    uri: str | None = attrs.field(default=None, converter=attrs.converters.optional(os.fspath))
    file_format: str = ""
    table: Any = attrs.field(default=None, eq=False, repr=lambda table: type(table).__name__)
    columns: dict[str, LiteralType] = attrs.field(factory=dict, converter=_column_types, hash=False)

    def __attrs_post_init__(self) -> None:
        if self.table is None and not self.uri:
            raise LiteralError("a StructuredDataset needs a URI or a table.")
        if self.table is not None and not is_table(self.table):
            raise _not_a_table(self.table)

    def __str__(self) -> str:
        return self.uri or f"{type(self.table).__name__} in memory"

    @overload
    def read(self) -> Any: ...
    @overload
    def read(self, table_type: type[T]) -> T: ...
    def read(self, table_type: Any = None) -> Any:
        """Return the table, with the columns of this dataset.

        Args:
            table_type: The class of the result, as for :func:`read_table`; None means ``pyarrow.Table``.

        Raises:
            LiteralError: if :func:`read_table` raises it.
        """
        table_type = table_type or _pyarrow().Table
        if self.table is None:
            return read_table(str(self.uri), self.file_format, table_type, self.columns)
        class_name = _class_name(table_type)
        with _readable_errors("the table in memory cannot be read"):
            stream = _storable_stream(self.table)
            if names := _selected(stream.schema, self.columns, class_name):
                stream = _batch_reader(stream.schema, names, (batch.select(names) for batch in stream))
            return _as_table_type(stream, table_type)

    def batches(self) -> Iterator[Any]:
        """Yield the rows as ``pyarrow.RecordBatch`` objects, of which only a few are in memory.

        Raises:
            LiteralError: if :func:`read_table` raises it, or if reading fails later.
        """
        with _readable_errors(f"the dataset {self} cannot be read"):
            yield from self.read(_pyarrow().RecordBatchReader)


def _create_file(uri: str) -> tuple[Any, Callable[[], None]]:
    """Return a new file, open for writing, and the function that removes it."""
    if not is_remote(uri):
        path = local_path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb"), path.unlink
    from fsspec.core import url_to_fs

    filesystem, name = url_to_fs(uri)
    filesystem.makedirs(filesystem._parent(name), exist_ok=True)
    return filesystem.open(name, "wb"), partial(filesystem.rm_file, name)


def _pyarrow(module: str = "pyarrow") -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise LiteralError("a table needs pyarrow: pip install pyarrow") from error


def _storable_stream(table: Any) -> Any:
    """Return a pyarrow.RecordBatchReader of a table, with column types that Parquet supports."""
    pyarrow = _pyarrow()
    if isinstance(table, pyarrow.RecordBatchReader):
        stream = table  # Unwrapped, so that its exceptions are unchanged.
    elif is_table(table):
        stream = pyarrow.RecordBatchReader.from_stream(table)
    else:
        raise _not_a_table(table)
    schema = pyarrow.schema([_storable_field(field) for field in stream.schema], stream.schema.metadata)
    return stream if schema == stream.schema else stream.cast(schema)


def _storable_field(field: Any) -> Any:
    return field.with_type(_storable(field.type))


def _storable(kind: Any) -> Any:
    """Return the type without Arrow's views, which polars uses for strings and pyarrow cannot always write."""
    pyarrow = _pyarrow()
    types = pyarrow.types
    if types.is_string_view(kind):
        return pyarrow.large_string()
    if types.is_binary_view(kind):
        return pyarrow.large_binary()
    if types.is_dictionary(kind):
        return pyarrow.dictionary(kind.index_type, _storable(kind.value_type), kind.ordered)
    if types.is_struct(kind):
        return pyarrow.struct([_storable_field(field) for field in kind])
    if types.is_list(kind):
        return pyarrow.list_(_storable_field(kind.value_field))
    if types.is_large_list(kind):
        return pyarrow.large_list(_storable_field(kind.value_field))
    if types.is_fixed_size_list(kind):
        return pyarrow.list_(_storable_field(kind.value_field), kind.list_size)
    return kind


def _row_groups(stream: Any) -> Iterator[Any]:
    """Yield the batches of a stream, collected into tables of the size of a row group."""
    enough = max(ROW_GROUP_BYTES, COLUMN_CHUNK_BYTES * len(stream.schema))
    gathered: list[Any] = []
    size = 0
    for batch in stream:
        gathered.append(batch)
        size += batch.nbytes
        if size >= enough:
            yield _pyarrow().Table.from_batches(gathered)
            gathered, size = [], 0
    if gathered:
        yield _pyarrow().Table.from_batches(gathered)


def _open_dataset(uri: str, file_format: str) -> Any:
    """Return the files at a URI as a pyarrow Dataset.

    Raises:
        LiteralError: if there is no file.
    """
    dataset = _pyarrow("pyarrow.dataset")
    filesystem, path, is_file = _filesystem(uri)
    options: dict[str, Any] = {"format": "parquet", "partitioning": "hive"}
    if file_format == "csv":
        path = f"{path}/.csv" if is_file(f"{path}/.csv") else path
        options = {"format": dataset.CsvFileFormat(read_options=_csv_blocks())}
    try:
        found = dataset.dataset(path, filesystem=filesystem, exclude_invalid_files=False, **options)
    except FileNotFoundError as error:
        raise LiteralError(f"there is no dataset {without_credentials(uri)}.") from error
    if not found.files:
        raise LiteralError(f"the dataset {without_credentials(uri)} is a directory without files.")
    return found


def _filesystem(uri: str) -> tuple[Any, str, Callable[[str], bool]]:
    """Return a filesystem for pyarrow, the path on it, and the function that tells whether a path is a file."""
    if not is_remote(uri):
        return _pyarrow("pyarrow.fs").LocalFileSystem(), str(local_path(uri).absolute()), os.path.isfile
    from fsspec.core import url_to_fs

    filesystem, path = url_to_fs(uri)
    return filesystem, path, filesystem.isfile


def _parquet_stream(dataset: Any, columns: list[str] | None) -> Any:
    """Return a reader that reads each row group when the previous one has been consumed."""
    batches = (
        batch
        for file in dataset.get_fragments()
        for row_group in file.split_by_row_group()
        for batch in row_group.to_batches(schema=dataset.schema, columns=columns)
    )
    return _batch_reader(dataset.schema, columns, batches)


def _csv_stream(dataset: Any, columns: list[str] | None) -> Any:
    csv = _pyarrow("pyarrow.csv")
    converting = csv.ConvertOptions(column_types=dataset.schema, include_columns=columns)

    def batches() -> Iterator[Any]:
        for path in dataset.files:
            with dataset.filesystem.open_input_stream(path) as file:
                yield from csv.open_csv(file, _csv_blocks(), convert_options=converting)

    return _batch_reader(dataset.schema, columns, batches())


def _csv_table(dataset: Any, columns: list[str] | None) -> Any:
    csv = _pyarrow("pyarrow.csv")
    converting = csv.ConvertOptions(include_columns=columns)
    tables = []
    for path in dataset.files:
        with dataset.filesystem.open_input_stream(path) as file:
            tables.append(csv.read_csv(file, convert_options=converting))
    return _pyarrow().concat_tables(tables, promote_options="permissive")


def _csv_blocks() -> Any:
    return _pyarrow("pyarrow.csv").ReadOptions(block_size=CSV_BLOCK_BYTES)


def _batch_reader(schema: Any, columns: list[str] | None, batches: Iterable[Any]) -> Any:
    """Return a pyarrow.RecordBatchReader of batches with these columns of a schema."""
    pyarrow = _pyarrow()
    if columns:
        schema = pyarrow.schema([schema.field(name) for name in columns], schema.metadata)
    return pyarrow.RecordBatchReader.from_batches(schema, batches)


_CLASSES = ("pyarrow.Table", "pyarrow.RecordBatchReader", "pandas.DataFrame", "polars.DataFrame")


def _class_name(table_type: type) -> str:
    """Return the qualified name of a class of tables.

    Raises:
        LiteralError: if a table cannot be read as this class.
    """
    name = f"{table_type.__module__.partition('.')[0]}.{table_type.__qualname__}"
    if name not in _CLASSES:
        raise LiteralError(f"a table can be read as {', '.join(_CLASSES)}, not as {name}.")
    return name


def _as_table_type(stream: Any, table_type: type) -> Any:
    match _class_name(table_type):
        case "pyarrow.RecordBatchReader":
            return stream
        case "pandas.DataFrame":
            return stream.read_pandas()
        case "polars.DataFrame":
            return table_type(stream.read_all())
        case _:
            return stream.read_all()


def _selected(schema: Any, columns: Collection[str] | None, class_name: str) -> list[str] | None:
    """Return the names of the columns to read, or None for all."""
    if not columns:
        return None
    names = [_column_name(column, schema) for column in columns]
    if class_name == "pandas.DataFrame":
        index = (schema.pandas_metadata or {}).get("index_columns", ())
        names += [column for column in index if isinstance(column, str)]
    return list(dict.fromkeys(names))


def _column_name(column: str, schema: Any) -> str:
    """Return the name of the column that a declared column is, or is part of."""
    for name in (column, column.partition(".")[0]):
        if name in schema.names:
            return name
    raise LiteralError(f"there is no column {column!r}; there are: {', '.join(schema.names)}.")


def _not_a_table(value: Any) -> LiteralError:
    return LiteralError(
        f"{type(value).__name__} is not a table: it does not provide an Arrow stream, as tables of pyarrow, polars and "
        "pandas 2.2 do."
    )


@contextmanager
def _readable_errors(what: str) -> Iterator[None]:
    try:
        yield
    except ConnectorError:
        raise
    except Exception as error:  # A filesystem may raise anything.
        # Arrow appends tracebacks and excerpts.
        reason = str(error).strip().partition("\n")[0].partition(". Detail: ")[0] or type(error).__name__
        raise LiteralError(f"{without_credentials(what)}: {without_credentials(reason).rstrip('.')}.") from error
