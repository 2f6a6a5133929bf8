"""The connectors that the measured services serve.

They do nothing and return prepared answers, as the bare server does, so that all measured time is the service's.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from connector_core import (
    AsyncConnectorBase,
    ConnectorRegistry,
    Resource,
    ResourceMeta,
    SyncConnectorBase,
    to_literal_map,
)

OUTPUTS = to_literal_map({"rows": 3})
MESSAGE = "half of it is done"


@dataclass
class QueryMeta(ResourceMeta):
    """Typical metadata."""

    query_id: str
    region: str = "eu"


class Nothing(AsyncConnectorBase):
    """A connector with async methods."""

    task_type = "nothing"

    def __init__(self) -> None:
        """Serve the class's task type."""
        super().__init__(metadata_type=QueryMeta, task_type_name=self.task_type)

    async def create(self, task_template: Any, **_: Any) -> QueryMeta:
        return QueryMeta("q-1")

    async def get(self, resource_meta: QueryMeta, **_: Any) -> Resource:
        return Resource.running(message=MESSAGE)

    async def delete(self, resource_meta: QueryMeta, **_: Any) -> None:
        return None


class Plain(Nothing):
    """A connector with plain methods, which run in threads."""

    task_type = "plain"

    def create(self, task_template: Any, **_: Any) -> QueryMeta:  # type: ignore[override]
        return QueryMeta("q-1")

    def get(self, resource_meta: QueryMeta, **_: Any) -> Resource:  # type: ignore[override]
        return Resource.running(message=MESSAGE)

    def delete(self, resource_meta: QueryMeta, **_: Any) -> None:  # type: ignore[override]
        return None


class Slow(Plain):
    """A connector whose backend takes 200 ms to answer, in a plain method."""

    task_type = "slow"

    def get(self, resource_meta: QueryMeta, **_: Any) -> Resource:  # type: ignore[override]
        time.sleep(0.2)
        return Resource.running(message=MESSAGE)


class Slower(Nothing):
    """A connector whose backend takes 2 s to answer, in an async method."""

    task_type = "slower"

    async def get(self, resource_meta: QueryMeta, **_: Any) -> Resource:
        await asyncio.sleep(2)
        return Resource.running(message=MESSAGE)


class Done(SyncConnectorBase):
    """A sync connector with an async method."""

    def __init__(self) -> None:
        """Serve `done`."""
        super().__init__(task_type_name="done")

    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **_: Any) -> Resource:
        return Resource.succeeded(outputs=OUTPUTS)


class DoneInAThread(SyncConnectorBase):
    """A sync connector with a plain method."""

    def __init__(self) -> None:
        """Serve `done in a thread`."""
        super().__init__(task_type_name="done in a thread")

    def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **_: Any) -> Resource:
        return Resource.succeeded(outputs=OUTPUTS)


for connector in (Nothing(), Plain(), Slow(), Slower(), Done(), DoneInAThread()):
    ConnectorRegistry.register(connector)
