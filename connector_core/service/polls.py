"""The answers to polls that fail: the last state in which the service saw the job.

Flyte counts the errors of GetTask over the whole life of a job. It forgives five; at the sixth, it never polls the job
again. So a failure that says nothing about the job is not answered with an error, for a limited time.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

import attrs
from flyteidl.admin.agent_pb2 import GetTaskResponse

from connector_core.idl import ResourceMessage
from connector_core.phases import Phase

if TYPE_CHECKING:
    from connector_core.service.job_key import JobKey

__all__ = ["Polls"]

_now = time.monotonic  # The kit's fake clock replaces it.


class Polls:
    """The last answer about each job; the jobs that were polled longest ago are forgotten.

    Args:
        limit: The seconds for which polls of a job may fail without a success in between.
    """

    def __init__(self, *, limit: float) -> None:
        self._limit = limit
        self._jobs: OrderedDict[JobKey, _PolledJob] = OrderedDict()

    def record_success(self, key: JobKey, response: GetTaskResponse) -> None:
        """Remember the answer to a poll that succeeded."""
        job = self._job(key)
        job.failing_since = None
        if job.response is not response:
            # The outputs of a job may have megabytes. They come with its last state, which Flyte does not poll again.
            job.response = response if response.ByteSize() <= _LARGEST else None

    def answer_failure(self, key: JobKey, reason: str) -> GetTaskResponse | None:
        """Return the answer to a poll that failed, or None if the job's polls have failed for too long.

        Args:
            key: The job.
            reason: The failure. The answer contains it if the service has not seen the job yet.
        """
        job = self._job(key)
        now = _now()
        if job.failing_since is None:
            job.failing_since = now
        if now - job.failing_since >= self._limit:
            self.forget(key)
            return None
        if job.response is not None:
            return job.response
        message = f"The backend does not answer: {reason}"
        return GetTaskResponse(resource=ResourceMessage(phase=Phase.INITIALIZING.value, message=message))  # type: ignore[arg-type]

    def forget(self, key: JobKey) -> None:
        """Forget a job that Flyte will not poll again."""
        self._jobs.pop(key, None)

    def _job(self, key: JobKey) -> _PolledJob:
        job = self._jobs.get(key)
        if job is None:
            job = self._jobs[key] = _PolledJob()
            if len(self._jobs) > _MOST:
                self._jobs.popitem(last=False)
        else:
            self._jobs.move_to_end(key)
        return job


@attrs.define(eq=False)
class _PolledJob:
    response: GetTaskResponse | None = None
    failing_since: float | None = None


_MOST = 4096
_LARGEST = 4096
"""The size in bytes of the largest answer that is kept."""
