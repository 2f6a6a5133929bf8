"""Small connectors for tests, which record their calls."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from connector_core import AsyncConnectorBase, ConnectorRegistry, Resource, ResourceMeta, SyncConnectorBase, Task
from connector_core.idl import (
    Identifier,
    NodeExecutionIdentifier,
    TaskExecutionIdentifier,
    TaskExecutionMetadata,
    WorkflowExecutionIdentifier,
)


@dataclass
class JobMeta(ResourceMeta):
    """The metadata of a job: its number."""

    job_id: int = 1


Step = Resource | BaseException | Callable[[], Resource]


class Echo(SyncConnectorBase):
    """Returns its inputs as outputs."""

    def __init__(self, task_type: str = "echo", version: int = 0) -> None:
        """Serve `task_type`."""
        super().__init__(task_type_name=task_type, task_type_version=version)

    def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        """Return the inputs."""
        return Resource.succeeded(outputs=inputs)


class Jobs(AsyncConnectorBase):
    """Its jobs go through the given steps, one for each `get`; the last one stays."""

    def __init__(
        self,
        *steps: Step,
        task_type: str = "job",
        version: int = 0,
        metadata_type: type[ResourceMeta] = JobMeta,
    ) -> None:
        """Serve `task_type` with jobs of these `steps`: resources, exceptions, or functions that give one."""
        super().__init__(metadata_type=metadata_type, task_type_name=task_type, task_type_version=version)
        self.steps: Iterable[Step] = itertools.chain(steps, itertools.repeat((steps or (Resource.succeeded(),))[-1]))
        self.created: list[dict[str, Any]] = []
        self.polled: list[dict[str, Any]] = []
        self.deleted: list[ResourceMeta] = []

    async def create(
        self, task_template: Any, output_prefix: str, inputs: Any, task_execution_metadata: Any, **kwargs: Any
    ) -> ResourceMeta:
        """Start a job."""
        self.created.append(
            {
                "task_template": task_template,
                "output_prefix": output_prefix,
                "inputs": inputs,
                "task_execution_metadata": task_execution_metadata,
                **kwargs,
            }
        )
        return JobMeta(len(self.created))

    async def get(self, resource_meta: ResourceMeta, **kwargs: Any) -> Resource:
        """Take the next step."""
        self.polled.append({"resource_meta": resource_meta, **kwargs})
        step = next(iter(self.steps))
        if isinstance(step, BaseException):
            raise step
        return step if isinstance(step, Resource) else step()

    async def delete(self, resource_meta: ResourceMeta, **kwargs: Any) -> None:
        """Record the deletion."""
        self.deleted.append(resource_meta)


RUNNING = Resource.running()
DONE = Resource.succeeded(outputs={"rows": 2})


def task_of(connector: Any, **options: Any) -> Task:
    """Return a task that runs through this connector."""
    registry = ConnectorRegistry(discover=False)
    registry.register(connector)
    return Task(connector.task_category.name, registry=registry, **options)


def execution_metadata(attempt: int = 0, **changes: Any) -> TaskExecutionMetadata:
    """Return the metadata of an attempt of the execution n, with other fields changed."""
    execution = {"project": "p", "domain": "d", "name": "n", **changes}
    return TaskExecutionMetadata(
        task_execution_id=TaskExecutionIdentifier(
            task_id=Identifier(project="p", domain="d", name="task", version="1"),
            node_execution_id=NodeExecutionIdentifier(
                node_id="n0", execution_id=WorkflowExecutionIdentifier(**execution)
            ),
            retry_attempt=attempt,
        )
    )
