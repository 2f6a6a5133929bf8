"""A job on disk: a directory with the job's whole state, which any process can read.

::

    lock            locked while the job is being started
    job.json        what was started, and by whom; locked for as long as the job's supervisor lives
    stdout, stderr  what the command wrote
    deleted         exists if the job was deleted
    result.json     how the job ended
    supervisor.log  what the supervisor printed: nothing, unless it crashed

The locks are kernel locks (``flock``). The kernel releases a lock when the process that holds it ends, for whatever
reason. A process id would not tell whether the supervisor still runs, because another process may have it by now.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, NamedTuple

__all__ = ["MARKER", "Job", "Order", "Reason", "Record", "Result"]

MARKER = "CONNECTOR_PROCESS_JOB"
"""The environment variable with the job's directory. It also shows to which job a process belongs."""


class Order(NamedTuple):
    """The command that a supervisor runs.

    Args:
        command: The program and its arguments.
        grace_seconds: The seconds that the command may take to end after SIGTERM.
        retryable_exit_codes: The exit codes after which another attempt may succeed.
        gives_stdout: True if the task has the output ``stdout``.
        cwd: The command's working directory.
        env: The command's whole environment. It is never written to disk.
    """

    command: list[str]
    grace_seconds: float
    retryable_exit_codes: list[int]
    gives_stdout: bool
    cwd: str
    env: dict[str, str]

    def to_json(self) -> bytes:
        """Return the order as JSON, which ``from_json`` reads."""
        return json.dumps(self._asdict()).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Order:
        """Read an order from the JSON that ``to_json`` returns.

        Raises:
            TypeError: if it is incomplete.
            ValueError: if it is not JSON.
        """
        return cls(**json.loads(data))


class Record(NamedTuple):
    """The job that was started: the content of ``job.json``.

    Args:
        command: As in the order, like the next three.
        grace_seconds: As in the order.
        retryable_exit_codes: As in the order.
        gives_stdout: As in the order.
        supervisor: The supervisor's process id.
        leader: The command's process id, which is also the id of its session and its process group.
        leader_started: The time at which the command started, in seconds since the machine booted.
    """

    command: list[str]
    grace_seconds: float
    retryable_exit_codes: list[int]
    gives_stdout: bool
    supervisor: int
    leader: int
    leader_started: float


class Reason(StrEnum):
    """The reason why a job ended."""

    EXITED = "exited"
    DELETED = "deleted"
    INTERRUPTED = "interrupted"
    """The supervisor received SIGTERM without a ``delete``, for example because the machine shuts down."""
    LOST = "lost"
    """The supervisor was killed, so it is unknown how the command ended."""


class Result(NamedTuple):
    """The end of a job: the content of ``result.json``.

    Args:
        reason: The reason.
        exit_code: The exit code as in ``subprocess``: a signal is a negative number. None if it is unknown.
    """

    reason: Reason
    exit_code: int | None = None


class Job(NamedTuple):
    """The directory of one job.

    Args:
        path: The directory, which need not exist.
    """

    path: Path

    def make(self) -> None:
        """Make the directory, readable for this user alone, unless it exists.

        Raises:
            OSError: if it cannot be made.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700, exist_ok=True)

    @property
    def stdout(self) -> Path:
        """The file of the command's standard output."""
        return self.path / "stdout"

    @property
    def stderr(self) -> Path:
        """The file of the command's standard error."""
        return self.path / "stderr"

    @property
    def supervisor_log(self) -> Path:
        """The file of the supervisor's own standard error."""
        return self.path / "supervisor.log"

    @property
    def record(self) -> Record | None:
        """The record of the job that was started; None if none was."""
        data = _read(self._job_file)
        # Ignore fields that a later release added: a job must survive a downgrade.
        return None if data is None else Record(**{name: data[name] for name in Record._fields})

    @property
    def result(self) -> Result | None:
        """The end of the job; None if it runs, or if its supervisor was killed."""
        data = _read(self._result_file)
        return None if data is None else Result(Reason(data["reason"]), data["exit_code"])

    @property
    def is_supervised(self) -> bool:
        """True while the job's supervisor runs."""
        try:
            with self._job_file.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    @property
    def is_deleted(self) -> bool:
        """True if the job was deleted."""
        return self._deleted_file.exists()

    def mark_deleted(self) -> None:
        """Mark the job as deleted."""
        self._deleted_file.touch()

    def end(self, result: Result) -> None:
        """Write how the job ended."""
        _write(self._result_file, result._asdict())

    @contextmanager
    def starting(self) -> Iterator[int]:
        """Hold the lock without which no process may start the job.

        Yields:
            The lock's file descriptor. The lock is held until each process that has the descriptor has closed it.
        """
        with (self.path / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file.fileno()

    @contextmanager
    def claim(self) -> Iterator[IO[str]]:
        """Hold the lock that shows that the supervisor runs.

        Yields:
            The file for :meth:`publish`.
        """
        with self._unpublished_file.open("w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def publish(self, claim: IO[str], record: Record) -> None:
        """Make the job known to other processes: from now on, it is never started again."""
        json.dump(record._asdict(), claim)
        claim.flush()
        self._unpublished_file.rename(self._job_file)

    def withdraw(self) -> None:
        """Undo ``publish``, because the command could not be started."""
        self._job_file.unlink(missing_ok=True)

    @property
    def _job_file(self) -> Path:
        return self.path / "job.json"

    @property
    def _unpublished_file(self) -> Path:
        return self.path / "job.json.new"

    @property
    def _result_file(self) -> Path:
        return self.path / "result.json"

    @property
    def _deleted_file(self) -> Path:
        return self.path / "deleted"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _write(path: Path, data: dict[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    temporary.write_text(json.dumps(data), encoding="utf-8")
    temporary.replace(path)
