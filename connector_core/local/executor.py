"""Runs a task here, through its connector, with the same calls that the service makes.

A task is any object with these members. :class:`~connector_core.local.task.Task` has them, and any other class that has
them can use a mixin:

* ``name``: a str.
* ``template``: the ``TaskTemplate``.
* ``input_types``, ``output_types`` (optional): Python types by name.
* ``registry`` (optional): the ConnectorRegistry in which to look up the connector; default: the process's registry.
* ``output_prefix`` (optional): the URI under which the task may write files; default: a new temporary directory.
* ``on_update`` (optional): called with each Resource as it arrives.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_core.call import Call
from connector_core.connector import AsyncConnectorBase, ConnectorBase, SyncConnectorBase, implements
from connector_core.errors import InvalidConnector, LiteralError, TaskFailed, TaskTimeout
from connector_core.idl import LiteralMap
from connector_core.invoke import invoke
from connector_core.literals import MAX_OUTPUT_BYTES, ato_literal_map
from connector_core.local.attempt import begin_attempt
from connector_core.local.calls import JobCalls
from connector_core.local.files import read_outputs
from connector_core.local.polling import delete_patiently, poll
from connector_core.local.signals import Interruption, handle_signals
from connector_core.local.waiting import run_in_new_loop, wait_despite_cancellation
from connector_core.phases import Phase
from connector_core.registry import default_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from connector_core.idl import TaskTemplate
    from connector_core.meta import ResourceMeta
    from connector_core.models import Resource
    from connector_core.registry import ConnectorRegistry

__all__ = ["AsyncConnectorExecutorMixin", "LocalExecutor", "SyncConnectorExecutorMixin"]


class LocalExecutor:
    """Runs a task through its connector, sync or async. The docstring of the module lists a task's members.

    Attributes:
        resource_meta: The metadata that ``create`` returned in the last run.
        patience: The seconds for which ``get`` may raise TransientError again and again before the run is given up.
    """

    name: str
    template: TaskTemplate
    input_types: Mapping[str, Any] | None = None
    output_types: Mapping[str, Any] | None = None
    registry: ConnectorRegistry | None = None
    output_prefix: str | None = None
    on_update: Callable[[Resource], None] | None = None
    resource_meta: ResourceMeta | None = None
    patience: float = 60.0
    _kind: type[ConnectorBase] = ConnectorBase

    def execute(self, **kwargs: Any) -> LiteralMap:
        """Run the task and wait for its end, in a script, in a thread, or where an event loop is running.

        Ctrl-C and SIGTERM delete the job, once. After that Ctrl-C raises KeyboardInterrupt, and SIGTERM SystemExit. The
        program's own signal handlers are restored.

        Args:
            **kwargs: The task's inputs, native values or literals.

        Returns:
            The task's outputs.

        Raises:
            ConnectorNotFound: if no connector serves the task type.
            LiteralError: if an input or output is not of its type.
            TaskFailed: if the job ended in a phase other than SUCCEEDED.
            TaskTimeout: if the run took longer than the template's ``metadata.timeout``.
            Exception: any other exception that the connector raised.
        """
        run = _Run()
        with handle_signals(partial(self._on_signal, run)):
            try:
                return run_in_new_loop(run.watch(self._execute(run, kwargs)))
            except asyncio.CancelledError:
                if error := run.as_exception():
                    raise error from None
                raise

    async def aexecute(self, **kwargs: Any) -> LiteralMap:
        """Run the task on the running event loop. If this is cancelled, the job is deleted, once.

        Args:
            **kwargs: As for :meth:`execute`.

        Raises:
            Exception: as for :meth:`execute`.
        """
        return await self._execute(_Run(), kwargs)

    def connector_signal_handler(self, resource_meta: ResourceMeta, signum: int, frame: FrameType | None) -> Any:
        """Delete a job, once. :meth:`execute` calls this when a signal arrives while a job runs.

        During :meth:`execute` this makes the run delete the job on its own event loop and then end. At any other time
        the job is deleted before this returns.

        Args:
            resource_meta: The job's metadata.
            signum: The number of the signal.
            frame: The stack frame, as the signal module passes it; not used.
        """
        for run in _runs:
            if run.resource_meta is resource_meta:
                return run.interrupt(signum)
        registry, connector = self._find_connector()
        return run_in_new_loop(invoke(Call(connector, "delete"), registry.plugins, resource_meta=resource_meta))

    async def _execute(self, run: _Run, inputs: Mapping[str, Any]) -> LiteralMap:
        registry, connector = self._find_connector()
        with _prefix_of(self) as prefix:
            literals = await ato_literal_map(inputs, self.input_types, path="inputs", output_prefix=f"{prefix}/inputs")
            attempt = await begin_attempt(self.template, connector.task_category, prefix, literals)
            seconds = self.template.metadata.timeout.ToTimedelta().total_seconds()
            deadline = time.monotonic() + seconds if seconds else None
            calls = JobCalls(connector, registry.plugins, attempt, deadline)
            try:
                async with asyncio.timeout(seconds or None):
                    resource = await self._run_job(run, calls)
            except TimeoutError as error:
                if deadline is not None and time.monotonic() >= deadline:
                    raise TaskTimeout(self.name, seconds) from error
                raise
            if resource.phase is not Phase.SUCCEEDED:
                raise TaskFailed(self.name, resource)
            return await _outputs_of(self, resource, prefix)

    async def _run_job(self, run: _Run, calls: JobCalls) -> Resource:
        def created(meta: ResourceMeta) -> None:
            run.resource_meta = self.resource_meta = meta

        def update(resource: Resource) -> None:
            if self.on_update is not None:
                self.on_update(resource)

        connector = calls.connector
        if isinstance(connector, SyncConnectorBase):
            return await run_sync(calls, on_update=update)
        _runs.append(run)
        try:
            return await run_async(
                calls, connector.metadata_type, on_created=created, on_update=update, patience=self.patience
            )
        finally:
            _runs.remove(run)

    def _find_connector(self) -> tuple[ConnectorRegistry, SyncConnectorBase | AsyncConnectorBase]:
        registry = self.registry or default_registry()
        connector = registry.get_connector(self.template.type, self.template.task_type_version)
        if not isinstance(connector, self._kind):
            mixin = "Sync" if isinstance(connector, SyncConnectorBase) else "Async"
            raise InvalidConnector(
                f"{connector!r} is not an instance of {self._kind.__name__}; use {mixin}ConnectorExecutorMixin or Task."
            )
        return registry, connector

    def _on_signal(self, run: _Run, signum: int, frame: FrameType | None) -> None:
        if run.resource_meta is None:
            run.interrupt(signum)
        else:
            self.connector_signal_handler(run.resource_meta, signum, frame)


class SyncConnectorExecutorMixin(LocalExecutor):
    """Runs a task of a sync connector by calling its ``do``. The docstring of the module lists the members needed."""

    _kind = SyncConnectorBase


class AsyncConnectorExecutorMixin(LocalExecutor):
    """Runs a task of an async connector: ``create``, then ``get`` until the job has ended, or ``delete`` to give it up.

    The docstring of the module lists the members needed.
    """

    _kind = AsyncConnectorBase


async def run_sync(calls: JobCalls, *, on_update: Callable[[Resource], None]) -> Resource:
    """Do the job of a sync connector, and return its final state.

    Args:
        calls: The calls for the job.
        on_update: Called with the final state.

    Raises:
        Exception: any exception that ``do`` raised.
    """
    resource = await calls.do()
    on_update(resource)
    return resource


async def run_async(
    calls: JobCalls,
    metadata_type: type[ResourceMeta],
    *,
    on_created: Callable[[ResourceMeta], None],
    on_update: Callable[[Resource], None],
    patience: float,
) -> Resource:
    """Start the job of an async connector, poll it until it has ended, and return its final state.

    If anything goes wrong meanwhile, or this is cancelled, the job is deleted.

    Args:
        calls: The calls for the job.
        metadata_type: The connector's metadata type.
        on_created: Called with the job's metadata.
        on_update: Called with each state.
        patience: The seconds for which ``get`` may raise TransientError again and again.

    Raises:
        Exception: any exception that ``create`` or ``get`` raised.
    """
    meta, cancelled = await _create(calls)
    try:
        if cancelled is not None:
            raise cancelled
        # The service does the same, so metadata that cannot be read back fails here too.
        meta = metadata_type.decode(meta.encode())
        on_created(meta)
        return await poll(partial(calls.get, meta), patience=patience, on_update=on_update)
    except BaseException as error:
        await _delete(calls, meta, error)
        raise


async def _create(calls: JobCalls) -> tuple[ResourceMeta, asyncio.CancelledError | None]:
    """Start the job. If the run is cancelled meanwhile, still wait: the job may have been started."""
    try:
        return await wait_despite_cancellation(calls.create())
    except BaseException as error:
        # The backend may have started the job without the connector noticing; `find` knows.
        if implements(calls.connector, "find"):
            await _delete_found(calls, error)
        raise


async def _delete(calls: JobCalls, meta: ResourceMeta, reason: BaseException) -> None:
    """Delete the job. If that fails too, add a note to the reason, which remains the error of the run."""
    try:
        await wait_despite_cancellation(delete_patiently(partial(calls.delete, meta)))
    except Exception as error:
        reason.add_note(f"The job could not be deleted and may still run: {meta!r}: {error}")
        import logging  # Imported late: a run that goes well has nothing to log.

        logging.getLogger(__name__).error("The job %r could not be deleted and may still run: %s", meta, error)


async def _delete_found(calls: JobCalls, reason: BaseException) -> None:
    try:
        meta, _ = await wait_despite_cancellation(calls.find())
    except Exception as error:
        reason.add_note(f"A job may have been started; the connector's `find` failed: {error}")
        return
    if meta is not None:
        await _delete(calls, meta, reason)


async def _outputs_of(task: LocalExecutor, resource: Resource, prefix: str) -> LiteralMap:
    declared = task.template.interface.outputs.variables
    if resource.outputs is None:
        return await asyncio.to_thread(read_outputs, prefix) if declared else LiteralMap()
    values, types = resource.outputs, task.output_types or None
    if isinstance(values, LiteralMap):
        for name in declared:
            if name not in values.literals:
                raise LiteralError("the connector did not return this output.", path=f"outputs.{name}")
    elif types is not None:
        values = {name: value for name, value in values.items() if name in types}
    # The size limit is that of the service, so outputs that are accepted here are accepted there.
    return await ato_literal_map(values, types, path="outputs", output_prefix=prefix, max_bytes=MAX_OUTPUT_BYTES)


@contextmanager
def _prefix_of(task: LocalExecutor) -> Iterator[str]:
    if task.output_prefix is not None:
        yield task.output_prefix.rstrip("/")
        return
    directory = Path(tempfile.mkdtemp(prefix="connectors-"))
    try:
        yield str(directory)
    finally:
        # The caller keeps the files that the job wrote, and the tables of the inputs, which the outputs may refer to.
        for name in ("inputs.pb", "task.pb"):
            (directory / name).unlink(missing_ok=True)
        with suppress(OSError):
            directory.rmdir()


class _Run(Interruption):
    """One execution of a task by an async or sync connector."""

    resource_meta: ResourceMeta | None = None


_runs: list[_Run] = []
"""The executions of async connectors under way; ``connector_signal_handler`` finds a job's execution in it."""
