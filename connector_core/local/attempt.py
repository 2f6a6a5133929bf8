"""The first attempt of a new task execution, with everything that Flyte would send to ``create`` or ``do``."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, NamedTuple

from connector_core.idempotency import idempotency_key
from connector_core.idl import (
    Identifier,
    NodeExecutionIdentifier,
    ResourceType,
    TaskExecutionIdentifier,
    TaskExecutionMetadata,
    WorkflowExecutionIdentifier,
)
from connector_core.local.files import write_message
from connector_core.local.templates import placeholders, render_task_template

if TYPE_CHECKING:
    from connector_core.idl import LiteralMap, TaskTemplate
    from connector_core.models import TaskCategory

__all__ = ["Attempt", "begin_attempt"]


class Attempt(NamedTuple):
    """One attempt of a task: the arguments of ``create`` by name."""

    task_template: TaskTemplate
    output_prefix: str
    inputs: LiteralMap
    task_execution_metadata: TaskExecutionMetadata
    idempotency_key: str


async def begin_attempt(template: TaskTemplate, category: TaskCategory, prefix: str, inputs: LiteralMap) -> Attempt:
    """Begin a new execution: write the files that Flyte writes under the prefix, and fill the template's placeholders.

    Args:
        template: The task.
        category: The connector's task category.
        prefix: The output prefix, without a slash at its end.
        inputs: The values of the task's inputs.

    Raises:
        PrefixNotWritable: if a file cannot be written under the prefix.
        TemplateError: if a placeholder cannot be filled.
    """
    metadata = _new_execution(template)
    key = idempotency_key(category, metadata) or ""
    rendered = render_task_template(template, prefix, inputs, unique_key=key)
    await asyncio.to_thread(write_message, f"{prefix}/inputs.pb", inputs)
    if "tasktemplatepath" in placeholders(template):
        await asyncio.to_thread(write_message, f"{prefix}/task.pb", template)
    return Attempt(rendered, prefix, inputs, metadata, key)


def _new_execution(template: TaskTemplate) -> TaskExecutionMetadata:
    task_id = Identifier()
    task_id.CopyFrom(template.id)
    execution = WorkflowExecutionIdentifier(project="local", domain="local", name=f"local-{uuid.uuid4().hex}")
    return TaskExecutionMetadata(
        task_execution_id=TaskExecutionIdentifier(
            task_id=task_id if template.HasField("id") else Identifier(resource_type=ResourceType.TASK),
            node_execution_id=NodeExecutionIdentifier(node_id="n0", execution_id=execution),
        ),
        namespace="local-local",
    )
