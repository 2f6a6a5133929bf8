"""A job on disk: a directory from which any process can tell the job's whole state.

::

    lock            locked while the job is being started
    job.json        what was started, and by whom; locked for as long as the job's supervisor lives
    stdout, stderr  what the command wrote
    deleted         the end of the job was asked for
    result.json     how it ended
    supervisor.log  what the supervisor had to say, which is nothing unless it broke

The locks are the kernel's (``flock``). They end with the process that holds them, however it ends, so that nobody has
to guess from a process id, which may be another process's by now, whether the supervisor still runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, TypeVar

__all__ = ["MARKER", "Job", "Order", "Reason", "Record", "Result", "Terms"]

MARKER = "CONNECTOR_PROCESS_JOB"
"""The variable that gives the job's directory to the command, and tells whose process one is."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What was agreed on a job.

    Args:
        command: The program and its arguments.
        grace_seconds: How long the command may take to end after SIGTERM.
        retryable_exit_codes: Those that say that another attempt may succeed.
        gives_stdout: Whether the output ``stdout`` is wanted.
    """

    command: list[str]
    grace_seconds: float
    retryable_exit_codes: list[int]
    gives_stdout: bool


@dataclass(frozen=True, kw_only=True)
class Order(Terms):
    """What a supervisor is told to run.

    Args:
        cwd: The command's working directory.
        env: The command's whole environment. It is passed on and never written down.
    """

    cwd: str
    env: dict[str, str]

    def to_json(self) -> bytes:
        """The order as ``from_json`` reads it."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Order:
        """The order that was sent.

        Raises:
            ValueError: It is incomplete.
        """
        return _from_dict(cls, json.loads(data))


@dataclass(frozen=True, kw_only=True)
class Record(Terms):
    """What was started: the content of ``job.json``.

    Args:
        supervisor: The supervisor's process id.
        leader: The command's process id, which is that of its session and its process group too.
        leader_started: When the command was started, in seconds since the machine was.
    """

    supervisor: int
    leader: int
    leader_started: float


class Reason(StrEnum):
    """Why a job ended."""

    EXITED = "exited"
    DELETED = "deleted"
    INTERRUPTED = "interrupted"
    """The supervisor was told to end, and not by ``delete``: the machine shuts down, or somebody ended it."""
    LOST = "lost"
    """The supervisor was killed, so that nobody knows how the command ended."""


@dataclass(frozen=True)
class Result:
    """How a job ended: the content of ``result.json``.

    Args:
        reason: Why it ended.
        exit_code: As ``subprocess`` has it, where a signal is a negative number; None where nobody knows.
    """

    reason: Reason
    exit_code: int | None = None


@dataclass(frozen=True)
class Job:
    """The directory of one job.

    Args:
        path: Where it is, or would be.
    """

    path: Path

    def make(self) -> None:
        """Make the directory, unless it is there; nobody else may look into it.

        Raises:
            OSError: There can be no such directory.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700, exist_ok=True)

    @property
    def stdout(self) -> Path:
        """The file that the command's standard output goes to."""
        return self.path / "stdout"

    @property
    def stderr(self) -> Path:
        """The file that the command's standard error goes to."""
        return self.path / "stderr"

    @property
    def supervisor_log(self) -> Path:
        """The file that the supervisor's own standard error goes to."""
        return self.path / "supervisor.log"

    @property
    def record(self) -> Record | None:
        """What was started; None: nothing was."""
        data = _read(self._job_file)
        return None if data is None else _from_dict(Record, data)

    @property
    def result(self) -> Result | None:
        """How the job ended; None: it goes on, or its supervisor was killed."""
        data = _read(self._result_file)
        return None if data is None else Result(Reason(data["reason"]), data["exit_code"])

    @property
    def is_supervised(self) -> bool:
        """Whether the job's supervisor lives."""
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
        """Whether the end of the job was asked for."""
        return self._deleted_file.exists()

    def mark_deleted(self) -> None:
        """Say that the end of the job was asked for."""
        self._deleted_file.touch()

    def end(self, result: Result) -> None:
        """Write down how the job ended."""
        _write(self._result_file, asdict(result))

    @contextmanager
    def starting(self) -> Iterator[int]:
        """Keep all others from starting the job meanwhile.

        Yields:
            The lock's file descriptor. The lock is held until each process that has the descriptor has closed it.
        """
        with (self.path / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file.fileno()

    @contextmanager
    def claim(self) -> Iterator[IO[str]]:
        """Hold the lock that says that the supervisor lives.

        Yields:
            The file for :meth:`publish`.
        """
        with self._unpublished_file.open("w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def publish(self, claim: IO[str], record: Record) -> None:
        """Make the job known: from now on it has been started, and is never started again."""
        json.dump(asdict(record), claim)
        claim.flush()
        self._unpublished_file.rename(self._job_file)

    def withdraw(self) -> None:
        """Take back what was published: the command could not be started after all."""
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


T = TypeVar("T", bound=Terms)


def _from_dict(cls: type[T], data: dict[str, Any]) -> T:
    # A field that a later release has added is left out, so that jobs outlive an upgrade and its undoing.
    return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _write(path: Path, data: dict[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    temporary.write_text(json.dumps(data), encoding="utf-8")
    temporary.replace(path)
