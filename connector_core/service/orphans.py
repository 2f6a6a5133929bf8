"""Orphans: jobs that no caller asks for any longer, and their deletion.

If the last caller of CreateTask disconnects before it has the job's metadata, Flyte may not know the job. The service
deletes the job after a grace period, unless it is requested again in the meantime: by CreateTask for the same attempt
(Flyte was restarted), or by GetTask or DeleteTask with the job's metadata (the answer arrived after all).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from connector_core.errors import PermanentError
from connector_core.invoke import invoke
from connector_core.service.background import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_core.call import Call
    from connector_core.meta import ResourceMeta
    from connector_core.registry import ConnectorRegistry
    from connector_core.service.job_key import JobKey

__all__ = ["PATIENCE", "Orphans"]

PATIENCE = 5.0
"""Seconds that a call waits for a deletion: half of Flyte's deadline."""


class Orphans:
    """The orphans of one process.

    Args:
        registry: The registry whose call hooks and secrets apply.
        grace: The grace period in seconds.
        on_deleted: Called with the task type of each deleted job.

    Attributes:
        grace: The grace period in seconds.
    """

    def __init__(self, registry: ConnectorRegistry, *, grace: float, on_deleted: Callable[[str], None]) -> None:
        self._registry = registry
        self.grace: float = grace
        self._on_deleted = on_deleted
        self._waiting: dict[JobKey, _Orphan] = {}
        self._deletions = BackgroundTasks()
        self._stopping = False

    def add(self, key: JobKey, call: Call, resource_meta: ResourceMeta, on_expired: Callable[[], None]) -> None:
        """Delete a job after the grace period, unless :meth:`keep` is called before.

        Args:
            key: The job's key.
            call: Any call of the job's connector; it provides the secrets and settings.
            resource_meta: The job's metadata.
            on_expired: Called at the end of the grace period, before the deletion starts.
        """
        self.keep(key)
        timer = asyncio.get_running_loop().call_later(self.grace, self._expire, key)
        self._waiting[key] = _Orphan(call, resource_meta, on_expired, timer)
        if self._stopping:
            self._leave(key)

    def keep(self, key: JobKey) -> None:
        """Keep a job, because a caller has requested it. If it is not an orphan, nothing happens."""
        if (orphan := self._waiting.pop(key, None)) is not None:
            orphan.timer.cancel()

    async def start_deleting(self, call: Call, resource_meta: ResourceMeta) -> None:
        """Start to delete a job; return when it is deleted, or after :data:`PATIENCE`. The deletion continues.

        Args:
            call: Any call of the job's connector; it provides the secrets and settings.
            resource_meta: The job's metadata.
        """
        await asyncio.wait([self._deletions.start(self.delete(call, resource_meta))], timeout=PATIENCE)

    async def delete(self, call: Call, resource_meta: ResourceMeta) -> None:
        """Delete a job. If that fails, try again for several minutes, unless the error is a PermanentError.

        Args:
            call: Any call of the job's connector; it provides the secrets and settings.
            resource_meta: The job's metadata.
        """
        call = replace(call, operation="delete", deadline=None, detached=False)
        task_type = call.task_category.name
        job = f"{task_type} job {resource_meta!r}"
        for pause in (*_PAUSES, None):
            try:
                await invoke(call, self._registry.plugins, resource_meta=resource_meta)
            except Exception as error:
                if pause is None or isinstance(error, PermanentError):
                    _log.exception("The %s could not be deleted and may still be running.", job)
                    return
                _log.warning("The %s could not be deleted; trying again in %s s: %s", job, pause, error)
                await asyncio.sleep(pause)
            else:
                self._on_deleted(task_type)
                _log.warning("The %s was deleted, because no caller asks for it any longer.", job)
                return

    def stop(self) -> None:
        """Leave all orphans running, including those that are added from now on."""
        self._stopping = True
        for key in list(self._waiting):
            self._leave(key)

    async def wait(self) -> None:
        """Wait until all deletions that have started are finished."""
        await self._deletions.wait()

    def _leave(self, key: JobKey) -> None:
        orphan = self._waiting[key]
        self.keep(key)
        _log.warning(
            "The service is stopping and leaves the %s job %r running; its caller disconnected.",
            *(orphan.call.task_category.name, orphan.resource_meta),
        )

    def _expire(self, key: JobKey) -> None:
        orphan = self._waiting.pop(key)
        orphan.on_expired()
        self._deletions.start(self.delete(orphan.call, orphan.resource_meta))


class _Orphan(NamedTuple):
    call: Call
    resource_meta: ResourceMeta
    on_expired: Callable[[], None]
    timer: asyncio.TimerHandle


_PAUSES = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60)
"""Seconds between two attempts to delete a job."""

_log = logging.getLogger(__name__)
