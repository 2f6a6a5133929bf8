"""The connector: commands as jobs."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector_core import (
    AsyncConnectorBase,
    PermanentError,
    Phase,
    Resource,
    ResourceMeta,
    TransientError,
)
from connector_core.idl import (
    GetTaskLogsResponse,
    GetTaskLogsResponseBody,
    GetTaskLogsResponseHeader,
    LiteralMap,
    TaskExecutionMetadata,
    TaskLog,
    TaskTemplate,
)
from connector_process.job import Job, Reason, Record, Result
from connector_process.launch import job_of_key, new_job, start
from connector_process.order import order_of
from connector_process.output import last_lines, lines_from, size, tail
from connector_process.sessions import KILL_SECONDS, end_processes, orphans

__all__ = ["ProcessConnector", "ProcessMeta"]


@dataclass
class ProcessMeta(ResourceMeta):
    """What identifies a job.

    Args:
        job_dir: The directory that holds its state; whoever asks must be on the same machine.
    """

    job_dir: str


class ProcessConnector(AsyncConnectorBase):
    """Runs the command in a task's container as a process of this machine, in a session of its own.

    The job belongs to no process but its supervisor: it goes on when the one that created it ends, and any other one
    can ask for it, read its output and end it.
    """

    def __init__(self) -> None:
        super().__init__(task_type_name="process", metadata_type=ProcessMeta)

    def create(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None = None,
        task_execution_metadata: TaskExecutionMetadata | None = None,
        idempotency_key: str | None = None,
        **kwargs: Any,
    ) -> ProcessMeta:
        """Start the command, or find that it was started already under this key.

        Args:
            task_template: Its container has the command, args and environment, its ``custom`` the settings.
            output_prefix: Not used.
            inputs: Not used; what the args say of them was filled in before.
            task_execution_metadata: Not used.
            idempotency_key: Names the attempt; None: it is a new one.
            **kwargs: Not used.

        Raises:
            PermanentError: There is no command, it cannot be run, or a setting is wrong.
            TransientError: The machine has no room for another process now.
        """
        job = new_job() if idempotency_key is None else job_of_key(idempotency_key)
        if job.record is None:
            start(job, order_of(task_template))
        return ProcessMeta(str(job.path))

    def get(self, resource_meta: ProcessMeta, **kwargs: Any) -> Resource:
        """The state of the command, with its standard output once it has succeeded.

        Args:
            resource_meta: What ``create`` returned.
            **kwargs: Not used.

        Raises:
            TransientError: The supervisor was killed, and what it left behind cannot be ended just now.
        """
        job = _job(resource_meta)
        record = job.record
        if record is None:
            return Resource.failed(f"{_unknown(job)}.", code="JOB_GONE", origin="system")
        result = _result(job, record)
        links = [TaskLog(name=path.name, uri=path.as_uri()) for path in (job.stdout, job.stderr)]
        if result is None:
            return Resource.running(message=last_lines(job.stdout, 1) or None, log_links=links)
        return _ended(job, record, result, links)

    def delete(self, resource_meta: ProcessMeta, **kwargs: Any) -> None:
        """End the command and all that it started, and wait until they are gone.

        Args:
            resource_meta: What ``create`` returned.
            **kwargs: Not used.

        Raises:
            TransientError: They are not gone yet.
        """
        job = _job(resource_meta)
        record = job.record
        if record is None or job.result is not None:
            return
        job.mark_deleted()
        if job.is_supervised:
            with suppress(ProcessLookupError):  # It has ended in this very moment.
                os.kill(record.supervisor, signal.SIGTERM)
        deadline = time.monotonic() + record.grace_seconds + KILL_SECONDS
        while _result(job, record, record.grace_seconds) is None:
            if time.monotonic() > deadline:
                raise TransientError(f"{record.command[0]!r} is being ended, and not gone yet.", code="STILL_ENDING")
            time.sleep(_POLL_SECONDS)

    def get_logs(
        self, resource_meta: ProcessMeta, lines: int | None = None, token: str | None = None, **kwargs: Any
    ) -> Iterator[GetTaskLogsResponse]:
        """What the command has written so far: lines of standard output, then of standard error.

        Args:
            resource_meta: What ``create`` returned.
            lines: How many at most; by default, and at most, 1000.
            token: The last page's, to go on from there.
            **kwargs: Not used.

        Yields:
            The lines, then the token of the next page. It is empty when the job has ended and there is no more.

        Raises:
            PermanentError: There is no such job, or it is no token.
        """
        job = _job(resource_meta)
        record = job.record
        if record is None:
            raise PermanentError(f"{_unknown(job)}.", code="JOB_GONE")
        places = _places(token or "0:0")
        # Asked first: what is written until then belongs to what has been read when the last page is given.
        ended = _result(job, record) is not None
        count = min(lines or _LOG_LINES, _LOG_LINES)
        errors, _ = lines_from(job.stderr, places[1], count, ended=ended)
        share = max(count - len(errors), (count + 1) // 2)  # Neither may keep the other from being read.
        output, after_output = lines_from(job.stdout, places[0], share, ended=ended)
        errors, after_errors = lines_from(job.stderr, places[1], count - len(output), ended=ended)
        more = not ended or after_output < size(job.stdout) or after_errors < size(job.stderr)
        yield GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=[*output, *errors]))
        following = f"{after_output}:{after_errors}" if more else ""
        yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token=following))

    def find(self, idempotency_key: str, **kwargs: Any) -> ProcessMeta | None:
        """The job that ``create`` started under this key, if it did.

        Args:
            idempotency_key: Names the attempt.
            **kwargs: Not used.
        """
        job = job_of_key(idempotency_key)
        return None if job.record is None else ProcessMeta(str(job.path))


_POLL_SECONDS = 0.02
_LOG_LINES = 1000
_OUTPUT_BYTES = 1024 * 1024
_ERROR_LINES = 10


def _job(resource_meta: ProcessMeta) -> Job:
    return Job(Path(resource_meta.job_dir))


def _unknown(job: Job) -> str:
    return f"There is no job in {job.path}: the directory was removed, or is on another machine"


def _result(job: Job, record: Record, grace_seconds: float = 0) -> Result | None:
    """How the job ended; None while it goes on. What a killed supervisor left behind is ended."""
    if job.result is None and job.is_supervised:
        return None
    # Between the two questions it may have ended in good order.
    if (result := job.result) is not None:
        return result
    if not end_processes(lambda: orphans(job, record), grace_seconds):
        raise TransientError(f"{record.command[0]!r} lost its supervisor, and is not gone yet.", code="STILL_ENDING")
    result = Result(Reason.DELETED if job.is_deleted else Reason.LOST)
    job.end(result)
    return result


def _ended(job: Job, record: Record, result: Result, links: list[TaskLog]) -> Resource:
    program = record.command[0]
    if result.reason is Reason.DELETED:
        return Resource(Phase.ABORTED, f"{program!r} was ended, because the job was deleted.", log_links=links)
    if result.reason is Reason.INTERRUPTED:
        message = f"{program!r} was ended, because its supervisor was sent SIGTERM, and not by a deletion of the job."
        return Resource.retryable_failed(message, code="INTERRUPTED", log_links=links)
    if result.exit_code is None:
        message = f"Nobody knows how {program!r} ended, because its supervisor was killed; what was left was ended."
        return Resource.retryable_failed(message, code="SUPERVISOR_LOST", log_links=links)
    if result.exit_code == 0:
        return _succeeded(job, record, links)
    return _failed(job, record, result.exit_code, links)


def _succeeded(job: Job, record: Record, links: list[TaskLog]) -> Resource:
    if not record.gives_stdout:
        return Resource.succeeded(log_links=links)
    written, message = size(job.stdout), None
    if written > _OUTPUT_BYTES:
        message = f"The output stdout is the last 1 MiB of {written} bytes; all of them are in {job.stdout}."
    return Resource.succeeded(outputs={"stdout": tail(job.stdout, _OUTPUT_BYTES)}, message=message, log_links=links)


def _failed(job: Job, record: Record, exit_code: int, links: list[TaskLog]) -> Resource:
    name = _signal_name(-exit_code)
    how = f"ended with the exit code {exit_code}" if exit_code > 0 else f"was ended by {name}"
    code = f"EXIT_{exit_code}" if exit_code > 0 else name
    said = last_lines(job.stderr, _ERROR_LINES)
    ending = f":\n{said}" if said else ", and wrote nothing to stderr."
    message = f"{record.command[0]!r} {how}{ending}"
    if exit_code in record.retryable_exit_codes:
        return Resource.retryable_failed(message, code=code, origin="user", log_links=links)
    return Resource.failed(message, code=code, log_links=links)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # A real-time signal has a number only.
        return f"SIGNAL_{number}"


def _places(token: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d{1,18}:\d{1,18}", token, re.ASCII):
        raise PermanentError(f"{token!r} is no log token of this connector; start without one.", code="INVALID_TOKEN")
    output, errors = token.split(":")
    return int(output), int(errors)
