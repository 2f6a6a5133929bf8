"""A connector that counts its jobs, and a caller that requests them from a service without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from flyteidl.admin.agent_pb2 import CreateTaskRequest, DeleteTaskRequest, GetTaskRequest
from grpc import StatusCode

from connector_core import AsyncConnectorBase, ConnectorRegistry, Resource, ResourceMeta
from connector_core.service import AsyncConnectorService, ServiceSettings


@dataclass
class Ticket(ResourceMeta):
    """Identifies a job."""

    number: int


class Shop(AsyncConnectorBase):
    """A connector and its backend, which knows its jobs by number, and the key that each was started with."""

    def __init__(self) -> None:
        """Serve `shop`."""
        super().__init__(metadata_type=Ticket, task_type_name="shop")
        self.keys: dict[int, str | None] = {}
        self.ended: set[int] = set()
        self.deleted: list[int] = []
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()
        self.before: list[BaseException] = []
        self.after: list[BaseException] = []
        self.not_deleted: list[BaseException] = []
        self.delivered = asyncio.Event()

    async def create(  # type: ignore[override]
        self, task_template: Any, idempotency_key: str | None = None, **_: Any
    ) -> Ticket:
        """Start a job, fail before or after it, and answer when `answers` is set."""
        self.asked.set()
        if self.before:
            raise self.before.pop()
        number = len(self.keys) + 1
        self.keys[number] = idempotency_key
        await self.answers.wait()
        if self.after:
            raise self.after.pop()
        return Ticket(number)

    async def get(self, resource_meta: Ticket, **_: Any) -> Resource:
        """Return the state of a job."""
        if resource_meta.number in self.deleted:
            return Resource.failed("deleted")
        return Resource.succeeded() if resource_meta.number in self.ended else Resource.running()

    async def delete(self, resource_meta: Ticket, **_: Any) -> None:
        """End a job."""
        if self.not_deleted:
            raise self.not_deleted.pop()
        self.deleted.append(resource_meta.number)
        self.delivered.set()


class FindingShop(Shop):
    """Finds its jobs by their keys."""

    async def find(self, idempotency_key: str, **_: Any) -> Ticket | None:
        """Return the job of a key."""
        return next((Ticket(number) for number, key in self.keys.items() if key == idempotency_key), None)


class Context:
    """Records the status of an answer."""

    def __init__(self) -> None:
        self.status: StatusCode | None = None
        self.details = ""

    def set_code(self, status: StatusCode) -> None:
        self.status = status

    def set_details(self, details: str) -> None:
        self.details = details

    def time_remaining(self) -> float | None:
        return None


class Caller:
    """Calls a service as Flyte does.

    Args:
        shop: The connector.
        grace: The grace period in seconds.
    """

    def __init__(self, shop: Shop, *, grace: float = 600) -> None:
        registry = ConnectorRegistry(discover=False)
        registry.register(shop)
        self.service = AsyncConnectorService(registry, settings=ServiceSettings(orphan_grace=grace))

    async def create(self, attempt: int | None = 0) -> bytes:
        """Return the metadata, or raise the status as a RuntimeError."""
        request = CreateTaskRequest(template={"type": "shop"})
        if attempt is not None:
            request.task_execution_metadata.task_execution_id.retry_attempt = attempt
        context: Any = Context()
        response = await self.service.CreateTask(request, context)
        if context.status is not None:
            raise RuntimeError(f"{context.status.name} {context.details}")
        return response.resource_meta

    async def get(self, resource_meta: bytes) -> None:
        """Poll a job."""
        context: Any = Context()
        await self.service.GetTask(GetTaskRequest(task_type="shop", resource_meta=resource_meta), context)

    async def delete(self, resource_meta: bytes) -> None:
        """End a job."""
        context: Any = Context()
        await self.service.DeleteTask(DeleteTaskRequest(task_type="shop", resource_meta=resource_meta), context)

    async def begin(self, shop: Shop, attempt: int = 0) -> asyncio.Task[bytes]:
        """Start to create a job; the answer comes when the shop's `answers` is set."""
        shop.asked.clear()
        shop.answers.clear()
        call = asyncio.create_task(self.create(attempt))
        await shop.asked.wait()
        return call

    async def leave(self, shop: Shop, attempt: int = 0) -> None:
        """Start to create a job, and disconnect before the answer."""
        call = await self.begin(shop, attempt)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        shop.answers.set()
        await settled()


async def settled() -> None:
    """Let the event loop run everything that is ready."""
    for _ in range(20):
        await asyncio.sleep(0)


def runs(test: Callable[..., Coroutine[Any, Any, None]]) -> Any:
    """Run a test on an event loop."""

    def run(self: Any) -> None:
        asyncio.run(test(self))

    run.__name__ = test.__name__
    return run
