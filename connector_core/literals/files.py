"""Files and directories, here or elsewhere."""

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
    """What a file and a directory have in common.

    Args:
        uri: Where it is: a path, or a URI that fsspec knows.
        format: Flyte's word for what it holds, such as ``csv``; empty where nothing is said.
    """

    uri: str = attrs.field(converter=os.fspath)
    format: str = attrs.field(default="", kw_only=True)

    def __str__(self) -> str:
        return self.uri

    def __fspath__(self) -> str:
        """The path, for ``open`` and the like.

        Raises:
            LiteralError: It is remote: it has to be downloaded first.
        """
        if is_remote(self.uri):
            raise LiteralError(f"{without_credentials(self.uri)} is not on this machine; use download() or open().")
        return self.uri.removeprefix("file://")

    def download(self, to: str | os.PathLike[str]) -> Path:
        """Copy it to this machine.

        Args:
            to: The path that it shall have.

        Raises:
            LiteralError: It cannot be read.
        """
        from fsspec.core import url_to_fs

        try:
            filesystem, path = url_to_fs(self.uri)
            filesystem.get(path, os.fspath(to), recursive=filesystem.isdir(path))
        except Exception as error:  # A filesystem raises what it likes.
            raise LiteralError(without_credentials(f"{self.uri} cannot be downloaded: {error}.")) from error
        return Path(to)


class File(_Blob):
    """A file, here or in an object store: Flyte's Blob.

    ::

        def do(self, task_template, inputs, output_prefix, **kwargs):
            report = File("/tmp/report.html", format="html")  # uploaded when the outputs are written
            return Resource.succeeded(outputs={"report": report})

    An interface declares it as ``File``, or ``Annotated[File, "html"]`` with its format.

    Args:
        uri: Where it is: a path, or a URI that fsspec knows.
        format: Flyte's word for what it holds, such as ``csv``; empty where nothing is said.
    """

    __slots__ = ()

    def open(self, mode: str = "rb") -> AbstractContextManager[Any]:
        """Open it where it is, for a ``with`` statement.

        Args:
            mode: As of the built-in ``open``.

        Raises:
            LiteralError: Nothing can open such a URI.
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
        uri: Where it is: a path, or a URI that fsspec knows.
        format: Flyte's word for what its files hold; empty where nothing is said.
    """

    __slots__ = ()


def upload(path: Path, uri: str) -> None:
    """Copy a file or a directory of this machine.

    Raises:
        LiteralError: It cannot be written there.
    """
    from fsspec.core import url_to_fs

    try:
        filesystem, target = url_to_fs(uri)
        filesystem.makedirs(filesystem._parent(target), exist_ok=True)
        filesystem.put(os.fspath(path), target, recursive=path.is_dir())
    except Exception as error:  # A filesystem raises what it likes.
        raise LiteralError(without_credentials(f"{path} cannot be uploaded to {uri}: {error}.")) from error
