"""The supervisor: a process for each job, which runs the command and waits for its end.

``python -m connector_process.supervisor JOB_DIR LOCK_FD`` reads an order from standard input, starts the command in its
own session, answers on standard output, waits for the command's end, and writes the result. On SIGTERM it ends the
command.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from connector_process.job import MARKER, Job, Order, Reason, Record, Result
from connector_process.process_table import has_ended, start_time
from connector_process.sessions import end_processes, session_members

__all__ = ["main"]


def main(job_dir: str, lock: str) -> None:
    """Read an order from standard input, and run its command to the end.

    The answer is a JSON object: empty once the command runs, or with ``errno`` and ``reason`` if it cannot run.

    Args:
        job_dir: The job's directory.
        lock: The file descriptor of the lock on starting the job, which this process closes once the command runs.
    """
    job = Job(Path(job_dir))
    # Blocked signals wait for sigwait, and cannot interrupt anything before.
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    # Some systems drop a blocked signal if its default action is to ignore it.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    order = Order.from_json(sys.stdin.buffer.read())
    _let_go(sys.stdin)
    with job.claim() as claim:
        try:
            command = _start(job, order, claim)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            job.withdraw()
            _answer({"errno": getattr(error, "errno", None), "reason": getattr(error, "strerror", None) or str(error)})
            return
        _answer({})
        os.close(int(lock))
        job.end(_wait(job, order, command))


_AWAITED = (signal.SIGCHLD, signal.SIGTERM)


def _start(job: Job, order: Order, claim: IO[str]) -> subprocess.Popen[bytes]:
    supervisor = os.getpid()

    def publish() -> None:
        # The new process itself publishes the job, so that the command never runs unpublished.
        leader = os.getpid()
        record = Record(
            command=order.command,
            grace_seconds=order.grace_seconds,
            retryable_exit_codes=order.retryable_exit_codes,
            gives_stdout=order.gives_stdout,
            supervisor=supervisor,
            leader=leader,
            leader_started=start_time(leader),
        )
        job.publish(claim, record)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    with job.stdout.open("wb") as stdout, job.stderr.open("wb") as stderr:
        return subprocess.Popen(
            order.command,
            env=order.env | {MARKER: str(job.path)},
            cwd=order.cwd,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=publish,
        )


def _wait(job: Job, order: Order, command: subprocess.Popen[bytes]) -> Result:
    reason = Reason.EXITED
    # Do not read the exit code yet: until then, no other process or session can have the command's id.
    while not has_ended(command.pid):
        if signal.sigwait(_AWAITED) == signal.SIGTERM:
            reason = Reason.DELETED if job.is_deleted else Reason.INTERRUPTED
            break
    # End the processes that the command left running, as a container does.
    gone = end_processes(lambda: session_members(command.pid), order.grace_seconds)
    while reason is not Reason.EXITED and not gone:
        gone = end_processes(lambda: session_members(command.pid), 0)
    return Result(reason, command.wait())


def _answer(answer: dict[str, Any]) -> None:
    # The caller may be gone; the job continues, and `find` finds it.
    with suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), json.dumps(answer).encode())
    _let_go(sys.stdout)


def _let_go(stream: IO[str]) -> None:
    """Close a standard stream, but keep its file descriptor occupied, so that no other file gets it."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


if __name__ == "__main__":
    main(*sys.argv[1:])
