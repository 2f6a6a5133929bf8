"""ProcessConnector: runs commands as jobs."""

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

__all__ = ["ProcessConnector", "ProcessMeta"]


@dataclass
class ProcessMeta(ResourceMeta):
    """The metadata of a job.

    Args:
        job_dir: The directory that holds the job's state, on the machine that runs the job.
    """

    job_dir: str


class ProcessConnector(AsyncConnectorBase):
    """Runs the command in a task's container as a process on this machine, in its own session.

    A supervisor process owns the job. The job continues when the process that created it ends, and any process on the
    machine can poll it, read its output and end it.
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
        """Start the command, unless it was already started under this key.

        Args:
            task_template: The task: command, args and environment in its container, settings in its ``custom``.
            output_prefix: Not used.
            inputs: Not used; the args already contain their values.
            task_execution_metadata: Not used.
            idempotency_key: The key of the attempt; None: a new attempt.
            **kwargs: Not used.

        Raises:
            PermanentError: if there is no command, the command cannot be run, or a setting is wrong.
            TransientError: if the machine cannot start another process now.
        """
        job = new_job() if idempotency_key is None else job_of_key(idempotency_key)
        if job.record is None:
            start(job, order_of(task_template))
        return ProcessMeta(str(job.path))

    def get(self, resource_meta: ProcessMeta, **kwargs: Any) -> Resource:
        """Return the state of the command, with its standard output once it has succeeded.

        Args:
            resource_meta: The job, as ``create`` returned it.
            **kwargs: Not used.

        Raises:
            TransientError: if the supervisor was killed, and its processes have not ended yet.
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
        """End the command and all processes that it started, and wait until they are gone.

        Args:
            resource_meta: The job, as ``create`` returned it.
            **kwargs: Not used.

        Raises:
            TransientError: if they are not gone yet.
        """
        job = _job(resource_meta)
        record = job.record
        if record is None or job.result is not None:
            return
        from connector_process.sessions import KILL_SECONDS

        job.mark_deleted()
        if job.is_supervised:
            with suppress(ProcessLookupError):  # The supervisor has just ended.
                os.kill(record.supervisor, signal.SIGTERM)
        deadline = time.monotonic() + record.grace_seconds + KILL_SECONDS
        while _result(job, record, record.grace_seconds) is None:
            if time.monotonic() > deadline:
                raise TransientError(f"{record.command[0]!r} is being ended, but is not gone yet.", code="STILL_ENDING")
            time.sleep(_POLL_SECONDS)

    def get_logs(
        self, resource_meta: ProcessMeta, lines: int | None = None, token: str | None = None, **kwargs: Any
    ) -> Iterator[GetTaskLogsResponse]:
        """Read what the command has written so far: lines of standard output, then of standard error.

        Args:
            resource_meta: The job, as ``create`` returned it.
            lines: The maximum number of lines; at most, and by default, 1000.
            token: The token of the last page, to continue after it.
            **kwargs: Not used.

        Yields:
            The lines, then the token of the next page. It is empty when the job has ended and all lines were read.

        Raises:
            PermanentError: if there is no such job, or the token is not one of this connector.
        """
        job = _job(resource_meta)
        record = job.record
        if record is None:
            raise PermanentError(f"{_unknown(job)}.", code="JOB_GONE")
        places = _places(token or "0:0")
        # Read the result before the files: then the last page contains all that the job wrote.
        ended = _result(job, record) is not None
        count = min(lines or _LOG_LINES, _LOG_LINES)
        errors, _ = lines_from(job.stderr, places[1], count, ended=ended)
        share = max(count - len(errors), (count + 1) // 2)  # Each stream gets at least half of the page.
        output, after_output = lines_from(job.stdout, places[0], share, ended=ended)
        errors, after_errors = lines_from(job.stderr, places[1], count - len(output), ended=ended)
        more = not ended or after_output < size(job.stdout) or after_errors < size(job.stderr)
        yield GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=[*output, *errors]))
        following = f"{after_output}:{after_errors}" if more else ""
        yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token=following))

    def find(self, idempotency_key: str, **kwargs: Any) -> ProcessMeta | None:
        """Return the job that ``create`` started under this key, or None.

        Args:
            idempotency_key: The key of the attempt.
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
    """Return how the job ended, or None while it runs. End the processes that a killed supervisor left behind."""
    if job.result is None and job.is_supervised:
        return None
    # The job may have ended between these two lines.
    if (result := job.result) is not None:
        return result
    from connector_process.sessions import end_processes, orphans

    if not end_processes(lambda: orphans(job, record), grace_seconds):
        raise TransientError(f"{record.command[0]!r} lost its supervisor, but is not gone yet.", code="STILL_ENDING")
    result = Result(Reason.DELETED if job.is_deleted else Reason.LOST)
    job.end(result)
    return result


def _ended(job: Job, record: Record, result: Result, links: list[TaskLog]) -> Resource:
    program = record.command[0]
    if result.reason is Reason.DELETED:
        return Resource(Phase.ABORTED, f"{program!r} was ended because the job was deleted.", log_links=links)
    if result.reason is Reason.INTERRUPTED:
        message = f"{program!r} was ended because its supervisor received SIGTERM; the job was not deleted."
        return Resource.retryable_failed(message, code="INTERRUPTED", log_links=links)
    if result.exit_code is None:
        message = (
            f"The end of {program!r} is unknown, because its supervisor was killed; its remaining processes were ended."
        )
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
    except ValueError:  # A real-time signal has a number, but no name.
        return f"SIGNAL_{number}"


def _places(token: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d{1,18}:\d{1,18}", token, re.ASCII):
        raise PermanentError(
            f"{token!r} is not a log token of this connector; start without a token.", code="INVALID_TOKEN"
        )
    output, errors = token.split(":")
    return int(output), int(errors)
