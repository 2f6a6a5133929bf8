"""The two files of a task execution that Flyte knows: ``inputs.pb`` and ``outputs.pb`` under the output prefix."""

from __future__ import annotations

from fsspec.core import url_to_fs
from google.protobuf.message import DecodeError, Message

from connector_core.errors import OutputsUnreadable, PrefixNotWritable
from connector_core.idl import LiteralMap

__all__ = ["read_outputs", "write_message"]


def write_message(uri: str, message: Message) -> None:
    """Write a message to a file on any filesystem that fsspec knows.

    Raises:
        PrefixNotWritable: It cannot be written there, or nothing installed knows the scheme.
    """
    try:
        filesystem, path = url_to_fs(uri)
        filesystem.makedirs(filesystem._parent(path), exist_ok=True)
        filesystem.pipe_file(path, message.SerializeToString())
    except Exception as error:  # Each filesystem has exceptions of its own.
        raise PrefixNotWritable(uri, _spell(error)) from error


def read_outputs(output_prefix: str) -> LiteralMap:
    """The outputs that a job wrote to ``{output_prefix}/outputs.pb``.

    Raises:
        OutputsUnreadable: There is no such file, or it is no LiteralMap.
    """
    uri = f"{output_prefix}/outputs.pb"
    try:
        filesystem, path = url_to_fs(uri)
        return LiteralMap.FromString(filesystem.cat_file(path))
    except FileNotFoundError as error:
        raise OutputsUnreadable(
            uri, "there is no such file; the job must write it, or the connector must return outputs."
        ) from error
    except DecodeError as error:
        raise OutputsUnreadable(uri, "it is no LiteralMap.") from error
    except Exception as error:
        raise OutputsUnreadable(uri, f"{_spell(error)}.") from error


def _spell(error: Exception) -> str:
    return str(error) or type(error).__name__
