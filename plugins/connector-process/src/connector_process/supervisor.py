"""The supervisor: the process between the connector and a command, one for each job.

``python -m connector_process.supervisor JOB_DIR LOCK_FD`` reads an order from standard input, starts the command in a
session of its own, answers on standard output, and waits for the command's end, which it writes down. SIGTERM makes it
end the command.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

from connector_process.job import MARKER, Job, Order, Reason, Record, Result, Terms
from connector_process.sessions import end_processes, has_ended, session, started

__all__ = ["main"]


def main(job_dir: str, lock: str) -> None:
    """Run the command that standard input orders, to its end.

    The answer is a JSON object: empty once the command runs, or with ``errno`` and ``reason`` when it cannot.

    Args:
        job_dir: The job's directory.
        lock: The file descriptor whose closing lets others look whether the job was started.
    """
    job = Job(Path(job_dir))
    # Blocked, signals wait until they are asked for, and none can come between two steps.
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    # Where the default is to ignore a signal, some systems drop it even while it is blocked.
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
        # By the new process itself, so that the command does not run for a moment without being known.
        leader = os.getpid()
        terms: dict[str, Any] = {field.name: getattr(order, field.name) for field in fields(Terms)}
        job.publish(claim, Record(supervisor=supervisor, leader=leader, leader_started=started(leader), **terms))
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
    # The command is not asked for its exit code yet: until then its id, and so its session's, is nobody else's.
    while not has_ended(command.pid):
        if signal.sigwait(_AWAITED) == signal.SIGTERM:
            reason = Reason.DELETED if job.is_deleted else Reason.INTERRUPTED
            break
    # What the command has left running ends with it, as in a container.
    gone = end_processes(lambda: session(command.pid), order.grace_seconds)
    while reason is not Reason.EXITED and not gone:
        gone = end_processes(lambda: session(command.pid), 0)
    return Result(reason, command.wait())


def _answer(answer: dict[str, Any]) -> None:
    # Whoever has asked may be gone; the job goes on, and can be found.
    with suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), json.dumps(answer).encode())
    _let_go(sys.stdout)


def _let_go(stream: IO[str]) -> None:
    """Close a standard stream, but leave its number taken, so that no other file gets it."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


if __name__ == "__main__":
    main(*sys.argv[1:])
