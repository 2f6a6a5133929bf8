"""Sessions of processes: a command and all that it started, but for what made a session of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

from connector_process.job import MARKER, Job, Record

__all__ = ["KILL_SECONDS", "end_processes", "has_ended", "orphans", "session", "started"]

KILL_SECONDS = 3.0
"""How long processes may take to be gone after SIGKILL."""


def session(leader: int) -> list[int]:
    """The ids of the processes that run in a session.

    Args:
        leader: The session's id. It belongs to nobody else while the session has members or its leader was not reaped.
    """
    return [pid for pid in psutil.pids() if _session_id(pid) == leader and not has_ended(pid)]


def orphans(job: Job, record: Record) -> list[int]:
    """The ids of a job's processes that run although its supervisor was killed.

    The session's id may be somebody else's by now. It is the job's if its leader is the process that was started then,
    or else as far as its members carry the job's mark in their environment.
    """
    members = session(record.leader)
    if record.leader in members and abs(started(record.leader) - record.leader_started) < _CLOCK_SECONDS:
        return members
    return [pid for pid in members if _mark(pid) == str(job.path)]


def end_processes(members: Callable[[], list[int]], grace_seconds: float) -> bool:
    """End processes with their process groups: ask, wait, kill.

    Args:
        members: Gives the ids of those that still run.
        grace_seconds: How long they may take to end by themselves.

    Returns:
        Whether they are gone.
    """
    # A stopped process sees SIGTERM only once it goes on.
    _signal_groups(members(), signal.SIGTERM, signal.SIGCONT)
    deadline = time.monotonic() + grace_seconds
    while members():
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    deadline = time.monotonic() + KILL_SECONDS
    while left := members():
        if time.monotonic() > deadline:
            return False
        # Again and again: one of them may just have been starting another.
        _signal_groups(left, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    return True


def has_ended(pid: int) -> bool:
    """Whether there is no such process, or it waits only for its parent to ask how it ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def started(pid: int) -> float:
    """When a process was started, in seconds since the machine was; -1: there is no such process.

    Unlike the time of day, this stays the same when the machine's clock is set.
    """
    booted = psutil.boot_time()
    try:
        return float(psutil.Process(pid).create_time() - booted)
    except psutil.NoSuchProcess:
        return -1.0


_POLL_SECONDS = 0.02
_CLOCK_SECONDS = 2.0
"""The time of booting is known in whole seconds, and a process id does not come round again as fast."""


def _session_id(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _mark(pid: int) -> str | None:
    try:
        environment: dict[str, str] = psutil.Process(pid).environ()
    except (psutil.Error, OSError):
        return None
    return environment.get(MARKER)


def _signal_groups(pids: Iterable[int], *signums: signal.Signals) -> None:
    groups = set()
    for pid in pids:
        with suppress(ProcessLookupError):
            groups.add(os.getpgid(pid))
    for group in groups:
        for signum in signums:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signum)
