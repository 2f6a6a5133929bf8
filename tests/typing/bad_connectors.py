"""Mistakes of connector authors that a type checker finds: each ignored line must be an error."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector_core import AsyncConnectorBase, Resource, ResourceMeta, SyncConnectorBase
from connector_core.idl import LiteralMap, TaskExecutionMetadata, TaskTemplate


@dataclass
class JobMeta(ResourceMeta):
    job_id: int


class NoDo(SyncConnectorBase):
    pass


NoDo("x")  # type: ignore[abstract]


class ReturnsText(SyncConnectorBase):
    def do(  # type: ignore[override]
        self, task_template: TaskTemplate, output_prefix: str, inputs: LiteralMap | None = None, **kwargs: Any
    ) -> str:
        return "done"


class WantsMore(SyncConnectorBase):
    def do(  # type: ignore[override]
        self, task_template: TaskTemplate, output_prefix: str, inputs: LiteralMap | None, prompt: str, **kwargs: Any
    ) -> Resource:
        return Resource.succeeded()


class TakesModels(SyncConnectorBase):
    def do(  # type: ignore[override]
        self, task_template: dict[str, Any], output_prefix: str, inputs: LiteralMap | None = None, **kwargs: Any
    ) -> Resource:
        return Resource.succeeded()


class NoDelete(AsyncConnectorBase):
    def create(  # type: ignore[override]
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None,
        task_execution_metadata: TaskExecutionMetadata | None,
        **kwargs: Any,
    ) -> int:
        return 1

    async def get(self, resource_meta: JobMeta, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        return {"phase": "SUCCEEDED"}


NoDelete(metadata_type=JobMeta, task_type_name="job")  # type: ignore[abstract]


class MetaOfAnotherType(AsyncConnectorBase):
    def __init__(self) -> None:
        super().__init__(metadata_type=dict, task_type_name="job")  # type: ignore[arg-type]
