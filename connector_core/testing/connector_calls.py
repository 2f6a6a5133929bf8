"""The calls of a connector that the checks make, from creating a job to its end, as the service makes them."""

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
from connector_core.testing.contracts import Broken, Contract, expect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from connector_core.connector import AsyncConnectorBase
    from connector_core.local.attempt import Attempt
    from connector_core.meta import ResourceMeta
    from connector_core.testing.example_task import ExampleTask

__all__ = ["KEEPS_DEADLINE", "Calls", "LogPage", "arguments_of_do"]

T = TypeVar("T")

KEEPS_DEADLINE: dict[str, Contract] = {
    "create": Contract(
        "create returns within Flyte's deadline, while the job runs.",
        why="Flyte waits ten seconds. A create that takes longer fails the attempt, although the job runs.",
        fix="Submit the job, return its id, and let get report the result.",
    ),
    "get": Contract(
        "get answers within Flyte's deadline.",
        why="Flyte waits ten seconds. After five errors it stops polling, and the task hangs.",
        fix="Ask the backend for the state once, and return it; do not wait for a change.",
    ),
    "delete": Contract(
        "delete answers within Flyte's deadline.",
        why="Flyte waits ten seconds, and repeats the call until it is answered.",
        fix="Ask the backend to end the job. If that takes long, raise TransientError, and Flyte repeats the call.",
    ),
    "do": Contract(
        "do answers within Flyte's deadline.",
        why="Flyte waits ten seconds, fails the attempt, and starts another one.",
        fix="For a longer job, write an async connector: create, get and delete.",
    ),
}
"""The contract that a late call breaks, by its method, no matter which check makes it."""

_ANY_KEEPS_DEADLINE = Contract(
    "Each call answers within Flyte's deadline.",
    why="Flyte waits ten seconds, and treats a missing answer as a failure.",
    fix="Ask the backend for what is available now; do not wait for more.",
)


class LogPage(NamedTuple):
    """One answer of ``get_logs``: its lines, and the token of the next page."""

    lines: list[str]
    token: str


class Calls:
    """Calls one connector as the service does, on its own event loop, and deletes its jobs when it is closed.

    Args:
        connector: The connector.
        directory: The directory in which each attempt gets its output prefix.
        deadline: The seconds that one call may take.
        patience: The seconds that a job may take to end.
        check: The check that makes the calls.
        late: The methods that missed the deadline, each with the check that saw it.
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
        self.registry.entries()  # Loads the plugins, whose literal converters apply from here on.
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
        """Delete every job that was started here."""
        try:
            for meta, _ in self._jobs:
                if "delete" in self._late:
                    break
                with suppress(Exception):
                    self.run(delete_patiently(partial(self.delete, meta)))
        finally:
            if self._stuck:  # The runner would wait forever for the calls that never end.
                self._runner.get_loop().close()
            else:
                self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run the coroutine, and return its result."""
        return self._runner.run(coroutine)

    async def attempt(self, example: ExampleTask) -> Attempt:
        """Return a new attempt of the task, each time of another execution."""
        prefix = self._new_prefix()
        inputs = await ato_literal_map(example.values, example.inputs, path="inputs", output_prefix=f"{prefix}/inputs")
        category = self.connector.task_category
        task = Task(category.name, task_type_version=category.version, registry=self.registry, **example.fields())
        return await begin_attempt(task.template, category, prefix, inputs)

    async def call(self, operation: str, **arguments: Any) -> Any:
        """Call a method of the connector within Flyte's deadline, and return its result.

        Once a method was late, other checks that need it are skipped instead of waiting again.
        """
        return await self._result_of(operation, self._start(operation, **arguments))

    def skip_if_late(self, *operations: str) -> None:
        """Skip the check if another check saw that one of these methods takes too long."""
        for operation in operations:
            if self._late.get(operation, self._check) != self._check:
                pytest.skip(f"{operation} takes too long, as an earlier check has shown")

    async def create(self, attempt: Attempt) -> ResourceMeta:
        """Start a job, which is deleted after the check."""
        meta: ResourceMeta = await self.call("create", **attempt._asdict())
        self.remember(meta, attempt)
        return meta

    def remember(self, meta: ResourceMeta, attempt: Attempt) -> None:
        """Remember a job and its attempt's output prefix, and delete it after the check."""
        self._jobs.append((meta, attempt.output_prefix))

    def prefix_of(self, meta: ResourceMeta) -> str:
        """Return the output prefix of the job's attempt, or a new one."""
        return next((prefix for known, prefix in self._jobs if known == meta), None) or self._new_prefix()

    async def get(self, meta: ResourceMeta) -> Resource:
        """Return the state of a job."""
        resource: Resource = await self.call("get", resource_meta=meta, output_prefix=self.prefix_of(meta))
        return resource

    async def delete(self, meta: ResourceMeta) -> None:
        """Delete a job."""
        await self.call("delete", resource_meta=meta)

    async def find(self, key: str) -> ResourceMeta | None:
        """Return the job of an idempotency key."""
        meta: ResourceMeta | None = await self.call("find", idempotency_key=key)
        return meta

    async def logs(self, meta: ResourceMeta, *, lines: int = 0, token: str = "") -> LogPage:
        """Return one page of a job's log."""
        self.skip_if_late("get_logs")

        async def page() -> LogPage:
            call = Call(self.connector, "get_logs", deadline=time.monotonic() + self.deadline)
            found, following = [], ""
            async for part in stream_logs(call, self.registry.plugins, resource_meta=meta, lines=lines, token=token):
                found += [*part.body.results, *(line.message for line in part.body.structured_lines)]
                following = part.header.token or following
            return LogPage(found, following)

        read: LogPage = await self._result_of("get_logs", asyncio.ensure_future(page()))
        return read

    async def do(self, attempt: Attempt) -> Resource:
        """Run the job of a sync connector."""
        resource: Resource = await self.call("do", **arguments_of_do(attempt))
        return resource

    async def run_to_end(self, attempt: Attempt) -> list[Resource]:
        """Run a job, and return every state that polling sees; the last one is terminal."""
        if isinstance(self.connector, SyncConnectorBase):
            return [await self.do(attempt)]
        return await self.poll_to_end(await self.create(attempt))

    async def poll_to_end(self, meta: ResourceMeta) -> list[Resource]:
        """Poll a job until it ends, and return every state."""
        return await self.poll(partial(self.get, meta))

    async def poll(self, get: Callable[[], Awaitable[Resource]]) -> list[Resource]:
        """Call `get` until it returns a terminal state, and return every state."""
        states: list[Resource] = []
        until, delay = time.monotonic() + self.patience, 0.01
        while True:
            states.append(await get())
            if states[-1].is_terminal:
                return states
            seen = f"The job is still {states[-1].phase.name} after {self.patience:g} s."
            expect(time.monotonic() < until, seen)
            await asyncio.sleep(delay)
            delay = min(delay * 1.5, 0.5)

    async def wait_for(self, condition: Callable[[], bool]) -> bool:
        """Wait up to `patience` seconds for a condition, and return whether it was met."""
        until = time.monotonic() + self.patience
        while not condition():
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.05)
        return True

    async def end_of(self, attempt: Attempt) -> Resource | CallError:
        """Run a job, and return its last state, or the error with which it ended."""
        try:
            return (await self.run_to_end(attempt))[-1]
        except CallError as error:
            return error

    async def call_optional_methods(self, meta: ResourceMeta, key: str) -> None:
        """Call each optional method for a job, ignoring what it raises, and then delete the job.

        Raises:
            Broken: if a call takes too long.
        """
        calls: dict[str, dict[str, Any]] = {
            "find": {"idempotency_key": key},
            "get_metrics": {"resource_meta": meta, "queries": []},
            "delete": {"resource_meta": meta},
        }
        if implements(self.connector, "get_logs"):
            await _ignoring_errors(self.logs(meta))
        for operation, arguments in calls.items():
            if implements(self.connector, operation):
                await _ignoring_errors(self.call(operation, **arguments))

    async def ends_when_cancelled(self, operation: str, **arguments: Any) -> bool:
        """Cancel a call, and return whether the method ends.

        True as well if it is a plain ``def``, which cannot be cancelled, or if it never waits.
        """
        if not inspect.iscoroutinefunction(getattr(self.connector, operation)):
            await self.call(operation, **arguments)
            return True
        call = self._start(operation, **arguments)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        ended, _ = await asyncio.wait([call], timeout=min(self.deadline, self.patience))
        for _ in range(20):  # A method that swallows one cancellation may end with a later one.
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

    async def _result_of(self, operation: str, call: asyncio.Task[Any]) -> Any:
        await asyncio.wait([call], timeout=self.deadline + _GRACE)
        if call.done():
            with suppress(CallTimeout):
                return call.result()
        else:
            self._give_up(call)
        self._late.setdefault(operation, self._check)
        seen = f"{operation} did not end within {min(self.deadline, self.connector.timeout or math.inf):g} s."
        raise Broken(KEEPS_DEADLINE.get(operation, _ANY_KEEPS_DEADLINE), seen)

    def _start(self, operation: str, **arguments: Any) -> asyncio.Task[Any]:
        self.skip_if_late(operation)
        until = time.monotonic() + self.deadline
        call = Call(self.connector, operation, deadline=until, idempotency_key=arguments.get("idempotency_key"))
        return asyncio.ensure_future(invoke(call, self.registry.plugins, **arguments))

    def _give_up(self, call: asyncio.Task[Any]) -> None:
        """Remember a call that swallows its cancellation."""
        self._stuck = True
        _NEVER_ENDED.append(call)

    def _new_prefix(self) -> str:
        self._attempts += 1
        directory = self._directory / f"attempt-{self._attempts}"
        directory.mkdir(parents=True)
        return str(directory)


async def _ignoring_errors(call: Awaitable[Any]) -> None:
    try:
        await call
    except Broken:
        raise
    except Exception:
        pass


def arguments_of_do(attempt: Attempt) -> dict[str, Any]:
    """Return the arguments of ``do``: all but the key, which the service passes only to ``create``."""
    arguments = attempt._asdict()
    del arguments["idempotency_key"]
    return arguments


_NEVER_ENDED: list[asyncio.Task[Any]] = []
"""Kept alive: the garbage collector would resume such a coroutine at any point of the process."""

_GRACE = 2.0
"""The seconds that a cancelled call has, after its deadline, to end."""
