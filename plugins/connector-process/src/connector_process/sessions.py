"""Sessions of processes: a command and the processes that it started, unless they made their own session."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from connector_process.job import MARKER, Job, Record
from connector_process.process_table import environment, has_ended, process_ids, start_time

__all__ = ["KILL_SECONDS", "end_processes", "orphans", "session_members"]

KILL_SECONDS = 3.0
"""The seconds that processes may take to be gone after SIGKILL."""


def session_members(leader: int) -> list[int]:
    """Return the ids of the processes that run in a session.

    Args:
        leader: The session's id. No other session can have it while this one has members or its leader was not reaped.
    """
    return [pid for pid in process_ids() if _session_id(pid) == leader and not has_ended(pid)]


def orphans(job: Job, record: Record) -> list[int]:
    """Return the ids of a job's processes that still run after its supervisor was killed.

    Another session may have the same id by now. A session whose leader is the job's command is the job's. In any other
    session, only the processes that have the job's mark in their environment belong to the job.
    """
    members = session_members(record.leader)
    if record.leader in members and abs(start_time(record.leader) - record.leader_started) < _CLOCK_SECONDS:
        return members
    return [pid for pid in members if environment(pid).get(MARKER) == str(job.path)]


def end_processes(members: Callable[[], list[int]], grace_seconds: float) -> bool:
    """End processes and their process groups: send SIGTERM, wait, and send SIGKILL.

    Args:
        members: A function that returns the ids of the processes that still run.
        grace_seconds: The seconds that they may take to end after SIGTERM.

    Returns:
        True if they are gone.
    """
    # A stopped process receives SIGTERM only when it continues.
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
        # Repeat the signal: a process may have started another one meanwhile.
        _signal_groups(left, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    return True


_POLL_SECONDS = 0.02
_CLOCK_SECONDS = 2.0
"""The boot time is known in whole seconds, and a process id is not reused within seconds."""


def _session_id(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _signal_groups(pids: Iterable[int], *signums: signal.Signals) -> None:
    groups = set()
    for pid in pids:
        with suppress(ProcessLookupError):
            groups.add(os.getpgid(pid))
    for group in groups:
        for signum in signums:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signum)
