"""Fetches offloaded literals. Flyte leaves a large literal in the object store and sends its URI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from connector_core.errors import LiteralError
from connector_core.idl import Literal
from connector_core.literals.uris import without_credentials

if TYPE_CHECKING:
    from flyteidl.core.literals_pb2 import LiteralOffloadedMetadata

__all__ = ["MAX_OFFLOADED_BYTES", "fetch"]

MAX_OFFLOADED_BYTES = 256 * 2**20
"""The maximum size of an offloaded literal, which takes many times as much memory as Python values."""


def fetch(offloaded: LiteralOffloadedMetadata) -> Literal:
    """Return the literal that is stored at the URI.

    Raises:
        LiteralError: if it cannot be read, is not a literal, or is larger than ``MAX_OFFLOADED_BYTES``.
    """
    if not offloaded.uri:
        raise LiteralError("the offloaded literal has no URI.")
    data = _read(offloaded.uri)
    if len(data) > MAX_OFFLOADED_BYTES:
        raise LiteralError(
            f"the literal offloaded to {without_credentials(offloaded.uri)} is larger than "
            f"{MAX_OFFLOADED_BYTES // 2**20} MiB; pass a structured dataset or a file instead."
        )
    try:
        return Literal.FromString(data)
    except DecodeError as error:
        raise LiteralError(f"the data at {without_credentials(offloaded.uri)} is not a Literal.") from error


def _read(uri: str) -> bytes:
    import fsspec

    try:
        opened: Any = fsspec.open(uri, "rb")
        with opened as file:
            data: bytes = file.read(MAX_OFFLOADED_BYTES + 1)
    except Exception as error:  # A filesystem may raise anything.
        raise LiteralError(without_credentials(f"the literal offloaded to {uri} cannot be read: {error}.")) from error
    return data
