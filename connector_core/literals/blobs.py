"""The kinds of files and directories, Flyte's Blob. Reading a Blob fetches nothing."""

from __future__ import annotations

import os
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from connector_core.errors import LiteralError
from connector_core.idl import BlobType, Literal, LiteralType
from connector_core.literals.files import Directory, File, upload
from connector_core.literals.kinds import Kind, Scope, fill_from_literal
from connector_core.literals.uris import is_remote, without_credentials
from connector_core.secrets import Secret

__all__ = ["BlobKind", "PathKind", "blob_kind"]


class BlobKind(Kind):
    """A file or a directory. A local one is uploaded if the output prefix is remote."""

    def __init__(self, python_type: type[File | Directory], format: str = "") -> None:
        self.python_type = python_type
        self.name: str = python_type.__name__
        self.tag: str = "FlyteFilePath" if python_type is File else "FlyteDirectory"
        self._format = format

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return LiteralType(blob=self._blob_type())

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        """Return the schema of flytekit's class, which Flyte's console knows."""
        text = {"type": "string"}
        path = {"anyOf": [text, {**text, "format": "path"}], "default": None}
        properties: dict[str, Any] = {"path": path}
        if self.python_type is File:
            mapping = {"type": "object", "additionalProperties": text, "propertyNames": text}
            properties["metadata"] = {"anyOf": [mapping, {"type": "null"}], "default": None}
        title = f"Flyte{self.name}"
        return {"type": "object", "title": title, "properties": properties, "additionalProperties": False}

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if not fill_from_literal(literal, value):
            uri = self._target(value, scope)
            try:
                literal.scalar.blob.uri = uri
            except UnicodeEncodeError as error:
                raise LiteralError(
                    f"the URI {without_credentials(uri)!r:.80} is not valid Unicode: {error.reason}."
                ) from error
            literal.scalar.blob.metadata.type.CopyFrom(self._blob_type())

    def read(self, literal: Literal, depth: int) -> Any:
        if literal.scalar.WhichOneof("value") != "blob":
            return super().read(literal, depth)
        blob = literal.scalar.blob
        if blob.metadata.type.dimensionality != self._blob_type().dimensionality:
            raise LiteralError(f"expected {self}, got a {'File' if self.python_type is Directory else 'Directory'}.")
        return self.python_type(blob.uri, format=blob.metadata.type.format or self._format)

    def pack(self, value: Any, scope: Scope) -> Any:
        return {"path": self._target(value, scope)}

    def unpack(self, packed: Any) -> Any:
        path = packed.get("path") if type(packed) is dict else packed
        if type(path) is not str:
            raise self.refusal(packed)
        return self.python_type(path, format=self._format)

    def _target(self, value: Any, scope: Scope) -> str:
        """Return the URI of the value, and plan the upload if there is one."""
        if isinstance(value, self.python_type):
            uri: str = value.uri
        elif isinstance(value, str | os.PathLike) and not isinstance(value, File | Directory):
            uri = os.fspath(value)
        else:
            raise self.refusal(value)
        if isinstance(uri, Secret):
            raise self.refusal(uri)
        if is_remote(uri):
            return uri
        path = Path(uri.removeprefix("file://"))
        if not (path.is_file() if self.python_type is File else path.is_dir()):
            raise LiteralError(f"there is no {'file' if self.python_type is File else 'directory'} {uri}.")
        if scope.output_prefix is None or not is_remote(scope.output_prefix):
            return uri  # The reader is on this machine, too.
        placed = f"{scope.output_prefix.rstrip('/')}/{uuid.uuid4().hex}/{path.name}"
        scope.uploads.append(partial(upload, path, placed))
        return placed

    def _blob_type(self) -> BlobType:
        dimensionality = "SINGLE" if self.python_type is File else "MULTIPART"
        return BlobType(format=self._format, dimensionality=dimensionality)


class PathKind(BlobKind):
    """``pathlib.Path`` and ``os.PathLike``: a local file. In a record it is a string, as in flytekit."""

    def __init__(self) -> None:
        super().__init__(File)
        self.name: str = "Path"
        self.packed_type: type | None = str

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return {"type": "string", "format": "path"}

    def read(self, literal: Literal, depth: int) -> Any:
        return Path(super().read(literal, depth))

    def pack(self, value: Any, scope: Scope) -> Any:
        if not isinstance(value, os.PathLike):
            raise self.refusal(value)
        return os.fspath(value)

    def unpack(self, packed: Any) -> Any:
        return Path(super().unpack(packed))


def blob_kind(declared: BlobType) -> BlobKind:
    """Return the kind for the type that an interface or a literal declares."""
    is_file = declared.dimensionality == BlobType.SINGLE
    return BlobKind(File if is_file else Directory, declared.format)
