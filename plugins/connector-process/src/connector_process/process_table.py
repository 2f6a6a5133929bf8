"""Reads the system's table of processes: ``/proc`` on Linux, and psutil elsewhere.

Every start of a job waits for its supervisor, and importing psutil would take a third of that time.
"""

from __future__ import annotations

import os
import sys

__all__ = ["environment", "has_ended", "process_ids", "start_time"]


def process_ids() -> list[int]:
    """Return the ids of all processes."""
    if sys.platform == "linux":
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    import psutil

    return list(psutil.pids())


def has_ended(pid: int) -> bool:
    """Return True if the process does not exist, or is a zombie."""
    if sys.platform == "linux":
        return _stat(pid)[0] in ("", "Z")
    import psutil

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def start_time(pid: int) -> float:
    """Return the time when a process started, in seconds since the machine booted; -1 if there is no such process.

    Unlike the time of day, this does not change when the machine's clock is set.
    """
    if sys.platform == "linux":
        return _stat(pid)[1]
    import psutil

    booted = psutil.boot_time()
    try:
        return float(psutil.Process(pid).create_time() - booted)
    except psutil.NoSuchProcess:
        return -1.0


def environment(pid: int) -> dict[str, str]:
    """Return the environment with which a process was started; an empty one if it cannot be read."""
    import psutil

    try:
        return dict(psutil.Process(pid).environ())
    except (psutil.Error, OSError):
        return {}


def _stat(pid: int) -> tuple[str, float]:
    """Return the state of a process and when it started; an empty state if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The program's name comes before these fields, in parentheses, and may contain any character.
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", -1.0
    return fields[0].decode(), int(fields[19]) / os.sysconf("SC_CLK_TCK")
