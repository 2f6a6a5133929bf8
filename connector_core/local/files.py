"""The two files of a task execution that Flyte knows: ``inputs.pb`` and ``outputs.pb`` under the output prefix."""

from __future__ import annotations

from google.protobuf.message import DecodeError, Message

from connector_core.errors import OutputsUnreadable, PrefixNotWritable
from connector_core.idl import LiteralMap
from connector_core.literals.uris import is_remote, local_path

__all__ = ["read_outputs", "write_message"]


def write_message(uri: str, message: Message) -> None:
    """Write a message to a file, and create the directories above it.

    Args:
        uri: A local path, or a URI that fsspec supports.
        message: The message.

    Raises:
        PrefixNotWritable: if the file cannot be written, or if no installed package supports the scheme.
    """
    try:
        if is_remote(uri):
            from fsspec.core import url_to_fs

            filesystem, path = url_to_fs(uri)
            filesystem.makedirs(filesystem._parent(path), exist_ok=True)
            filesystem.pipe_file(path, message.SerializeToString())
        else:
            file = local_path(uri)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(message.SerializeToString())
    except Exception as error:  # Each filesystem has exceptions of its own.
        raise PrefixNotWritable(uri, _reason(error)) from error


def read_outputs(output_prefix: str) -> LiteralMap:
    """Return the outputs that a job wrote to ``{output_prefix}/outputs.pb``.

    Raises:
        OutputsUnreadable: if the file does not exist, cannot be read, or does not contain a LiteralMap.
    """
    uri = f"{output_prefix}/outputs.pb"
    try:
        return LiteralMap.FromString(_read(uri))
    except FileNotFoundError as error:
        raise OutputsUnreadable(
            uri, "the file does not exist; the job must write it, or the connector must return outputs."
        ) from error
    except DecodeError as error:
        raise OutputsUnreadable(uri, "it is not a LiteralMap.") from error
    except Exception as error:
        raise OutputsUnreadable(uri, f"{_reason(error)}.") from error


def _read(uri: str) -> bytes:
    if not is_remote(uri):
        return local_path(uri).read_bytes()
    from fsspec.core import url_to_fs

    filesystem, path = url_to_fs(uri)
    data: bytes = filesystem.cat_file(path)
    return data


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
