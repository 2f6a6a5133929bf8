"""The calls that a suite makes: those of the service, from creating a job to its end."""

from __future__ import annotations

import asyncio
import inspect
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from connector_core.connector import SyncConnectorBase
from connector_core.errors import CallError
from connector_core.invoke import Call, invoke, stream_logs
from connector_core.literals import ato_literal_map
from connector_core.local.executor import begin_attempt
from connector_core.models import Resource
from connector_core.registry import ConnectorRegistry
from connector_core.testing.contracts import holds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from connector_core.connector import AsyncConnectorBase
    from connector_core.local.executor import Attempt
    from connector_core.meta import ResourceMeta
    from connector_core.testing.examples import ExampleTask

__all__ = ["Calls", "LogPage"]

T = TypeVar("T")


class LogPage(NamedTuple):
    """One answer of ``get_logs``: its lines, and the token of the next page."""

    lines: list[str]
    token: str


class Calls:
    """Calls one connector as the service does, on an event loop of its own, and ends its jobs when it is closed.

    Args:
        connector: The connector.
        directory: Under which each attempt gets its output prefix.
        deadline: Seconds that one call may take.
        patience: Seconds that a job may take to end.
    """

    def __init__(
        self, connector: SyncConnectorBase | AsyncConnectorBase, directory: Path, *, deadline: float, patience: float
    ) -> None:
        self.connector: Any = connector
        self.registry: ConnectorRegistry = ConnectorRegistry(discover=False)
        self.registry.register(connector)
        self.deadline: float = deadline
        self.patience: float = patience
        self._directory = directory
        self._attempts = 0
        self._metas: list[ResourceMeta] = []
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """End every job that was created here."""
        for meta in self._metas:
            with suppress(Exception):
                self.run(self.delete(meta))
        self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What the coroutine gives."""
        return self._runner.run(coroutine)

    async def attempt(self, example: ExampleTask) -> Attempt:
        """An attempt of its own: the execution is another one each time."""
        self._attempts += 1
        directory = self._directory / f"attempt-{self._attempts}"
        directory.mkdir(parents=True)
        prefix = str(directory)
        inputs = await ato_literal_map(example.values, example.inputs, path="inputs", output_prefix=f"{prefix}/inputs")
        category = self.connector.task_category
        return await begin_attempt(example.template(category), category, prefix, inputs)

    async def call(self, operation: str, **arguments: Any) -> Any:
        """What a method of the connector gives, within Flyte's deadline."""
        until = time.monotonic() + self.deadline
        call = Call(self.connector, operation, deadline=until, idempotency_key=arguments.get("idempotency_key"))
        return await invoke(call, self.registry, **arguments)

    async def create(self, attempt: Attempt) -> ResourceMeta:
        """Start a job, which is ended with the check."""
        meta: ResourceMeta = await self.call("create", **attempt._asdict())
        self._metas.append(meta)
        return meta

    async def get(self, meta: ResourceMeta, prefix: str = "") -> Resource:
        """The state of a job."""
        resource: Resource = await self.call("get", resource_meta=meta, output_prefix=prefix)
        return resource

    async def delete(self, meta: ResourceMeta) -> None:
        """End a job."""
        await self.call("delete", resource_meta=meta)

    async def find(self, key: str) -> ResourceMeta | None:
        """The job of a key."""
        meta: ResourceMeta | None = await self.call("find", idempotency_key=key)
        return meta

    async def logs(self, meta: ResourceMeta, *, lines: int = 0, token: str = "") -> LogPage:
        """One page of a job's log."""
        call = Call(self.connector, "get_logs", deadline=time.monotonic() + self.deadline)
        found, following = [], ""
        async for part in stream_logs(call, self.registry, resource_meta=meta, lines=lines, token=token):
            found += [*part.body.results, *(line.message for line in part.body.structured_lines)]
            following = part.header.token or following
        return LogPage(found, following)

    async def do(self, attempt: Attempt) -> Resource:
        """Do the job of a sync connector."""
        arguments = attempt._asdict()
        del arguments["idempotency_key"]  # The service gives it to create only.
        resource: Resource = await self.call("do", **arguments)
        return resource

    async def states(self, attempt: Attempt) -> list[Resource]:
        """Every state of a job that one sees who asks all the time; the last one is its end."""
        if isinstance(self.connector, SyncConnectorBase):
            return [await self.do(attempt)]
        return await self.states_of(await self.create(attempt), attempt.output_prefix)

    async def states_of(self, meta: ResourceMeta, prefix: str = "") -> list[Resource]:
        """Every state of a job from now on to its end."""

        async def get() -> Resource:
            return await self.get(meta, prefix)

        return await self.polled(get)

    async def polled(self, get: Callable[[], Resource | Awaitable[Resource]]) -> list[Resource]:
        """What `get` gives until that is an end, asked again and again."""
        states: list[Resource] = []
        until, delay = time.monotonic() + self.patience, 0.01
        while True:
            answer = get()
            states.append(answer if isinstance(answer, Resource) else await answer)
            if states[-1].is_terminal:
                return states
            seen = f"The job is still {states[-1].phase.name} after {self.patience:g} s."
            holds(time.monotonic() < until, seen)
            await asyncio.sleep(delay)
            delay = min(delay * 1.5, 0.5)

    async def ending(self, attempt: Attempt) -> Resource | CallError:
        """How the job ends: its last state, or the error that says so."""
        try:
            return (await self.states(attempt))[-1]
        except CallError as error:
            return error

    async def given_up(self, operation: str, **arguments: Any) -> bool:
        """Whether the method ends when its caller goes; True too if it is a plain ``def``, or does not wait at all."""
        if not inspect.iscoroutinefunction(getattr(self.connector, operation)):
            await self.call(operation, **arguments)
            return True
        call = asyncio.ensure_future(self.call(operation, **arguments))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        ended, _ = await asyncio.wait([call], timeout=min(self.deadline, self.patience))
        for _ in range(20):  # What swallows one cancellation may swallow another; the loop is to end all the same.
            if call.done():
                break
            call.cancel()
            await asyncio.sleep(0.01)
        if call.done() and not call.cancelled():
            call.exception()
        return bool(ended)
