"""Async connectors with `def` and `async def` methods, with and without the optional methods."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, assert_type

import attrs

from connector_core import AsyncConnectorBase, Phase, Resource, ResourceMeta, TaskCategory, convert_to_flyte_phase
from connector_core.idl import (
    GetTaskLogsResponse,
    GetTaskMetricsResponse,
    LiteralMap,
    TaskExecutionMetadata,
    TaskLog,
    TaskTemplate,
)


@dataclass
class QueryMeta(ResourceMeta):
    query_id: str
    region: str = "eu"


@attrs.define
class BatchMeta(ResourceMeta):
    job_id: int


class Query(AsyncConnectorBase):
    def __init__(self) -> None:
        super().__init__(metadata_type=QueryMeta, task_type_name="query", task_type_version=2)

    def create(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None,
        task_execution_metadata: TaskExecutionMetadata | None,
        idempotency_key: str | None = None,
        **kwargs: Any,
    ) -> QueryMeta:
        return QueryMeta(idempotency_key or task_template.sql.statement)

    def get(self, resource_meta: QueryMeta, output_prefix: str | None = None, **kwargs: Any) -> Resource:
        phase = convert_to_flyte_phase(resource_meta.region)
        assert_type(phase, Phase)
        return Resource(phase, log_links=[TaskLog(name="console", uri=resource_meta.query_id)])

    def delete(self, resource_meta: QueryMeta, **kwargs: Any) -> None:
        return None

    def find(self, idempotency_key: str, **kwargs: Any) -> QueryMeta | None:
        return None

    def get_logs(self, resource_meta: QueryMeta, **kwargs: Any) -> Iterator[GetTaskLogsResponse]:
        yield GetTaskLogsResponse()

    def get_metrics(self, resource_meta: QueryMeta, **kwargs: Any) -> GetTaskMetricsResponse:
        return GetTaskMetricsResponse()


class Batch(AsyncConnectorBase):
    def __init__(self) -> None:
        super().__init__(BatchMeta, task_type_name="batch")

    async def create(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None,
        task_execution_metadata: TaskExecutionMetadata | None,
        **kwargs: Any,
    ) -> BatchMeta:
        return BatchMeta(1)

    async def get(self, resource_meta: BatchMeta, **kwargs: Any) -> Resource:
        return Resource.running(message=f"job {resource_meta.job_id}")

    async def delete(self, resource_meta: BatchMeta, **kwargs: Any) -> None:
        return None

    async def find(self, idempotency_key: str, **kwargs: Any) -> BatchMeta | None:
        return None

    async def get_logs(self, resource_meta: BatchMeta, **kwargs: Any) -> AsyncIterator[GetTaskLogsResponse]:
        yield GetTaskLogsResponse()


assert_type(QueryMeta.decode(b"{}"), QueryMeta)
assert_type(BatchMeta(1).encode(), bytes)
assert_type(BatchMeta.decode(BatchMeta(1).encode()).job_id, int)
assert_type(Batch().task_category, TaskCategory)
assert_type(Batch().metadata_type, type[ResourceMeta])
