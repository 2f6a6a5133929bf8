"""DuckDBConnector: runs a task's SQL with the inputs as parameters, and returns the rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from connector_core import (
    Directory,
    File,
    LiteralError,
    PermanentError,
    Resource,
    StructuredDataset,
    SyncConnectorBase,
    current_call,
    from_literal_map,
    to_literal,
)
from connector_core.errors import NoCurrentCall
from connector_duckdb.batches import Batch, nbytes, to_rows
from connector_duckdb.query import Query
from connector_duckdb.task import Output, Settings

if TYPE_CHECKING:
    from connector_core.idl import LiteralMap, TaskTemplate

__all__ = ["DuckDBConnector"]


class DuckDBConnector(SyncConnectorBase):
    """Runs the SQL of a task in DuckDB, within the call.

    The inputs are bound to the parameters of the SQL (``$name``) and never pasted into it. A structured dataset becomes
    a table with the input's name, and a file is passed as its URI. The result of the last statement is the output
    ``rows``: a list of dicts, or a structured dataset if the result is large or the task declares one. A dataset is one
    Parquet file under the output prefix.
    """

    def __init__(self) -> None:
        super().__init__(task_type_name="duckdb")

    def do(
        self, task_template: TaskTemplate, output_prefix: str, inputs: LiteralMap | None = None, **kwargs: Any
    ) -> Resource:
        """Run the SQL, and return the result of its last statement.

        Args:
            task_template: The task: the SQL in ``sql.statement``, and the :class:`~connector_duckdb.task.Settings` in
                ``custom``.
            output_prefix: The location for the Parquet file of a large result.
            inputs: A value for each parameter that the SQL names.
            **kwargs: Not used.

        Raises:
            PermanentError: if the task is wrong or its SQL failed.
            RetryableError: if the SQL failed for a temporary reason, or took longer than the caller waits.
        """
        settings = Settings.of(task_template)
        output = Output.of(task_template)
        sql = task_template.sql.statement
        with Query(settings.database, settings.read_only, _seconds_left(task_template)) as query:
            values = _values(inputs)
            datasets = {name: value for name, value in values.items() if isinstance(value, StructuredDataset)}
            for name, dataset in datasets.items():
                query.load(name, dataset)
            bound = {name: _bound(values[name]) for name in values if name not in datasets}
            batches = query.run(sql, bound, arrow=output.is_dataset)
            rows, batches = _inline(batches, output, settings)
            if rows is not None:
                return Resource.succeeded(outputs={output.name: rows}, message=_count(len(rows)))
            from connector_duckdb.dataset import write_dataset  # Imported late, because pyarrow is slow to import.

            uri = f"{output_prefix.rstrip('/')}/{output.name}.parquet"
            dataset, written = write_dataset(uri, query.schema, batches)
        return Resource.succeeded(outputs={output.name: dataset}, message=f"{_count(written)} written to {uri}")


MAX_INLINE_BYTES = 128 * 1024
"""The limit of encoded rows: Flyte 2's task status, which carries them, holds 256 KiB."""

MAX_DECLARED_BYTES = 2 * 1024 * 1024
"""The limit of encoded rows if the task declares a list: Flyte refuses a response of more than 4 MiB."""


def _inline(
    batches: Iterator[Batch], output: Output, settings: Settings
) -> tuple[list[dict[str, Any]] | None, Iterator[Batch]]:
    """Return the rows, or None if they are too many, and all batches that are not in the rows."""
    if output.is_dataset:
        return None, batches
    max_rows = None if output.is_list else settings.inline_rows
    max_bytes = MAX_DECLARED_BYTES if output.is_list else MAX_INLINE_BYTES
    taken: list[Batch] = []
    for batch in batches:
        taken.append(batch)
        # Arrow takes at most eight times the bytes of a literal (a small int has eight bytes here and one there). A
        # result above that is too large, and need not be encoded.
        if _exceeds(sum(map(len, taken)), max_rows) or sum(map(nbytes, taken)) > 8 * max_bytes:
            break
    else:
        rows = [row for part in taken for row in to_rows(part)]
        if to_literal(rows).ByteSize() <= max_bytes:
            return rows, iter(())
    if output.is_list:
        raise PermanentError(
            f"The result is too large for a list: more than {MAX_DECLARED_BYTES // 2**20} MiB. Declare the output "
            f"{output.name!r} as a structured dataset, declare no outputs, or select fewer rows.",
            code="RESULT_TOO_LARGE",
        )
    return None, chain(taken, batches)


def _exceeds(number: int, limit: int | None) -> bool:
    return limit is not None and number > limit


def _values(inputs: LiteralMap | None) -> dict[str, Any]:
    try:
        return {} if inputs is None else from_literal_map(inputs, path="inputs")
    except LiteralError as error:
        raise PermanentError(f"An input cannot be read: {error}", code="INPUTS") from error


def _bound(value: Any) -> Any:
    """Return the value for a parameter: of a file, its URI."""
    return value.uri if isinstance(value, File | Directory) else value


def _seconds_left(task_template: TaskTemplate) -> float | None:
    """Return the seconds for which the caller waits for the result; None if there is no limit."""
    limits = []
    if (timeout := task_template.metadata.timeout.ToTimedelta().total_seconds()) > 0:
        limits.append(timeout)
    try:
        deadline = current_call().deadline
    except NoCurrentCall:
        deadline = None
    if deadline is not None:
        limits.append(max(deadline - time.monotonic(), 0))
    return min(limits, default=None)


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
