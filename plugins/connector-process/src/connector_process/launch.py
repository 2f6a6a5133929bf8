"""Starts a job: makes its directory, and runs its supervisor."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from urllib.parse import quote

from connector_core import PermanentError, TransientError
from connector_process.job import MARKER, Job, Order
from connector_process.order import inherited_environment
from connector_process.output import last_lines

__all__ = ["job_of_key", "new_job", "start"]


def job_of_key(idempotency_key: str) -> Job:
    """Return the job of this key, which need not have been started."""
    return Job(_root() / f"job-{quote(idempotency_key, safe='')}")


def new_job() -> Job:
    """Return a new job."""
    return job_of_key(uuid.uuid4().hex)


def start(job: Job, order: Order) -> None:
    """Start the job unless it was started before, and return when its command runs.

    If several processes call this at the same time, one of them starts the job, and the others wait for it.

    Raises:
        PermanentError: if the command cannot be run, or the job's directory cannot be made.
        TransientError: if the machine cannot start another process now, or the supervisor was killed.
    """
    try:
        job.make()
    except OSError as error:
        raise PermanentError(
            f"Cannot make {job.path}: {error.strerror}; set {_SETTING} to a writable directory.",
            code="NO_JOB_DIRECTORY",
        ) from error
    with job.starting() as lock:
        if job.record is None:
            _supervise(job, order, lock)


_SETTING = "CONNECTOR_PROCESS_DIR"
_NO_ROOM = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


def _root() -> Path:
    if directory := os.environ.get(_SETTING):
        return Path(directory).absolute()
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(state, "connector-process").absolute()


def _supervise(job: Job, order: Order, lock: int) -> None:
    try:
        supervisor = _start_supervisor(job, lock)
    except OSError as error:
        raise TransientError(f"Cannot start a supervisor for {order.command[0]!r} now: {error.strerror}.") from error
    # Reap the supervisor when it ends, so that it does not stay a zombie.
    threading.Thread(target=supervisor.wait, name=f"reap-{supervisor.pid}", daemon=True).start()
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    with supervisor.stdout as answers:
        try:
            with supervisor.stdin as orders:
                orders.write(order.to_json())
        except BrokenPipeError:
            pass  # The supervisor has ended, and there is no answer either.
        answer = answers.read()
    if not answer:
        said = last_lines(job.supervisor_log, 1) or "it printed nothing."
        raise TransientError(f"The supervisor of the job in {job.path} ended before the command ran: {said}")
    if problem := json.loads(answer):
        raise _cannot_run(order, problem["errno"], problem["reason"])


def _start_supervisor(job: Job, lock: int) -> subprocess.Popen[bytes]:
    # The supervisor can import what this process can, even from a path that was added to sys.path.
    path = os.pathsep.join(filter(None, sys.path))
    with job.supervisor_log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "connector_process.supervisor", str(job.path), str(lock)],
            env=inherited_environment() | {MARKER: str(job.path), "PYTHONPATH": path},
            cwd=job.path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,
        )


def _cannot_run(order: Order, number: int | None, reason: str) -> PermanentError | TransientError:
    command = order.command[0]
    if number in _NO_ROOM:
        return TransientError(f"Cannot run {command!r} now: {reason}.")
    if number == errno.ENOENT:
        path = os.path.join(order.cwd, command) if os.sep in command else command
        is_there = shutil.which(path, path=order.env.get("PATH"))
        reason = "the interpreter that its first line names does not exist" if is_there else "there is no such command"
    elif number == errno.EACCES:
        reason = "it is not executable"
    return PermanentError(f"Cannot run {command!r}: {reason.rstrip('.')}.", code="CANNOT_RUN")
