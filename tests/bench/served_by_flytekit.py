"""The connector that flytekit's own service serves: `Nothing` of `served_connectors`."""

# No `from __future__ import annotations`: flytekit would not see the types of the fields.

from dataclasses import dataclass
from typing import Any

from flyteidl.core.execution_pb2 import TaskExecution
from flytekit.extend.backend.base_connector import AsyncConnectorBase, ConnectorRegistry, Resource, ResourceMeta


@dataclass
class QueryMeta(ResourceMeta):
    """Typical metadata."""

    query_id: str
    region: str = "eu"


class Nothing(AsyncConnectorBase):
    """A connector with async methods."""

    name = "Nothing"

    def __init__(self) -> None:
        super().__init__(metadata_type=QueryMeta, task_type_name="nothing")

    async def create(self, task_template: Any, **_: Any) -> QueryMeta:  # type: ignore[override]
        return QueryMeta("q-1")

    async def get(self, resource_meta: QueryMeta, **_: Any) -> Resource:  # type: ignore[override]
        return Resource(phase=TaskExecution.RUNNING, message="half of it is done")

    async def delete(self, resource_meta: QueryMeta, **_: Any) -> None:  # type: ignore[override]
        return None


ConnectorRegistry.register(Nothing())
