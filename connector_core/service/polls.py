"""What GetTask answers while a backend fails: the state that the job had when it was last seen.

Flyte counts the errors of GetTask over the whole life of a job, forgets none, and after five of them never asks again.
So a failure that says nothing about the job is no error, for as long as it may pass.
"""

from __future__ import annotations

import time
from collections import OrderedDict

import attrs
from flyteidl.admin.agent_pb2 import GetTaskResponse

from connector_core.idl import ResourceMessage
from connector_core.phases import Phase

__all__ = ["Polls"]

_now = time.monotonic  # What a fake clock replaces.


class Polls:
    """The last states of jobs; those that were longest not asked for are forgotten.

    Args:
        limit: Seconds that a backend may fail without a success between.
    """

    def __init__(self, *, limit: float) -> None:
        self._limit = limit
        self._jobs: OrderedDict[tuple[str, bytes], _Job] = OrderedDict()

    def succeeded(self, task_type: str, resource_meta: bytes, answer: GetTaskResponse) -> None:
        """The job was seen, and this was answered."""
        job = self._job(task_type, resource_meta)
        job.failing_since = None
        if job.answer is not answer:
            # An ended job may have outputs of megabytes, and is not asked for again.
            job.answer = answer if answer.ByteSize() <= _LARGEST else None

    def failed(self, task_type: str, resource_meta: bytes, reason: str) -> GetTaskResponse | None:
        """What to answer instead of a failure; None: it has failed for too long.

        Args:
            task_type: The job's.
            resource_meta: The job's.
            reason: Shown for a job that was not seen yet.
        """
        job = self._job(task_type, resource_meta)
        now = _now()
        if job.failing_since is None:
            job.failing_since = now
        if now - job.failing_since >= self._limit:
            self.forget(task_type, resource_meta)
            return None
        if job.answer is not None:
            return job.answer
        message = f"The backend does not answer: {reason}"
        return GetTaskResponse(resource=ResourceMessage(phase=Phase.INITIALIZING.value, message=message))  # type: ignore[arg-type]

    def forget(self, task_type: str, resource_meta: bytes) -> None:
        """The job is not asked for any more."""
        self._jobs.pop((task_type, resource_meta), None)

    def _job(self, task_type: str, resource_meta: bytes) -> _Job:
        key = (task_type, resource_meta)
        job = self._jobs.get(key)
        if job is None:
            job = self._jobs[key] = _Job()
            if len(self._jobs) > _MOST:
                self._jobs.popitem(last=False)
        else:
            self._jobs.move_to_end(key)
        return job


@attrs.define(eq=False)
class _Job:
    answer: GetTaskResponse | None = None
    failing_since: float | None = None


_MOST = 4096
_LARGEST = 4096
