"""The kind of structured datasets: tables in memory or at a URI."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralType, StructuredDatasetType
from connector_core.literals.files import Directory, File, upload
from connector_core.literals.kinds import Kind, Scope, fill_from_literal
from connector_core.literals.tables import StructuredDataset, is_table, read_table, write_parquet
from connector_core.literals.uris import is_remote, without_credentials
from connector_core.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DatasetKind", "declared_columns"]

PARQUET = "parquet"


class DatasetKind(Kind):
    """A table. A table in memory is written as Parquet under the output prefix.

    Args:
        python_type: The class as which the table is read: StructuredDataset, or a class of tables.
        columns: The declared columns; if empty, all columns.
        format: The declared format; empty if none is declared.
    """

    tag = "StructuredDataset Transformer"

    def __init__(
        self, python_type: type = StructuredDataset, columns: Mapping[str, LiteralType] | None = None, format: str = ""
    ) -> None:
        self.name: str = python_type.__name__
        self.python_type = python_type
        self._columns = columns or {}
        self._format = format

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return LiteralType(structured_dataset_type=self._dataset_type())

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        """Return the schema of flytekit's class, which Flyte's console knows."""
        text_or_null = {"anyOf": [{"type": "string"}, {"type": "null"}]}
        properties = {"uri": {**text_or_null, "default": None}, "file_format": {**text_or_null, "default": ""}}
        title = "StructuredDataset"
        return {"type": "object", "title": title, "properties": properties, "additionalProperties": False}

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if fill_from_literal(literal, value):
            return
        value = self._dataset(value)
        uri, file_format = self._target(value, scope)
        dataset = literal.scalar.structured_dataset
        try:
            dataset.uri = uri
            dataset.metadata.structured_dataset_type.CopyFrom(self._dataset_type(file_format, value.columns))
        except UnicodeEncodeError as error:
            raise LiteralError(
                f"the dataset {without_credentials(uri)!r:.80} has a description that is not valid Unicode: "
                f"{error.reason}."
            ) from error

    def read(self, literal: Literal, depth: int) -> Any:
        if literal.scalar.WhichOneof("value") != "structured_dataset":
            return super().read(literal, depth)
        dataset = literal.scalar.structured_dataset
        sent = dataset.metadata.structured_dataset_type
        return self._open(
            dataset.uri, sent.format, self._columns or {column.name: column.literal_type for column in sent.columns}
        )

    def pack(self, value: Any, scope: Scope) -> Any:
        uri, file_format = self._target(self._dataset(value), scope)
        return {"uri": uri, "file_format": file_format}

    def unpack(self, packed: Any) -> Any:
        sent = packed if type(packed) is dict else {"uri": packed}
        uri, file_format = sent.get("uri"), sent.get("file_format") or ""
        if type(uri) is not str or type(file_format) is not str:
            raise self.refusal(packed)
        return self._open(uri, file_format, self._columns)

    def _open(self, uri: str, file_format: str, columns: Mapping[str, LiteralType]) -> Any:
        if not uri:
            raise LiteralError("the dataset has no URI.")
        if self.python_type is StructuredDataset:
            return StructuredDataset(uri, file_format, columns=columns)
        return read_table(uri, file_format, self.python_type, columns)

    def _dataset(self, value: Any) -> StructuredDataset:
        if isinstance(value, StructuredDataset):
            return value
        if isinstance(value, File | Directory):
            return StructuredDataset(value.uri)
        if isinstance(value, str | os.PathLike):
            return StructuredDataset(os.fspath(value))
        if is_table(value):
            return StructuredDataset(table=value)
        raise self.refusal(value)

    def _target(self, value: StructuredDataset, scope: Scope) -> tuple[str, str]:
        """Return the URI and the format of the table, and plan the upload if there is one."""
        if isinstance(value.uri, Secret):
            raise self.refusal(value.uri)
        if value.table is not None:
            return self._place_table(value, scope), PARQUET
        uri = value.uri
        assert uri is not None, "a dataset without a table has a URI"
        if not is_remote(uri) and scope.output_prefix is not None and is_remote(scope.output_prefix):
            path = Path(uri.removeprefix("file://"))
            if not path.exists():
                raise LiteralError(f"there is no dataset {uri}.")
            uri = f"{_new_place(scope.output_prefix)}/{path.name}"
            scope.uploads.append(partial(upload, path, uri))
        return uri, self._format or value.file_format

    def _place_table(self, value: StructuredDataset, scope: Scope) -> str:
        if self._format not in ("", PARQUET):
            raise LiteralError(f"a table is written as {PARQUET}, but the declared format is {self._format!r}.")
        uri: str | None = value.uri
        if uri is None:
            if scope.output_prefix is None:
                raise LiteralError(
                    "there is no place to write the table; pass an output_prefix, or give the StructuredDataset a URI."
                )
            uri = _new_place(scope.output_prefix)
        scope.uploads.append(partial(write_parquet, value.table, uri))
        return uri

    def _dataset_type(
        self, file_format: str = "", columns: Mapping[str, LiteralType] | None = None
    ) -> StructuredDatasetType:
        """Return the declared type; the columns of a value are used if no columns are declared."""
        described = [
            StructuredDatasetType.DatasetColumn(name=name, literal_type=declared)
            for name, declared in (self._columns or columns or {}).items()
        ]
        return StructuredDatasetType(columns=described, format=file_format or self._format)


def declared_columns(
    columns: Mapping[str, Any], literal_type: Callable[[Any], LiteralType], prefix: str = ""
) -> dict[str, LiteralType]:
    """Return the LiteralTypes of the columns in an annotation; a nested column is named ``outer.inner``."""
    declared: dict[str, LiteralType] = {}
    for name, python_type in columns.items():
        if isinstance(python_type, Mapping):
            declared |= declared_columns(python_type, literal_type, f"{prefix}{name}.")
        else:
            declared[f"{prefix}{name}"] = literal_type(python_type)
    return declared


def _new_place(prefix: str) -> str:
    return f"{prefix.rstrip('/')}/{uuid.uuid4().hex}"
