"""The executor mixins: they run a task here through its connector, by the same calls that the service makes.

A task is any object with these members; :class:`~connector_core.local.task.Task` has them, and any other class that
does can take a mixin:

* ``name``: a str.
* ``template``: the ``TaskTemplate``.
* ``input_types``, ``output_types`` (optional): Python types by name.
* ``registry`` (optional): the ConnectorRegistry to ask; the process's own by default.
* ``output_prefix`` (optional): URI under which files may be written; a new temporary directory by default.
* ``on_update`` (optional): called with each Resource, as it comes.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import random
import signal
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import attrs

from connector_core.call import Call, idempotency_key
from connector_core.connector import AsyncConnectorBase, SyncConnectorBase, implements
from connector_core.errors import CallTimeout, InvalidConnector, LiteralError, TaskFailed, TaskTimeout, TransientError
from connector_core.idl import (
    Identifier,
    LiteralMap,
    NodeExecutionIdentifier,
    ResourceType,
    TaskExecutionIdentifier,
    TaskExecutionMetadata,
    WorkflowExecutionIdentifier,
)
from connector_core.invoke import invoke
from connector_core.literals import MAX_OUTPUT_BYTES, ato_literal_map
from connector_core.local.files import read_outputs, write_message
from connector_core.local.templates import placeholders, render_task_template
from connector_core.phases import Phase
from connector_core.registry import default_registry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
    from types import FrameType

    from connector_core.connector import ConnectorBase
    from connector_core.idl import TaskTemplate
    from connector_core.meta import ResourceMeta
    from connector_core.models import Resource, TaskCategory
    from connector_core.registry import ConnectorRegistry

__all__ = ["AsyncConnectorExecutorMixin", "Attempt", "SyncConnectorExecutorMixin", "begin_attempt", "delete_patiently"]

log: logging.Logger = logging.getLogger(__name__)

T = TypeVar("T")

# What a fake clock replaces.
_now = time.monotonic
_sleep = asyncio.sleep


class Attempt(NamedTuple):
    """One attempt of a task, as Flyte sends it: the arguments of ``create``, by name."""

    task_template: TaskTemplate
    output_prefix: str
    inputs: LiteralMap
    task_execution_metadata: TaskExecutionMetadata
    idempotency_key: str


async def begin_attempt(template: TaskTemplate, category: TaskCategory, prefix: str, inputs: LiteralMap) -> Attempt:
    """The first attempt of a new execution, with what Flyte writes under its prefix, and its placeholders filled."""
    metadata = _local_execution(template)
    key = idempotency_key(category, metadata) or ""
    rendered = render_task_template(template, prefix, inputs, unique_key=key)
    await asyncio.to_thread(write_message, f"{prefix}/inputs.pb", inputs)
    if "tasktemplatepath" in placeholders(template):
        await asyncio.to_thread(write_message, f"{prefix}/task.pb", template)
    return Attempt(rendered, prefix, inputs, metadata, key)


class _Executor:
    """What the two mixins share: from inputs to outputs, around the calls of either kind of connector."""

    name: str
    template: TaskTemplate
    input_types: Mapping[str, Any] | None = None
    output_types: Mapping[str, Any] | None = None
    registry: ConnectorRegistry | None = None
    output_prefix: str | None = None
    on_update: Callable[[Resource], None] | None = None

    def execute(self, **kwargs: Any) -> LiteralMap:
        """Run the task and wait for it: in a script, in a thread, and also where an event loop is running.

        An interruption deletes the job once and puts the signal handlers back; then Ctrl-C raises KeyboardInterrupt,
        and SIGTERM raises SystemExit.

        Args:
            **kwargs: The task's inputs, native values or literals.

        Returns:
            The task's outputs.

        Raises:
            ConnectorNotFound: Nothing serves the task's type.
            LiteralError: An input or output is not of its type.
            TaskFailed: The job ended in another phase than SUCCEEDED.
            TaskTimeout: It took longer than the template's ``metadata.timeout``.
            Exception: Whatever else the connector raised.
        """
        run = _Run()
        with self._signals(run):
            try:
                return _run_to_end(run.watch(self._aexecute(run, kwargs)))
            except asyncio.CancelledError:
                if run.signum == signal.SIGINT:
                    raise KeyboardInterrupt from None
                if run.signum is not None:
                    raise SystemExit(128 + run.signum) from None
                raise

    async def aexecute(self, **kwargs: Any) -> LiteralMap:
        """Run the task on the running event loop; cancelling this deletes the job once. Else as :meth:`execute`."""
        return await self._aexecute(_Run(), kwargs)

    async def _aexecute(self, run: _Run, kwargs: Mapping[str, Any]) -> LiteralMap:
        template = self.template
        registry = self.registry or default_registry()
        connector = registry.get_connector(template.type, template.task_type_version)
        with self._prefix() as prefix:
            inputs = await ato_literal_map(kwargs, self.input_types, path="inputs", output_prefix=f"{prefix}/inputs")
            return await self._execute_under(prefix, run, registry, connector, inputs)

    async def _execute_under(
        self, prefix: str, run: _Run, registry: ConnectorRegistry, connector: ConnectorBase, inputs: LiteralMap
    ) -> LiteralMap:
        attempt = await begin_attempt(self.template, connector.task_category, prefix, inputs)
        key = attempt.idempotency_key
        seconds = self.template.metadata.timeout.ToTimedelta().total_seconds()
        deadline = time.monotonic() + seconds if seconds else None

        def call(operation: str, **arguments: Any) -> Awaitable[Any]:
            # A job that has run out of time is deleted after its deadline.
            until = None if operation in ("delete", "find") else deadline
            return invoke(
                Call(connector, operation, deadline=until, idempotency_key=key), registry.plugins, **arguments
            )

        try:
            async with asyncio.timeout(seconds or None):
                resource = await self._finish(run, connector, call, attempt._asdict())
        except TimeoutError as error:
            if deadline is not None and time.monotonic() >= deadline:
                raise TaskTimeout(self.name, seconds) from error
            raise
        if resource.phase is not Phase.SUCCEEDED:
            raise TaskFailed(self.name, resource)
        return await self._outputs(resource, prefix)

    async def _finish(
        self, run: _Run, connector: ConnectorBase, call: Callable[..., Awaitable[Any]], arguments: Mapping[str, Any]
    ) -> Resource:
        """The last state of the job, which has ended."""
        raise NotImplementedError

    async def _outputs(self, resource: Resource, prefix: str) -> LiteralMap:
        declared = self.template.interface.outputs.variables
        if resource.outputs is None:
            return await asyncio.to_thread(read_outputs, prefix) if declared else LiteralMap()
        values, types = resource.outputs, self.output_types or None
        if isinstance(values, LiteralMap):
            for name in declared:
                if name not in values.literals:
                    raise LiteralError("the connector gives no such output.", path=f"outputs.{name}")
        elif types is not None:
            values = {name: value for name, value in values.items() if name in types}
        # As large as behind Flyte, and no larger: what works here works there.
        return await ato_literal_map(values, types, path="outputs", output_prefix=prefix, max_bytes=MAX_OUTPUT_BYTES)

    @contextmanager
    def _prefix(self) -> Iterator[str]:
        if self.output_prefix is not None:
            yield self.output_prefix.rstrip("/")
            return
        directory = Path(tempfile.mkdtemp(prefix="connectors-"))
        try:
            yield str(directory)
        finally:
            # What the job wrote stays for the caller, and so do its inputs' tables, which its outputs may name.
            for name in ("inputs.pb", "task.pb"):
                (directory / name).unlink(missing_ok=True)
            with suppress(OSError):
                directory.rmdir()

    def _report(self, resource: Resource) -> None:
        if self.on_update is not None:
            self.on_update(resource)

    @contextmanager
    def _signals(self, run: _Run) -> Iterator[None]:
        """Ctrl-C and SIGTERM interrupt the run, once: a second one does what it did before."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def restore() -> None:
            for signum, handler in previous.items():
                if signal.getsignal(signum) is handle:
                    signal.signal(signum, handler)

        def handle(signum: int, frame: FrameType | None) -> None:
            restore()
            self._interrupted(run, signum, frame)

        previous = {}
        for signum in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(signum)
            # An ignored signal stays ignored (nohup); None is a handler that was not installed from Python.
            if handler not in (signal.SIG_IGN, None):
                previous[signum] = signal.signal(signum, handle)
        try:
            yield
        finally:
            restore()

    def _interrupted(self, run: _Run, signum: int, frame: FrameType | None) -> None:
        run.interrupt(signum)


class SyncConnectorExecutorMixin(_Executor):
    """Runs a task of a sync connector here, by its ``do``. The members that it needs are listed in the module."""

    async def _finish(
        self, run: _Run, connector: ConnectorBase, call: Callable[..., Awaitable[Any]], arguments: Mapping[str, Any]
    ) -> Resource:
        if not isinstance(connector, SyncConnectorBase):
            raise InvalidConnector(f"{connector!r} is no sync connector; use AsyncConnectorExecutorMixin or Task.")
        resource: Resource = await call("do", **arguments)
        self._report(resource)
        return resource


class AsyncConnectorExecutorMixin(_Executor):
    """Runs a task of an async connector here: ``create``, ``get`` until it has ended, ``delete`` if it is given up.

    The members that it needs are listed in the module.

    Attributes:
        resource_meta: What ``create`` returned in the last run.
        patience: Seconds for which ``get`` may raise TransientError, again and again, before the run is given up.
    """

    resource_meta: ResourceMeta | None = None
    patience: float = 60.0

    def connector_signal_handler(self, resource_meta: ResourceMeta, signum: int, frame: FrameType | None) -> Any:
        """What a signal does while a job runs: delete the job, once.

        Within :meth:`execute` the run itself deletes it, on its own event loop, and then ends; called at another time,
        this deletes the job before it returns.

        Args:
            resource_meta: The job.
            signum: The signal.
            frame: As the signal module passes it; not used.
        """
        for run in self._runs():
            if run.resource_meta is resource_meta:
                return run.interrupt(signum)
        registry = self.registry or default_registry()
        connector = registry.get_connector(self.template.type, self.template.task_type_version)
        return _run_to_end(invoke(Call(connector, "delete"), registry.plugins, resource_meta=resource_meta))

    def _interrupted(self, run: _Run, signum: int, frame: FrameType | None) -> None:
        if run.resource_meta is None:
            run.interrupt(signum)
        else:
            self.connector_signal_handler(run.resource_meta, signum, frame)

    def _runs(self) -> list[_Run]:
        runs: list[_Run] = self.__dict__.setdefault("_runs_under_way", [])
        return runs

    async def _finish(
        self, run: _Run, connector: ConnectorBase, call: Callable[..., Awaitable[Any]], arguments: Mapping[str, Any]
    ) -> Resource:
        if not isinstance(connector, AsyncConnectorBase):
            raise InvalidConnector(f"{connector!r} is no async connector; use SyncConnectorExecutorMixin or Task.")
        self._runs().append(run)
        try:
            created, cancelled = await self._create(connector, call, arguments)
            try:
                if cancelled is not None:
                    raise cancelled
                # Kept as the service keeps it, so that metadata which cannot be read again fails here too.
                run.resource_meta = self.resource_meta = connector.metadata_type.decode(created.encode())
                return await self._poll(call, run.resource_meta, arguments["output_prefix"])
            except BaseException as error:
                await _delete(call, run.resource_meta or created, error)
                raise
        finally:
            self._runs().remove(run)

    async def _create(
        self, connector: AsyncConnectorBase, call: Callable[..., Awaitable[Any]], arguments: Mapping[str, Any]
    ) -> tuple[ResourceMeta, asyncio.CancelledError | None]:
        """The new job, and whether the run was interrupted meanwhile: then the job may exist all the same, so wait."""
        try:
            return await _to_end(call("create", **arguments))
        except BaseException as error:
            # The backend may have started the job and failed to say so; one that keeps the key knows.
            if implements(connector, "find"):
                await _delete_found(call, arguments["idempotency_key"], error)
            raise

    async def _poll(self, call: Callable[..., Awaitable[Any]], meta: ResourceMeta, prefix: str) -> Resource:
        answered = _now()
        for delay in _delays():
            try:
                resource: Resource = await call("get", resource_meta=meta, output_prefix=prefix)
            except (TransientError, CallTimeout):
                if _now() - answered > self.patience:
                    raise
            else:
                answered = _now()
                self._report(resource)
                if resource.is_terminal:
                    return resource
            await _sleep(delay)
        raise AssertionError("the delays never end")


@attrs.define(eq=False)
class _Run:
    """One execution, and how it is interrupted from a signal handler."""

    resource_meta: ResourceMeta | None = None
    signum: int | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _task: asyncio.Task[Any] | None = None

    async def watch(self, execution: Coroutine[Any, Any, T]) -> T:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self.signum is not None:  # The signal came before the loop ran.
            execution.close()
            raise asyncio.CancelledError
        return await execution

    def interrupt(self, signum: int) -> None:
        self.signum = signum
        if self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)


def _run_to_end(execution: Coroutine[Any, Any, T] | Awaitable[T]) -> T:
    """Run on an event loop of its own: in this thread, or in another one where a loop is running in this one."""

    async def main() -> T:
        return await execution

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())
    result: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            result.append(asyncio.run(main()))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(run,), name="connectors-execute", daemon=True
    )
    thread.start()
    while thread.is_alive():
        thread.join(timeout=0.1)  # A bare join would keep a signal handler waiting on some platforms.
    if errors:
        raise errors[0]
    return result[0]


async def _to_end(execution: Awaitable[T]) -> tuple[T, asyncio.CancelledError | None]:
    """The result, even when the waiting task is cancelled meanwhile, and that cancellation."""
    task = asyncio.ensure_future(execution)
    cancelled = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except Exception:
            break
    try:
        return task.result(), cancelled
    except Exception:
        if cancelled is not None:
            raise cancelled from None
        raise


async def _delete(call: Callable[..., Awaitable[Any]], meta: ResourceMeta, reason: BaseException) -> None:
    """Delete the job that the run gives up; when that fails too, say so beside the reason, which stays the error."""
    try:
        await _to_end(delete_patiently(call, meta))
    except Exception as error:
        reason.add_note(f"The job could not be deleted either, and may still run: {meta!r}: {error}")
        log.error("The job %r could not be deleted and may still run: %s", meta, error)


async def delete_patiently(call: Callable[..., Awaitable[Any]], meta: ResourceMeta) -> None:
    """Delete a job, with two more tries where the backend does not answer."""
    for seconds in (0.5, 2.0):
        try:
            await call("delete", resource_meta=meta)
            return
        except (TransientError, CallTimeout):
            await _sleep(seconds)
    await call("delete", resource_meta=meta)


async def _delete_found(call: Callable[..., Awaitable[Any]], key: str, reason: BaseException) -> None:
    try:
        meta, _ = await _to_end(call("find", idempotency_key=key))
    except Exception as error:
        reason.add_note(f"Whether a job was started all the same could not be found out: {error}")
        return
    if meta is not None:
        await _delete(call, meta, reason)


def _delays() -> Iterator[float]:
    """Seconds between polls: growing from 50 ms to 5 s, each a little off so that many runs do not poll in step."""
    delay = 0.05
    while True:
        yield delay * random.uniform(0.8, 1.2)
        delay = min(delay * 1.5, 5.0)


def _local_execution(template: TaskTemplate) -> TaskExecutionMetadata:
    """What Flyte would say of who runs the task; the execution's name is new each time."""
    task_id = Identifier()
    task_id.CopyFrom(template.id)
    execution = WorkflowExecutionIdentifier(project="local", domain="local", name=f"local-{uuid.uuid4().hex}")
    return TaskExecutionMetadata(
        task_execution_id=TaskExecutionIdentifier(
            task_id=task_id if template.HasField("id") else Identifier(resource_type=ResourceType.TASK),
            node_execution_id=NodeExecutionIdentifier(node_id="n0", execution_id=execution),
        ),
        namespace="local-local",
    )
