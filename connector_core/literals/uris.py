"""URIs: which of them are local, and how error messages show them."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["is_remote", "local_path", "without_credentials"]


def is_remote(uri: str) -> bool:
    """Tell whether the URI is neither a local path nor a ``file:`` URI."""
    return "://" in uri and not uri.startswith("file://")


def local_path(uri: str) -> Path:
    """Return the path of a URI that is not remote, as fsspec reads it."""
    return Path(uri.removeprefix("file://").removeprefix("file:")).expanduser()


def without_credentials(text: str) -> str:
    """Return the text with the passwords and the query strings of its URIs replaced by ``***``.

    A query string may contain a signature that gives access.
    """
    return re.sub(r"(?<=://)[^/\s]*:[^/\s]*(?=@)|(?<=\?)\S+", "***", text)
