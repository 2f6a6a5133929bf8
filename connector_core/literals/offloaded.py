"""Offloaded literals: Flyte leaves a large one in the object store and sends its URI."""

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
"""Of an offloaded literal: as Python values it takes many times that."""


def fetch(offloaded: LiteralOffloadedMetadata) -> Literal:
    """The literal that lies at the URI.

    Raises:
        LiteralError: It cannot be read, is no literal, or is larger than ``MAX_OFFLOADED_BYTES``.
    """
    if not offloaded.uri:
        raise LiteralError("the literal is offloaded, and does not say where to.")
    data = _read(offloaded.uri)
    if len(data) > MAX_OFFLOADED_BYTES:
        raise LiteralError(
            f"the literal offloaded to {without_credentials(offloaded.uri)} is larger than "
            f"{MAX_OFFLOADED_BYTES // 2**20} MiB; pass a structured dataset or a file instead."
        )
    try:
        return Literal.FromString(data)
    except DecodeError as error:
        raise LiteralError(f"what lies at {without_credentials(offloaded.uri)} is no offloaded literal.") from error


def _read(uri: str) -> bytes:
    import fsspec

    try:
        opened: Any = fsspec.open(uri, "rb")
        with opened as file:
            data: bytes = file.read(MAX_OFFLOADED_BYTES + 1)
    except Exception as error:  # A filesystem raises what it likes.
        raise LiteralError(without_credentials(f"the literal offloaded to {uri} cannot be read: {error}.")) from error
    return data
