"""URIs: where they lead, and how they are shown."""

from __future__ import annotations

import re

__all__ = ["is_remote", "masked"]


def is_remote(uri: str) -> bool:
    """Whether the URI leads away from this machine's own files."""
    return "://" in uri and not uri.startswith("file://")


def masked(text: str) -> str:
    """The text without what its URIs may give away: a password before the host, a signature in the query."""
    return re.sub(r"(?<=://)[^/\s]*:[^/\s]*(?=@)|(?<=\?)\S+", "***", text)
