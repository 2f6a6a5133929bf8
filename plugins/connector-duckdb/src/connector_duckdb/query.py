"""Query: a connection to DuckDB that runs one task's SQL and streams the result."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import nanoarrow

from connector_core import Directory, File, LiteralError, PermanentError, RetryableError, StructuredDataset
from connector_core.errors import CallError
from connector_core.idl import Literal
from connector_duckdb.batches import Batch, are_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from duckdb.sqltypes import DuckDBPyType

__all__ = ["Query"]

BATCH_ROWS = 32_768
"""The rows in one batch, and in one row group of the Parquet file: small in memory, and fast to read."""


class Query:
    """A new connection, closed at the end of the ``with`` block, and interrupted after a time.

    Args:
        database: The database, as for ``duckdb.connect``.
        read_only: Open it for reading only.
        seconds: The seconds after which the SQL is interrupted; None: never.
    """

    _result: nanoarrow.ArrayStream | pa.RecordBatchReader

    def __init__(self, database: str, read_only: bool, seconds: float | None) -> None:
        self._seconds = seconds
        self._expired = False
        self._done = threading.Event()
        with self._sql_errors():
            # A table name in the SQL must not refer to a Python variable of this process.
            self._connection = duckdb.connect(database, read_only, {"python_enable_replacements": False})

    def __enter__(self) -> Query:
        if self._seconds is not None:
            self._watch = threading.Thread(target=self._interrupt, name="duckdb-deadline", daemon=True)
            self._watch.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        if self._seconds is not None:
            self._watch.join()
        self._connection.close()

    def load(self, name: str, dataset: StructuredDataset) -> None:
        """Stream a dataset into a temporary table.

        Args:
            name: The name of the table. It hides any other table of that name.
            dataset: The dataset.

        Raises:
            PermanentError: if the dataset cannot be read, or DuckDB cannot hold it.
            RetryableError: if loading was interrupted.
        """
        import pyarrow as pa

        try:
            rows = dataset.read(pa.RecordBatchReader)
        except LiteralError as error:
            raise PermanentError(f"The input {name!r} cannot be read: {error}", code="INPUTS") from error
        with self._sql_errors(pa.ArrowException):
            self._connection.register(_LOADING, rows)
            self._connection.execute(f"CREATE TEMP TABLE {_quoted(name)} AS SELECT * FROM {_LOADING}")
            self._connection.unregister(_LOADING)

    def run(self, sql: str, values: Mapping[str, Any], *, arrow: bool) -> Iterator[Batch]:
        """Run all statements, and stream the result of the last one in batches.

        Args:
            sql: One statement or several.
            values: A value for each parameter that the statements name.
            arrow: If True, the batches are pyarrow's. Otherwise they are nanoarrow's if all types are plain.

        Raises:
            PermanentError: if the SQL failed, or the values do not match the parameters.
            RetryableError: if the SQL failed for a temporary reason, or was interrupted.
        """
        with self._sql_errors():
            # Comparing timestamps with and without a time zone must not depend on the machine.
            self._connection.execute("SET TimeZone = 'UTC'")
            # After two seconds DuckDB would draw it on standard output, which belongs to the caller.
            self._connection.execute("SET enable_progress_bar = false")
            statements = self._connection.extract_statements(sql)
            if not statements:
                raise PermanentError("The task has no SQL; put a statement into the template's sql.", code="NO_SQL")
            _check_parameters(statements, values)
            for statement in statements[:-1]:
                self._connection.execute(statement, _named(statement, values)).complete()
            last = statements[-1]
            relation = _carriable(self._connection.sql(last, params=_named(last, values)))
            if not arrow and are_plain(map(str, relation.types)):
                self._result = nanoarrow.ArrayStream(relation)
                return self._batches(RuntimeError)
        import pyarrow as pa

        with self._sql_errors(pa.ArrowException):
            self._result = relation.to_arrow_reader(BATCH_ROWS)
        return self._batches(pa.ArrowException)

    @property
    def schema(self) -> nanoarrow.Schema | pa.Schema:
        """The Arrow schema of the result; known once the SQL runs."""
        return self._result.schema

    def _batches(self, *errors: type[Exception]) -> Iterator[Batch]:
        with self._sql_errors(*errors):
            yield from self._result

    def _interrupt(self) -> None:
        if self._done.wait(self._seconds):
            return
        self._expired = True
        # An interruption between two statements has no effect, so repeat it.
        while not self._done.wait(0.05):
            self._connection.interrupt()

    @contextmanager
    def _sql_errors(self, *more: type[Exception]) -> Iterator[None]:
        kinds: tuple[type[Exception], ...] = (duckdb.Error, OSError, *more)
        try:
            yield
        except kinds as error:  # While rows are streaming, pyarrow raises an OSError, and nanoarrow a RuntimeError.
            if self._expired:
                raise RetryableError(
                    f"The SQL was interrupted: it did not end within {self._seconds:.3g} s.", code="DEADLINE"
                ) from error
            raise _call_error(error) from error


_LOADING = "connector_duckdb_loading"


def _check_parameters(statements: Sequence[duckdb.Statement], values: Mapping[str, Any]) -> None:
    parameters = sorted({name for statement in statements for name in statement.named_parameters})
    for name, value in values.items():
        if name not in parameters:
            there = (
                f"its parameters are: {_dollars(parameters)}" if parameters else f"it has no parameters; write ${name}"
            )
            raise PermanentError(f"The SQL does not name the input {name!r}; {there}.", code="INPUTS")
        if not _can_bind(value):
            raise PermanentError(
                f"The input {name!r} cannot be bound to ${name}: a file or a dataset in it is not an SQL value. Pass "
                "it as a separate input.",
                code="INPUTS",
            )
    for name in parameters:
        if name not in values:
            given = f"the inputs are: {', '.join(sorted(values))}" if values else "no inputs were given"
            raise PermanentError(f"The SQL's parameter ${name} has no input of that name; {given}.", code="INPUTS")


def _can_bind(value: object) -> bool:
    match value:
        case list():
            return all(map(_can_bind, value))
        case dict():
            return all(map(_can_bind, value.values()))
        case _:
            return not isinstance(value, File | Directory | StructuredDataset | Literal)


def _named(statement: duckdb.Statement, values: Mapping[str, Any]) -> dict[str, Any] | None:
    return {name: values[name] for name in statement.named_parameters} or None


def _dollars(names: Sequence[str]) -> str:
    return ", ".join(f"${name}" for name in names)


def _carriable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Return the relation with distinct column names, and as text where Arrow would change the values."""
    names = _distinct(relation.columns)
    types = [_carriable_type(kind) for kind in relation.types]
    if names == relation.columns and types == [str(kind) for kind in relation.types]:
        return relation
    columns = zip(names, types, strict=True)
    return relation.project(
        ", ".join(f"CAST(#{index} AS {kind}) AS {_quoted(name)}" for index, (name, kind) in enumerate(columns, 1))
    )


def _distinct(names: Sequence[str]) -> list[str]:
    """Return distinct names as DuckDB gives them in a subquery: the second ``x`` is ``x_1``."""
    distinct: list[str] = []
    for name in names:
        candidate, number = name, 0
        while candidate in distinct or (number and candidate in names):
            number += 1
            candidate = f"{name}_{number}"
        distinct.append(candidate)
    return distinct


def _carriable_type(kind: DuckDBPyType) -> str:
    if kind.id in _ALTERED_BY_ARROW:
        return "VARCHAR"
    # Spell out a nested type only if a type in it changes.
    if kind.id not in ("list", "array", "struct", "map"):
        return str(kind)
    parts: dict[str, Any] = dict(kind.children)
    spelled = {name: _carriable_type(part) for name, part in parts.items() if not isinstance(part, int)}
    if all(spelled[name] == str(parts[name]) for name in spelled):
        return str(kind)
    match kind.id:
        case "list":
            return f"{spelled['child']}[]"
        case "array":
            return f"{spelled['child']}[{parts['size']}]"
        case "map":
            return f"MAP({spelled['key']}, {spelled['value']})"
        case _:
            return f"STRUCT({', '.join(f'{_quoted(name)} {part}' for name, part in spelled.items())})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_ALTERED_BY_ARROW = frozenset(
    {"bit", "time with time zone", "uhugeint", "bignum", "union", "variant", "geometry"},
)
"""Types that Arrow would change (offsets, the largest numbers), or that Parquet cannot hold."""


def _call_error(error: Exception) -> CallError:
    text = str(getattr(error, "message", error))  # nanoarrow puts a C function's name before DuckDB's message.
    kind = RetryableError if _is_temporary(error, text) else PermanentError
    return kind(text[:_LONGEST_MESSAGE], code=_code(error, text))


def _code(error: Exception, text: str) -> str:
    """Return the code of an error: ``SQL_CATALOG`` for a ``duckdb.CatalogException``, or for its message."""
    name = type(error).__name__.removesuffix("Exception")
    if not isinstance(error, duckdb.Error) or type(error) is duckdb.Error:
        found = re.match(r"([A-Za-z ]+) Error: ", text)
        name = found[1] if found else "Error"
    return "SQL_" + re.sub(r"(?<=[a-z])(?=[A-Z])| ", "_", name).upper()


def _is_temporary(error: Exception, text: str) -> bool:
    if isinstance(error, duckdb.HTTPException):
        # 0 means that there was no answer.
        return error.status_code in (0, 408, 429) or error.status_code >= 500
    return _TEMPORARY.search(text.partition("\n")[0]) is not None


_TEMPORARY = re.compile(
    r"^TransactionContext Error: .*conflict"
    r"|^Connection Error: .*different configuration"
    r"|^(IO|HTTP) Error: .*(set lock|timed out|timeout was reached|temporarily|"
    r"connection (error|refused|reset)|could not (connect|establish))",
    re.IGNORECASE,
)

_LONGEST_MESSAGE = 2000
"""A message may quote a long value, and Flyte's callers lose a message of more than 4 KiB."""
