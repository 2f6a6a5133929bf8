"""File and Directory: the values of Flyte's Blob, on this machine or in an object store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from connector_core.errors import LiteralError
from connector_core.literals.uris import is_remote, without_credentials

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["Directory", "File", "upload"]


@attrs.frozen
class _Blob:
    """The base class of files and directories.

    Args:
        uri: A path, or a URI that fsspec supports.
        format: Flyte's name for the format, such as ``csv``; empty if unknown.
    """

    uri: str = attrs.field(converter=os.fspath)
    format: str = attrs.field(default="", kw_only=True)

    def __str__(self) -> str:
        return self.uri

    def __fspath__(self) -> str:
        """Return the path, for ``open`` and similar functions.

        Raises:
            LiteralError: if the URI is remote.
        """
        if is_remote(self.uri):
            raise LiteralError(f"{without_credentials(self.uri)} is not on this machine; use download() or open().")
        return self.uri.removeprefix("file://")

    def download(self, to: str | os.PathLike[str]) -> Path:
        """Copy the file or directory to this machine.

        Args:
            to: The path of the copy.

        Returns:
            The path of the copy.

        Raises:
            LiteralError: if it cannot be read.
        """
        from fsspec.core import url_to_fs

        try:
            filesystem, path = url_to_fs(self.uri)
            filesystem.get(path, os.fspath(to), recursive=filesystem.isdir(path))
        except Exception as error:  # A filesystem may raise anything.
            raise LiteralError(without_credentials(f"{self.uri} cannot be downloaded: {error}.")) from error
        return Path(to)


class File(_Blob):
    """A file, here or in an object store: Flyte's Blob.

    ::

        def do(self, task_template, inputs, output_prefix, **kwargs):
            report = File("/tmp/report.html", format="html")  # uploaded when the outputs are written
            return Resource.succeeded(outputs={"report": report})

    An interface declares a file as ``File``, or with its format as ``Annotated[File, "html"]``.

    Args:
        uri: A path, or a URI that fsspec supports.
        format: Flyte's name for the format, such as ``csv``; empty if unknown.
    """

    __slots__ = ()

    def open(self, mode: str = "rb") -> AbstractContextManager[Any]:
        """Return a context manager that opens the file without copying it first.

        Args:
            mode: The mode, as for the built-in ``open``.

        Raises:
            LiteralError: if no installed package supports the URI.
        """
        import fsspec

        try:
            opened: AbstractContextManager[Any] = fsspec.open(self.uri, mode)
        except Exception as error:
            raise LiteralError(without_credentials(f"{self.uri} cannot be opened: {error}.")) from error
        return opened


class Directory(_Blob):
    """A directory, here or in an object store: Flyte's multipart Blob.

    Args:
        uri: A path, or a URI that fsspec supports.
        format: Flyte's name for the format of the files; empty if unknown.
    """

    __slots__ = ()


def upload(path: Path, uri: str) -> None:
    """Copy a file or a directory of this machine to a URI.

    Raises:
        LiteralError: if it cannot be written there.
    """
    from fsspec.core import url_to_fs

    try:
        filesystem, target = url_to_fs(uri)
        filesystem.makedirs(filesystem._parent(target), exist_ok=True)
        filesystem.put(os.fspath(path), target, recursive=path.is_dir())
    except Exception as error:  # A filesystem may raise anything.
        raise LiteralError(without_credentials(f"{path} cannot be uploaded to {uri}: {error}.")) from error
