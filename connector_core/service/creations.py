"""CreateTask at least once: neither a second job for one attempt, nor one that nobody asks for any more.

Flyte fails the attempt on any error of CreateTask, its deadline too, and starts the next one. So here

- a creation goes on when its caller has gone; the same attempt, asked for again, is given the same metadata;
- a later attempt has the jobs of the earlier ones deleted first, those too that are still being started;
- who has gone before his job was begun has none begun;
- a job whose caller was seen to go is deleted, unless somebody asks for it within a grace period: the same attempt
  (Flyte was restarted), or a Get or Delete with its metadata (another replica has answered);
- what is known of earlier creations is what the connector's ``find`` finds, on any replica and after any crash;
  without it, what this process remembers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import attrs
from msgspec.structs import replace

from connector_core.call import Call
from connector_core.connector import implements
from connector_core.errors import CallTimeout, PermanentError, TransientError
from connector_core.invoke import invoke
from connector_core.meta import ResourceMeta

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from connector_core.models import Resource
    from connector_core.registry import ConnectorRegistry

__all__ = ["Creations"]

T = TypeVar("T")


class Creations:
    """The creations of one process, and the jobs that it has to delete.

    Args:
        registry: Whose hooks and secrets apply.
        grace: Seconds that a job is left whose caller has gone.
        deleted: Called with the task type of a job that was deleted because nobody asks for it any more.
    """

    def __init__(self, registry: ConnectorRegistry, *, grace: float, deleted: Callable[[str], None]) -> None:
        self._registry = registry
        self._grace = grace
        self._deleted = deleted
        self._by_key: OrderedDict[str, _Creation] = OrderedDict()
        self._abandoned: dict[bytes, _Creation] = {}
        self._endings: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._stopping = False

    async def create(self, call: Call, arguments: Mapping[str, Any], earlier: Sequence[str] = ()) -> bytes:
        """The metadata of the attempt's job, which is started unless it was before.

        Args:
            call: Of ``create``, detached, with the idempotency key; without one nobody can tell whether it was before.
            arguments: Those of ``create``.
            earlier: The keys of the earlier attempts, which Flyte has given up.

        Raises:
            CallTimeout: It takes longer than the connector's ``timeout``.
            Exception: Whatever ``create`` raised.
        """
        key = call.idempotency_key
        creation = self._by_key.get(key) if key is not None else None
        if creation is None:
            creation = self._begin(call, arguments, earlier)
        self._keep(creation)
        creation.waiting += 1
        limit = call.connector.timeout
        try:
            ending = creation.ended.wait()
            await (ending if limit is None else asyncio.wait_for(ending, limit))
            creation.answered = True
        except TimeoutError as error:
            raise CallTimeout(type(call.connector).__name__, "create", limit or 0) from error
        finally:
            creation.waiting -= 1
            if not creation.waiting and not creation.answered:
                self._leave(creation)
        return creation.result().encoded

    def asked_for(self, resource_meta: bytes) -> None:
        """Somebody has this metadata: the job stays."""
        if self._abandoned and (creation := self._abandoned.get(resource_meta)) is not None:
            self._keep(creation)

    async def delete(self, call: Call, resource_meta: ResourceMeta) -> None:
        """Delete a job that nobody asks for any more; a backend that cannot do that now is asked again, later.

        Returns when it is deleted, or after a few seconds.

        Args:
            call: Of ``delete``.
            resource_meta: The job.
        """
        await asyncio.wait([self._spawn(self._delete(call, resource_meta))], timeout=_PATIENCE)

    async def stop(self) -> None:
        """Wait for the creations that go on, and leave the jobs that they started."""
        self._stopping = True
        for creation in list(self._abandoned.values()):
            task_type, job = creation.call.connector.task_category.name, creation.result().encoded
            _log.warning("The service stops, and leaves %s %r, whose caller has gone.", task_type, job)
            self._keep(creation)
        while self._running:
            await asyncio.wait(self._running)

    def _begin(self, call: Call, arguments: Mapping[str, Any], earlier: Sequence[str]) -> _Creation:
        creation = _Creation(call)
        self._spawn(self._run(creation, arguments, earlier))
        if call.idempotency_key is not None:
            self._by_key[call.idempotency_key] = creation
            self._forget_the_oldest()
        return creation

    async def _run(self, creation: _Creation, arguments: Mapping[str, Any], earlier: Sequence[str]) -> None:
        try:
            creation.job = await self._create(creation, arguments, earlier)
        except BaseException as error:  # Whoever waits raises it.
            creation.error = error
        creation.ended.set()
        self._settle(creation)

    async def _create(self, creation: _Creation, arguments: Mapping[str, Any], earlier: Sequence[str]) -> _Job:
        call = creation.call
        resource_meta = await self._find(call)
        if resource_meta is None:
            if earlier:
                await self._end_all(call, earlier)
            if creation.given_up or not creation.waiting:
                raise TransientError("It was not begun: its caller has gone, or there is a later attempt.")
            resource_meta = await self._submit(creation, arguments)
            if earlier and implements(call.connector, "find"):
                asyncio.get_running_loop().call_later(self._grace, self._look_again, call, earlier)
        try:
            return _Job(resource_meta, _encode(resource_meta))
        except (Exception, SystemExit):  # Nobody could ever ask for it.
            await self.delete(call, resource_meta)
            raise

    async def _submit(self, creation: _Creation, arguments: Mapping[str, Any]) -> ResourceMeta:
        call = creation.call
        try:
            resource_meta: ResourceMeta = await invoke(call, self._registry.plugins, **arguments)
        except Exception as error:
            # The backend may have started the job before it failed.
            try:
                found = await self._find(call)
            except Exception:
                found = None
            if found is None:
                raise
            # Without a caller, another replica may have found it too, and have answered with it.
            if isinstance(error, PermanentError) and creation.waiting:
                await self.delete(call, found)
                raise
            _log.warning("%s was started, although create failed: %s", call.connector.task_category.name, error)
            return found
        return resource_meta

    async def _find(self, call: Call) -> ResourceMeta | None:
        if call.idempotency_key is None or not implements(call.connector, "find"):
            return None
        found: ResourceMeta | None = await invoke(
            replace(call, operation="find"), self._registry.plugins, idempotency_key=call.idempotency_key
        )
        return found

    def _look_again(self, call: Call, earlier: Sequence[str]) -> None:
        """A replica may have begun the job of an earlier attempt since, and have been killed before it deleted it."""
        if not self._stopping:
            for key in earlier:
                self._end(call, key)

    async def _end_all(self, call: Call, keys: Sequence[str]) -> None:
        """Delete the jobs of earlier attempts.

        Once this attempt is answered nobody asks for them again. So until they are gone, it fails: were it answered,
        and this process killed, they would run on.
        """
        endings = [self._end(call, key) for key in keys]
        ended, running = await asyncio.wait(endings, timeout=_PATIENCE)
        if running:
            raise TransientError("The job of an earlier attempt is still being started or deleted.")
        for ending in ended:
            ending.result()

    def _end(self, call: Call, key: str) -> asyncio.Task[None]:
        """Begin to delete the job of an attempt, which goes on whoever waits for it."""
        ending = self._endings.get(key)
        if ending is None:
            ending = self._endings[key] = self._spawn(self._end_attempt(replace(call, idempotency_key=key)))
            ending.add_done_callback(lambda _: self._endings.pop(key))
        return ending

    async def _end_attempt(self, call: Call) -> None:
        creation = self._by_key.get(call.idempotency_key or "")
        if creation is None:
            resource_meta = await self._find(call)
        else:
            creation.given_up = True
            await creation.ended.wait()
            self._keep(creation)
            resource_meta = creation.job and creation.job.resource_meta
        if resource_meta is not None and not await self._has_ended(call, resource_meta):
            await self._delete(call, resource_meta)

    async def _has_ended(self, call: Call, resource_meta: ResourceMeta) -> bool:
        try:
            resource: Resource = await invoke(
                replace(call, operation="get"), self._registry.plugins, resource_meta=resource_meta
            )
        except Exception:
            return False
        return resource.is_terminal

    def _leave(self, creation: _Creation) -> None:
        """The last one who waited has gone without an answer: Flyte does not know the job."""
        creation.left = not self._stopping
        if creation.ended.is_set():
            self._settle(creation)

    def _settle(self, creation: _Creation) -> None:
        """The creation has ended."""
        if creation.job is None:
            self._forget(creation)
            if creation.left:  # Whoever waits says it himself.
                task_type = creation.call.connector.task_category.name
                _log.warning("create of %s failed after its caller had gone: %s", task_type, creation.error)
        elif creation.left and not creation.given_up and not self._stopping:
            self._abandoned[creation.job.encoded] = creation
            creation.timer = asyncio.get_running_loop().call_later(self._grace, self._abandon, creation)

    def _abandon(self, creation: _Creation) -> None:
        """The grace period is over, and nobody has asked for the job."""
        self._keep(creation)
        self._forget(creation)
        self._spawn(self._delete(creation.call, creation.result().resource_meta))

    def _keep(self, creation: _Creation) -> None:
        creation.left = False
        if creation.timer is not None:
            creation.timer.cancel()
            creation.timer = None
            self._abandoned.pop(creation.result().encoded, None)

    async def _delete(self, call: Call, resource_meta: ResourceMeta) -> None:
        call = replace(call, operation="delete", deadline=None, detached=False)
        task_type = call.connector.task_category.name
        for pause in (*_PAUSES, None):
            try:
                await invoke(call, self._registry.plugins, resource_meta=resource_meta)
            except Exception as error:
                if pause is None or isinstance(error, PermanentError):
                    _log.exception("%s could not be deleted, and may run on: %r", task_type, resource_meta)
                    return
                _log.warning("%s could not be deleted, and will be in %s s: %s", task_type, pause, error)
                await asyncio.sleep(pause)
            else:
                self._deleted(task_type)
                _log.warning("%s was deleted, because nobody asks for it any more: %r", task_type, resource_meta)
                return

    def _forget(self, creation: _Creation) -> None:
        """The same attempt may be tried anew."""
        key = creation.call.idempotency_key
        if key is not None and self._by_key.get(key) is creation:
            del self._by_key[key]

    def _forget_the_oldest(self) -> None:
        if len(self._by_key) > _MOST_REMEMBERED:
            oldest = next((key for key, creation in self._by_key.items() if creation.ended.is_set()), None)
            if oldest is not None:
                del self._by_key[oldest]

    def _spawn(self, working: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(working)
        self._running.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # Whoever waits has it too; without them asyncio would complain that nobody looks.


class _Job(NamedTuple):
    resource_meta: ResourceMeta
    encoded: bytes


@attrs.define(eq=False)
class _Creation:
    call: Call
    ended: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    job: _Job | None = None
    error: BaseException | None = None
    waiting: int = 0
    answered: bool = False
    left: bool = False
    given_up: bool = False
    timer: asyncio.TimerHandle | None = None

    def result(self) -> _Job:
        if self.error is not None:
            raise self.error
        assert self.job is not None
        return self.job


def _encode(resource_meta: ResourceMeta) -> bytes:
    """The metadata as it travels.

    Raises:
        Exception: It could not be read again.
    """
    encoded = resource_meta.encode()
    kind = type(resource_meta)
    # Our own encode has looked whether our own decode can read it.
    if kind.encode is not ResourceMeta.encode or getattr(kind.decode, "__func__", None) is not _decode:
        kind.decode(encoded)
    return encoded


_decode = ResourceMeta.decode.__func__  # type: ignore[attr-defined]
_PATIENCE = 5.0
"""Seconds that a call waits for a deletion: half of Flyte's deadline."""

_PAUSES = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60)
"""Seconds between two tries to delete a job."""

_MOST_REMEMBERED = 4096
_log = logging.getLogger(__name__)
