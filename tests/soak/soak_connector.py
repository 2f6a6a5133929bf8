"""The connector of the soak, and its backend: a database that outlives the service and records every job.

``SOAK_DATABASE`` names the file. ``SOAK_FIND=0`` removes ``find``. Before and after the backend does its work, the
connector may raise, sleep past the deadline, exit, or return rubbish.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from connector_core import (
    AsyncConnectorBase,
    ConnectorRegistry,
    PermanentError,
    Resource,
    ResourceMeta,
    TransientError,
)

DATABASE = os.environ["SOAK_DATABASE"]
SECONDS = (0.5, 6.0)
"""The shortest and the longest run of a job."""

PAST_THE_DEADLINE = 2.5
FAULTS = 0.15
"""The share of calls that fail before the backend's work, and the share that fail after it."""


@dataclass
class JobMeta(ResourceMeta):
    """Identifies a job."""

    job: int


class Soaked(AsyncConnectorBase):
    """Starts jobs that end by themselves."""

    timeout = 8.0

    def __init__(self) -> None:
        """Serve `soak`."""
        super().__init__(metadata_type=JobMeta, task_type_name="soak")

    async def create(self, task_template: Any, output_prefix: str, idempotency_key: str, **_: Any) -> Any:
        await disturb()
        job = execute(
            "INSERT INTO jobs (key, prefix, process, created) VALUES (?, ?, ?, ?)",
            (idempotency_key, output_prefix, os.getpid(), time.time()),
        ).lastrowid
        try:
            await disturb()
        finally:
            execute("UPDATE jobs SET answered = ? WHERE job = ?", (time.time(), job))
        return rubbish() if random.random() < FAULTS / 4 else JobMeta(job or 0)

    async def get(self, resource_meta: JobMeta, output_prefix: str | None = None, **_: Any) -> Any:
        await disturb("transient", "slow")
        # A job's time starts when its caller first polls it. (The service's own polls have no prefix.) An orphan runs
        # until it is deleted.
        if output_prefix is not None:
            ends = time.time() + random.uniform(*SECONDS)
            execute("UPDATE jobs SET ends = ? WHERE job = ? AND ends IS NULL", (ends, resource_meta.job))
        row = execute("SELECT ends, deleted FROM jobs WHERE job = ?", (resource_meta.job,)).fetchone()
        if row is None:
            raise PermanentError(f"there is no job {resource_meta.job}")
        ends, deleted = row
        if deleted is not None:
            return Resource.failed(f"job {resource_meta.job} was deleted")
        if ends is None or time.time() < ends:
            return Resource.running(message=f"job {resource_meta.job}")
        return Resource.succeeded(outputs={"job": resource_meta.job})

    async def delete(self, resource_meta: JobMeta, **_: Any) -> None:
        await disturb("transient", "bug", "slow", "exit")
        execute("UPDATE jobs SET deleted = ? WHERE job = ? AND deleted IS NULL", (time.time(), resource_meta.job))
        await disturb("transient", "bug", "slow", "exit")

    if os.environ.get("SOAK_FIND") != "0":

        async def find(self, idempotency_key: str, **_: Any) -> JobMeta | None:
            row = execute("SELECT job FROM jobs WHERE key = ? ORDER BY job", (idempotency_key,)).fetchone()
            return None if row is None else JobMeta(row[0])


async def disturb(*faults: str) -> None:
    """Fail, in a share of the calls."""
    if random.random() >= FAULTS:
        return
    match random.choice(faults or ("transient", "bug", "slow", "slow", "exit", "permanent")):
        case "transient":
            raise TransientError("the backend is away")
        case "bug":
            raise ValueError("a bug")
        case "slow":
            await asyncio.sleep(PAST_THE_DEADLINE)
        case "exit":
            raise SystemExit(1)
        case "permanent":
            raise PermanentError("the backend refuses")


def rubbish() -> Any:
    """Return something that create must not return."""
    return random.choice([None, "rubbish", 42, object()])


def execute(statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
    """Run one statement in its own connection."""
    with sqlite3.connect(DATABASE, timeout=30) as connection:
        return connection.execute(statement, values)


ConnectorRegistry.register(Soaked())
