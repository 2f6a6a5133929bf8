"""The key under which the service remembers a job."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from connector_core.models import TaskCategory

__all__ = ["JobKey"]


class JobKey(NamedTuple):
    """Identifies one job of one task category.

    Args:
        category: The task category of the job's connector.
        digest: The SHA-256 digest of the encoded metadata, which may itself have many megabytes.
    """

    category: TaskCategory
    digest: bytes

    def __hash__(self) -> int:
        return hash(self.digest)  # Each poll looks its key up several times; this is faster than the tuple's hash.

    @classmethod
    def of(cls, category: TaskCategory, resource_meta: bytes) -> JobKey:
        """Return the key of the job with this encoded metadata."""
        return cls(category, hashlib.sha256(resource_meta).digest())
