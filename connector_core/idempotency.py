"""The idempotency key: it identifies one attempt of one task execution, on every replica and after every restart."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_core.idl import TaskExecutionMetadata
    from connector_core.models import TaskCategory

__all__ = ["earlier_keys", "idempotency_key"]


def idempotency_key(category: TaskCategory, metadata: TaskExecutionMetadata | None) -> str | None:
    """Return the key of one attempt of one task execution: 32 hexadecimal digits, valid as a label or tag anywhere.

    Args:
        category: The connector's task category.
        metadata: Its ``task_execution_id`` identifies the attempt. Without an id, the result is None.
    """
    if metadata is None or not metadata.HasField("task_execution_id"):
        return None
    identifier = metadata.task_execution_id
    task, node = identifier.task_id, identifier.node_execution_id
    execution = node.execution_id
    parts = [
        *(category.name, category.version),
        *(task.org, task.project, task.domain, task.name, task.version),
        *(execution.org, execution.project, execution.domain, execution.name, node.node_id),
        identifier.retry_attempt,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def earlier_keys(category: TaskCategory, metadata: TaskExecutionMetadata | None) -> list[str]:
    """Return the keys of the earlier attempts whose jobs may still run: at most the last 16.

    Args:
        category: The connector's task category.
        metadata: As for :func:`idempotency_key`.
    """
    if metadata is None or not metadata.task_execution_id.retry_attempt:
        return []
    from connector_core.idl import TaskExecutionMetadata

    attempt = metadata.task_execution_id.retry_attempt
    earlier = TaskExecutionMetadata()
    earlier.CopyFrom(metadata)
    keys = []
    for number in range(max(0, attempt - _MOST_ATTEMPTS), attempt):
        earlier.task_execution_id.retry_attempt = number
        keys.append(idempotency_key(category, earlier) or "")
    return keys


_MOST_ATTEMPTS = 16
