"""CreateTask: starts one job for each attempt, although Flyte may call it several times for the same attempt.

Flyte fails the attempt on any error of CreateTask, including an exceeded deadline, and starts the next attempt.
Therefore:

- A creation continues when its caller disconnects. If Flyte requests the same attempt again, it gets the same metadata.
- Before a later attempt starts, the jobs of the earlier attempts are deleted, including those still being started.
- If the caller disconnects before its job starts, no job is started.
- A job whose last caller disconnected becomes an orphan; see :mod:`connector_core.service.orphans`.
- Earlier creations are known from the connector's ``find``, on any replica and after any crash. Without ``find``, they
  are known from this process's memory.

The transitions between the states of a creation, which starts as AWAITED::

    AWAITED    ── a caller gets the result ──────────────► ANSWERED
    AWAITED    ── the last caller disconnects ───────────► ABANDONED
    ABANDONED  ── the same attempt is requested again ───► AWAITED
    any state  ── a later attempt is requested ──────────► GIVEN_UP

The result of an ABANDONED creation becomes an orphan.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
from msgspec.structs import replace

from connector_core.call import Call
from connector_core.connector import implements
from connector_core.errors import CallTimeout, PermanentError, TransientError
from connector_core.invoke import invoke
from connector_core.meta import ResourceMeta
from connector_core.service.background import BackgroundTasks
from connector_core.service.job_key import JobKey
from connector_core.service.orphans import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_core.models import Resource
    from connector_core.registry import ConnectorRegistry
    from connector_core.service.orphans import Orphans

__all__ = ["Creations"]


class Creations:
    """The creations of one process.

    Args:
        registry: The registry whose call hooks and secrets apply.
        orphans: Receives the jobs that no caller asks for any longer.
    """

    def __init__(self, registry: ConnectorRegistry, orphans: Orphans) -> None:
        self._registry = registry
        self._orphans = orphans
        self._by_key: OrderedDict[str, _Creation] = OrderedDict()
        self._deletions: dict[str, asyncio.Task[None]] = {}
        self._tasks = BackgroundTasks()
        self._stopping = False

    async def create(self, call: Call, arguments: Mapping[str, Any], earlier: Sequence[str] = ()) -> bytes:
        """Return the encoded metadata of the attempt's job. Start the job unless the attempt has one.

        Args:
            call: The detached call of ``create``. Its idempotency key identifies the attempt; without a key, every call
                starts a job.
            arguments: The arguments of ``create``.
            earlier: The idempotency keys of the earlier attempts, which Flyte has given up.

        Raises:
            CallTimeout: if it takes longer than the connector's ``timeout``.
            TransientError: if the job of an earlier attempt could not be deleted in time, or no job was started because
                a later attempt was requested.
            Exception: any exception that ``create`` raised.
        """
        key = call.idempotency_key
        creation = self._by_key.get(key) if key is not None else None
        if creation is None:
            creation = self._start(call, arguments, earlier)
        self._enter(_State.AWAITED, creation)
        creation.callers += 1
        limit = call.connector.timeout
        try:
            ending = creation.ended.wait()
            await (ending if limit is None else asyncio.wait_for(ending, limit))
            self._enter(_State.ANSWERED, creation)
        except TimeoutError as error:
            raise CallTimeout(type(call.connector).__name__, "create", limit or 0) from error
        finally:
            creation.callers -= 1
            if not creation.callers:
                self._enter(_State.ABANDONED, creation)
        return creation.result().encoded

    async def stop(self) -> None:
        """Wait for the running creations. Leave their jobs, and all orphans, running."""
        self._stopping = True
        self._orphans.stop()
        await self._tasks.wait()
        await self._orphans.wait()

    def _start(self, call: Call, arguments: Mapping[str, Any], earlier: Sequence[str]) -> _Creation:
        creation = _Creation(call)
        self._tasks.start(self._run(creation, arguments, earlier))
        if call.idempotency_key is not None:
            self._by_key[call.idempotency_key] = creation
            self._forget_the_oldest()
        return creation

    def _enter(self, state: _State, creation: _Creation) -> None:
        """Change a creation's state, if its present state allows that."""
        before = creation.state
        if state not in _FOLLOWING[before]:
            return
        creation.state = state
        if creation.ended.is_set():
            if state is _State.ABANDONED:
                self._settle_without_caller(creation)
            elif before is _State.ABANDONED:
                self._orphans.keep(creation.job_key)

    async def _run(self, creation: _Creation, arguments: Mapping[str, Any], earlier: Sequence[str]) -> None:
        try:
            creation.job = await self._create(creation, arguments, earlier)
        except BaseException as error:  # The callers raise it.
            creation.error = error
            self._forget(creation)
        creation.ended.set()
        if not creation.callers:
            self._settle_without_caller(creation)

    def _settle_without_caller(self, creation: _Creation) -> None:
        call, job = creation.call, creation.job
        if job is None:
            task_type = call.task_category.name
            _log.warning("create of a %s job failed after its caller had disconnected: %s", task_type, creation.error)
        elif creation.state is _State.ABANDONED:
            self._orphans.add(creation.job_key, call, job.resource_meta, lambda: self._forget(creation))

    async def _create(self, creation: _Creation, arguments: Mapping[str, Any], earlier: Sequence[str]) -> _CreatedJob:
        call = creation.call
        resource_meta = await self._find(call)
        if resource_meta is None:
            if earlier:
                await self._delete_attempts(call, earlier)
            if creation.state is not _State.AWAITED:
                raise TransientError("No job was started: the caller disconnected, or a later attempt was requested.")
            resource_meta = await self._submit(creation, arguments)
            if earlier and implements(call.connector, "find"):
                asyncio.get_running_loop().call_later(self._orphans.grace, self._look_again, call, earlier)
        try:
            return _CreatedJob(resource_meta, _encode(resource_meta))
        except (Exception, SystemExit):  # No caller could ever ask for the job.
            await self._orphans.start_deleting(call, resource_meta)
            raise

    async def _submit(self, creation: _Creation, arguments: Mapping[str, Any]) -> ResourceMeta:
        call = creation.call
        try:
            resource_meta: ResourceMeta = await invoke(call, self._registry.plugins, **arguments)
        except Exception as error:
            # The backend may have started the job before create failed.
            try:
                found = await self._find(call)
            except Exception:
                found = None
            if found is None:
                raise
            # If no caller is waiting here, another replica may have found the job too and returned it.
            if isinstance(error, PermanentError) and creation.callers:
                await self._orphans.start_deleting(call, found)
                raise
            _log.warning("The %s job %r was started, although create failed: %s", call.task_category.name, found, error)
            return found
        return resource_meta

    async def _find(self, call: Call) -> ResourceMeta | None:
        if call.idempotency_key is None or not implements(call.connector, "find"):
            return None
        found: ResourceMeta | None = await invoke(
            replace(call, operation="find"), self._registry.plugins, idempotency_key=call.idempotency_key
        )
        return found

    async def _delete_attempts(self, call: Call, keys: Sequence[str]) -> None:
        """Delete the jobs of earlier attempts.

        Flyte does not request them again once this attempt is answered. If this process were killed after the answer
        and before the deletion, they would never be deleted. So this attempt fails until they are.

        Raises:
            TransientError: if that takes too long. The deletion continues.
        """
        done, running = await asyncio.wait([self._delete_attempt(call, key) for key in keys], timeout=PATIENCE)
        if running:
            raise TransientError("The job of an earlier attempt is still being started or deleted.")
        for deletion in done:
            deletion.result()

    def _look_again(self, call: Call, keys: Sequence[str]) -> None:
        """Delete the jobs of earlier attempts that another replica started meanwhile, before it was killed."""
        if not self._stopping:
            for key in keys:
                self._delete_attempt(call, key)

    def _delete_attempt(self, call: Call, key: str) -> asyncio.Task[None]:
        """Return the task that deletes an attempt's job; start it unless it is running."""
        deletion = self._deletions.get(key)
        if deletion is None:
            deletion = self._deletions[key] = self._tasks.start(self._end_attempt(replace(call, idempotency_key=key)))
            deletion.add_done_callback(lambda _: self._deletions.pop(key))
        return deletion

    async def _end_attempt(self, call: Call) -> None:
        creation = self._by_key.get(call.idempotency_key or "")
        if creation is None:
            resource_meta = await self._find(call)
        else:
            self._enter(_State.GIVEN_UP, creation)
            await creation.ended.wait()
            resource_meta = None if creation.job is None else creation.job.resource_meta
        if resource_meta is not None and not await self._has_ended(call, resource_meta):
            await self._orphans.delete(call, resource_meta)

    async def _has_ended(self, call: Call, resource_meta: ResourceMeta) -> bool:
        call = replace(call, operation="get")
        try:
            resource: Resource = await invoke(call, self._registry.plugins, resource_meta=resource_meta)
        except Exception:
            return False
        return resource.is_terminal

    def _forget(self, creation: _Creation) -> None:
        """Let the same attempt start another job."""
        key = creation.call.idempotency_key
        if key is not None and self._by_key.get(key) is creation:
            del self._by_key[key]

    def _forget_the_oldest(self) -> None:
        if len(self._by_key) > _MOST_REMEMBERED:
            oldest = next((key for key, creation in self._by_key.items() if creation.ended.is_set()), None)
            if oldest is not None:
                del self._by_key[oldest]


class _State(StrEnum):  # Its hash is much faster than that of an Enum.
    """The states of a creation; the module's docstring draws the transitions between them."""

    AWAITED = auto()
    ANSWERED = auto()
    ABANDONED = auto()
    GIVEN_UP = auto()


_FOLLOWING = {
    _State.AWAITED: {_State.ANSWERED, _State.ABANDONED, _State.GIVEN_UP},
    _State.ANSWERED: {_State.GIVEN_UP},
    _State.ABANDONED: {_State.AWAITED, _State.GIVEN_UP},
    _State.GIVEN_UP: set(),
}


class _CreatedJob(NamedTuple):
    resource_meta: ResourceMeta
    encoded: bytes


@attrs.define(eq=False)
class _Creation:
    call: Call
    state: _State = _State.AWAITED
    callers: int = 0
    ended: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    job: _CreatedJob | None = None
    error: BaseException | None = None

    def result(self) -> _CreatedJob:
        if self.error is not None:
            raise self.error
        assert self.job is not None
        return self.job

    @property
    def job_key(self) -> JobKey:
        return JobKey.of(self.call.task_category, self.result().encoded)


def _encode(resource_meta: ResourceMeta) -> bytes:
    """Return the encoded metadata.

    Raises:
        Exception: if the metadata cannot be encoded, or cannot be read again.
    """
    encoded = resource_meta.encode()
    kind = type(resource_meta)
    # ResourceMeta.encode has made sure that ResourceMeta.decode can read the result.
    if kind.encode is not ResourceMeta.encode or getattr(kind.decode, "__func__", None) is not _decode:
        kind.decode(encoded)
    return encoded


_decode = ResourceMeta.decode.__func__  # type: ignore[attr-defined]
_MOST_REMEMBERED = 4096
_log = logging.getLogger(__name__)
