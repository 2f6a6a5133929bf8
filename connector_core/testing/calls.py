"""The calls that a suite makes: those of the service, from creating a job to its end."""

from __future__ import annotations

import asyncio
import inspect
import math
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest

from connector_core.call import Call
from connector_core.connector import SyncConnectorBase, implements
from connector_core.errors import CallError, CallTimeout
from connector_core.invoke import invoke, stream_logs
from connector_core.literals import ato_literal_map
from connector_core.local.attempt import begin_attempt
from connector_core.local.polling import delete_patiently
from connector_core.local.task import Task
from connector_core.models import Resource
from connector_core.registry import ConnectorRegistry
from connector_core.testing.contracts import Broken, Contract, holds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from connector_core.connector import AsyncConnectorBase
    from connector_core.local.attempt import Attempt
    from connector_core.meta import ResourceMeta
    from connector_core.testing.examples import ExampleTask

__all__ = ["KEEPS_DEADLINE", "Calls", "LogPage", "arguments_of_do"]

T = TypeVar("T")

KEEPS_DEADLINE: dict[str, Contract] = {
    "create": Contract(
        "create returns while the job goes on, within Flyte's deadline.",
        why="Flyte waits ten seconds. A create that takes longer fails the attempt, though the job runs.",
        fix="Submit the job, return its id, and leave the waiting to get.",
    ),
    "get": Contract(
        "get answers within Flyte's deadline.",
        why="Flyte waits ten seconds, and after five errors asks no more: the task hangs.",
        fix="Ask for the state once, and return it; do not wait for the job to go on.",
    ),
    "delete": Contract(
        "delete answers within Flyte's deadline.",
        why="Flyte waits ten seconds, and asks again until it is answered.",
        fix="Ask the backend to end the job; if that takes long, raise TransientError and be asked again.",
    ),
    "do": Contract(
        "do answers within Flyte's deadline.",
        why="Flyte waits ten seconds, then fails the attempt and does the job again.",
        fix="Write an async connector for a job that takes longer: create, get and delete.",
    ),
}
"""What a call breaks that takes too long, whichever check makes it."""

_ANY_KEEPS_DEADLINE = Contract(
    "Each call answers within Flyte's deadline.",
    why="Flyte waits ten seconds, and takes silence for a failure.",
    fix="Ask the backend for what it has now; do not wait for more.",
)


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
        check: The check that makes the calls.
        late: The methods that did not keep the deadline, each with the check that saw it.
    """

    def __init__(
        self,
        connector: SyncConnectorBase | AsyncConnectorBase,
        directory: Path,
        *,
        deadline: float,
        patience: float,
        check: str,
        late: dict[str, str],
    ) -> None:
        self.connector: Any = connector
        self.registry: ConnectorRegistry = ConnectorRegistry()
        self.registry.entries()  # Plugins bring literal converters, which apply from here on.
        self.registry.register(connector)
        self.deadline: float = deadline
        self.patience: float = patience
        self._directory = directory
        self._attempts = 0
        self._jobs: list[tuple[ResourceMeta, str]] = []
        self._check = check
        self._late = late
        self._stuck = False
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """End every job that was begun here."""
        try:
            for meta, _ in self._jobs:
                if "delete" in self._late:
                    break
                with suppress(Exception):
                    self.run(delete_patiently(partial(self.delete, meta)))
        finally:
            if self._stuck:  # The runner would wait for what never ends.
                self._runner.get_loop().close()
            else:
                self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What the coroutine gives."""
        return self._runner.run(coroutine)

    async def attempt(self, example: ExampleTask) -> Attempt:
        """An attempt of its own: the execution is another one each time."""
        prefix = self._new_prefix()
        inputs = await ato_literal_map(example.values, example.inputs, path="inputs", output_prefix=f"{prefix}/inputs")
        category = self.connector.task_category
        task = Task(category.name, task_type_version=category.version, registry=self.registry, **example.fields())
        return await begin_attempt(task.template, category, prefix, inputs)

    async def call(self, operation: str, **arguments: Any) -> Any:
        """What a method of the connector gives, within Flyte's deadline.

        One that took longer once is not waited for again: what else needs it is skipped.
        """
        return await self._ended(operation, self._begin(operation, **arguments))

    def needs(self, *operations: str) -> None:
        """Skip the check if one of these methods takes too long, as an earlier one has shown."""
        for operation in operations:
            if self._late.get(operation, self._check) != self._check:
                pytest.skip(f"{operation} takes too long, as an earlier check has shown")

    async def create(self, attempt: Attempt) -> ResourceMeta:
        """Start a job, which is ended with the check."""
        meta: ResourceMeta = await self.call("create", **attempt._asdict())
        self.began(meta, attempt)
        return meta

    def began(self, meta: ResourceMeta, attempt: Attempt) -> None:
        """Take note of a job, to ask for it with its attempt's output prefix, and to end it."""
        self._jobs.append((meta, attempt.output_prefix))

    def prefix_of(self, meta: ResourceMeta) -> str:
        """The output prefix of the attempt that a job belongs to, or a new one."""
        return next((prefix for known, prefix in self._jobs if known == meta), None) or self._new_prefix()

    async def get(self, meta: ResourceMeta) -> Resource:
        """The state of a job."""
        resource: Resource = await self.call("get", resource_meta=meta, output_prefix=self.prefix_of(meta))
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
        self.needs("get_logs")

        async def page() -> LogPage:
            call = Call(self.connector, "get_logs", deadline=time.monotonic() + self.deadline)
            found, following = [], ""
            async for part in stream_logs(call, self.registry.plugins, resource_meta=meta, lines=lines, token=token):
                found += [*part.body.results, *(line.message for line in part.body.structured_lines)]
                following = part.header.token or following
            return LogPage(found, following)

        read: LogPage = await self._ended("get_logs", asyncio.ensure_future(page()))
        return read

    async def do(self, attempt: Attempt) -> Resource:
        """Do the job of a sync connector."""
        resource: Resource = await self.call("do", **arguments_of_do(attempt))
        return resource

    async def states(self, attempt: Attempt) -> list[Resource]:
        """Every state of a job that one sees who asks all the time; the last one is its end."""
        if isinstance(self.connector, SyncConnectorBase):
            return [await self.do(attempt)]
        return await self.states_of(await self.create(attempt))

    async def states_of(self, meta: ResourceMeta) -> list[Resource]:
        """Every state of a job from now on to its end."""

        async def get() -> Resource:
            return await self.get(meta)

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

    async def comes_true(self, condition: Callable[[], bool]) -> bool:
        """Whether a condition is met within the patience that a job is given."""
        until = time.monotonic() + self.patience
        while not condition():
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.05)
        return True

    async def ending(self, attempt: Attempt) -> Resource | CallError:
        """How the job ends: its last state, or the error that says so."""
        try:
            return (await self.states(attempt))[-1]
        except CallError as error:
            return error

    async def every_call(self, meta: ResourceMeta, key: str) -> None:
        """Call whatever the connector has for a job, be it with success or not, and delete the job at last.

        Raises:
            Broken: One of them takes too long.
        """
        calls: dict[str, dict[str, Any]] = {
            "find": {"idempotency_key": key},
            "get_metrics": {"resource_meta": meta, "queries": []},
            "delete": {"resource_meta": meta},
        }
        if implements(self.connector, "get_logs"):
            await _but_for_what_it_raises(self.logs(meta))
        for operation, arguments in calls.items():
            if implements(self.connector, operation):
                await _but_for_what_it_raises(self.call(operation, **arguments))

    async def given_up(self, operation: str, **arguments: Any) -> bool:
        """Whether the method ends when its caller goes; True too if it is a plain ``def``, or does not wait at all."""
        if not inspect.iscoroutinefunction(getattr(self.connector, operation)):
            await self.call(operation, **arguments)
            return True
        call = self._begin(operation, **arguments)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        ended, _ = await asyncio.wait([call], timeout=min(self.deadline, self.patience))
        for _ in range(20):  # What swallows one cancellation may swallow another; the loop is to end all the same.
            if call.done():
                break
            call.cancel()
            await asyncio.sleep(0.01)
        if not call.done():
            self._give_up(call)
        if ended and not call.cancelled():
            call.result()
        elif call.done() and not call.cancelled():
            call.exception()
        return bool(ended)

    async def _ended(self, operation: str, call: asyncio.Task[Any]) -> Any:
        await asyncio.wait([call], timeout=self.deadline + _GRACE)
        if call.done():
            with suppress(CallTimeout):
                return call.result()
        else:
            self._give_up(call)
        self._late.setdefault(operation, self._check)
        seen = f"{operation} did not end within {min(self.deadline, self.connector.timeout or math.inf):g} s."
        raise Broken(KEEPS_DEADLINE.get(operation, _ANY_KEEPS_DEADLINE), seen)

    def _begin(self, operation: str, **arguments: Any) -> asyncio.Task[Any]:
        self.needs(operation)
        until = time.monotonic() + self.deadline
        call = Call(self.connector, operation, deadline=until, idempotency_key=arguments.get("idempotency_key"))
        return asyncio.ensure_future(invoke(call, self.registry.plugins, **arguments))

    def _give_up(self, call: asyncio.Task[Any]) -> None:
        """Take note of a call that swallows its cancellation."""
        self._stuck = True
        _NEVER_ENDED.append(call)

    def _new_prefix(self) -> str:
        self._attempts += 1
        directory = self._directory / f"attempt-{self._attempts}"
        directory.mkdir(parents=True)
        return str(directory)


async def _but_for_what_it_raises(call: Awaitable[Any]) -> None:
    try:
        await call
    except Broken:
        raise
    except Exception:
        pass


def arguments_of_do(attempt: Attempt) -> dict[str, Any]:
    """What ``do`` is given: all but the key, which the service gives to ``create`` only."""
    arguments = attempt._asdict()
    del arguments["idempotency_key"]
    return arguments


_NEVER_ENDED: list[asyncio.Task[Any]] = []
"""Kept, because a coroutine that is collected goes on once more, wherever the process then is."""

_GRACE = 2.0
"""Seconds after its deadline in which a call has to end that is cancelled then."""
