"""The soak: two replicas of the service, a client that behaves as Flyte does, and failures everywhere.

200 executions at a time go through create, get and delete. Their calls alternate between two `connectors serve`, one of
which is killed with -9 every 20 s. Time is scaled: the deadline is 2 s and the polling interval 0.5 s, instead of
Flyte's 10 s and 30 s. A client that vanishes during a CreateTask returns after 4 s with the same attempt (Flyte was
restarted), or never. At the end, the soak reads the backend's record: every job was returned to its caller or deleted,
no attempt has two jobs, and no job is lost.

Two cases that the service cannot know of are counted separately: a client vanished forever, and its replica was killed
before the end of the grace period; and a client vanished while its answer was on the way.

The environment variables are `SOAK_SECONDS`, `SOAK_SEED` and `SOAK_FIND=0` (the backend cannot find its jobs).
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import grpc.aio
from flyteidl.admin import agent_pb2 as messages
from flyteidl.service.agent_pb2_grpc import AsyncAgentServiceStub

from connector_core import Phase, from_literal_map

HERE = Path(__file__).parent
SECONDS = float(os.environ.get("SOAK_SECONDS", "300"))
SEED = os.environ.get("SOAK_SEED") or str(random.randrange(2**32))
FINDS = os.environ.get("SOAK_FIND") != "0"
AT_A_TIME, DEADLINE, POLL, GRACE, KILL_EVERY = 200, 2.0, 0.5, 10.0, 20.0
FORGIVEN, ATTEMPTS, VANISHES, ABORTS = 5, 40, 0.06, 0.01
CATEGORY = messages.TaskCategory(name="soak")


class Replica:
    """One `connectors serve`."""

    def __init__(self, database: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = os.environ | {
            "CONNECTORS_AUTOLOAD": "0",
            "CONNECTORS_DRAIN": "20",
            "CONNECTORS_ORPHAN_GRACE": str(GRACE),
            "PYTHONPATH": str(HERE),
            "SOAK_DATABASE": str(database),
            "no_grpc_proxy": "127.0.0.1",
        }
        self.killed: dict[int, float] = {}
        self.log = database.with_name(f"{self.port}.log")
        self.start()

    def start(self) -> None:
        code = "import sys; from connector_core.cli import main; sys.exit(main())"
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--metrics-port", "0", "--module", "soak_connector"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, "serve", *options], env=self.environment, stderr=log
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.killed[self.process.pid] = time.time()
        self.start()


class Soak:
    """The client, and a record of what it saw."""

    def __init__(self, replicas: list[Replica], channel: grpc.aio.Channel) -> None:
        self.replicas = replicas
        self.stub: Any = AsyncAgentServiceStub(channel)
        self.seen: Counter[str] = Counter()
        self.returned: dict[int, float] = {}
        self.failed: dict[int, str] = {}
        self.vanished: dict[int, float] = {}
        self.history: defaultdict[int, list[str]] = defaultdict(list)
        self.violations: list[str] = []

    async def run(self) -> None:
        """Keep 200 executions running, and kill a replica every 20 s."""
        ends, numbers, running = time.time() + SECONDS, iter(range(10**9)), set()
        killer = asyncio.create_task(self.kill_in_turn(ends))
        while time.time() < ends or running:
            while len(running) < AT_A_TIME and time.time() < ends:
                running.add(asyncio.create_task(self.execution(next(numbers))))
            done, running = await asyncio.wait(running, timeout=1, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                self.seen[f"executions {task.result()}"] += 1
        await killer

    async def kill_in_turn(self, ends: float) -> None:
        turn = 0
        while time.time() + KILL_EVERY < ends:
            await asyncio.sleep(KILL_EVERY)
            await asyncio.to_thread(self.replicas[turn % 2].kill)
            self.seen["replicas killed"] += 1
            turn += 1

    async def execution(self, number: int) -> str:
        """Run one task execution, attempt by attempt, and return how it ended."""
        for attempt in range(ATTEMPTS):
            self.seen["attempts"] += 1
            encoded = await self.create(number, attempt)
            self.history[number].append(f"{time.time():.1f}: {attempt} gave {encoded!r}")
            if encoded is None:
                await asyncio.sleep(POLL)
                continue
            if encoded == b"":
                return "whose client vanished forever"
            end = await self.follow(number, encoded)
            if end is not None:
                return end
        return "that ran out of attempts"

    async def create(self, number: int, attempt: int) -> bytes | None:
        """Return the job's metadata, None after an error, or b"" if the client vanished forever."""
        request = messages.CreateTaskRequest(template={"type": "soak"}, output_prefix=f"s3://b/{number}/{attempt}")
        identifier = request.task_execution_metadata.task_execution_id
        identifier.node_execution_id.execution_id.name = f"{SEED}-{number}"
        identifier.retry_attempt = attempt
        call = self.stub.CreateTask(request, timeout=DEADLINE)
        if random.random() < VANISHES:
            await asyncio.sleep(random.uniform(0, 0.3))
            if not call.done():
                call.cancel()
                if random.random() < 0.5:
                    self.vanished[number] = time.time()
                    return b""
                self.seen["clients that vanished and returned"] += 1
                self.history[number].append(f"{time.time():.1f}: {attempt} vanished, and returns")
                await asyncio.sleep(4)
                call = self.stub.CreateTask(request, timeout=DEADLINE)
        try:
            encoded: bytes = (await call).resource_meta
        except grpc.aio.AioRpcError as error:
            self.seen[f"CreateTask {error.code().name}"] += 1
            return None
        self.seen["CreateTask OK"] += 1
        self.returned.setdefault(job_of(encoded), time.time())
        return encoded

    async def follow(self, number: int, encoded: bytes) -> str | None:
        """Poll the job until it ends, and return how; None if another attempt is due."""
        errors = 0
        while True:
            if random.random() < ABORTS:
                await self.delete(encoded)
                return "aborted"
            request = messages.GetTaskRequest(task_category=CATEGORY, resource_meta=encoded)
            try:
                resource = (await self.stub.GetTask(request, timeout=DEADLINE)).resource
            except grpc.aio.AioRpcError as error:
                self.seen[f"GetTask {error.code().name}"] += 1
                errors += 1
                if errors > FORGIVEN:
                    self.violations.append(f"{encoded!r} is never polled again, after {errors} errors")
                    return "lost"
            else:
                self.seen[f"GetTask {Phase(resource.phase).name}"] += 1
                if resource.phase == Phase.SUCCEEDED:
                    if from_literal_map(resource.outputs) != {"job": job_of(encoded)}:
                        self.violations.append(f"{encoded!r} has the outputs of another job")
                    return "that succeeded"
                if resource.phase == Phase.RETRYABLE_FAILED:
                    if random.random() < 0.5:  # Flyte 2 does this, Flyte 1 does not.
                        await self.delete(encoded)
                    return None
                if resource.phase == Phase.FAILED:
                    self.failed[job_of(encoded)] = f"{resource.message} ({'; '.join(self.history[number])})"
                    return "that failed"
            await asyncio.sleep(POLL)

    async def delete(self, encoded: bytes) -> None:
        """Delete the job; try again until that succeeds."""
        while True:
            try:
                request = messages.DeleteTaskRequest(task_category=CATEGORY, resource_meta=encoded)
                await self.stub.DeleteTask(request, timeout=DEADLINE)
                self.seen["DeleteTask OK"] += 1
                return
            except grpc.aio.AioRpcError as error:
                self.seen[f"DeleteTask {error.code().name}"] += 1
                await asyncio.sleep(POLL)

    def audit(self, database: Path) -> None:
        """Check the backend's record of its jobs."""
        with sqlite3.connect(database) as connection:
            jobs = connection.execute("SELECT job, key, prefix, process, answered, deleted FROM jobs").fetchall()
        self.seen["jobs of the backend"] = len(jobs)
        self.seen["jobs deleted"] = sum(deleted is not None for *_, deleted in jobs)
        for key, number in Counter(key for _, key, *_ in jobs).items():
            if number > 1 and FINDS:
                self.violations.append(f"the attempt {key} has {number} jobs")
            elif number > 1:
                self.seen["attempts with a second job, which another replica started"] += 1
        for job, _, _, _, _, deleted in jobs:
            if job in self.failed and deleted is not None and deleted < self.returned[job]:
                self.seen["jobs whose create failed permanently, and whose vanished client returned"] += 1
            elif job in self.failed:
                self.violations.append(f"job {job} failed under its caller: {self.failed[job]}")
        killed = {process: at for replica in self.replicas for process, at in replica.killed.items()}
        for job, _, prefix, process, answered, deleted in jobs:
            if job in self.returned or deleted is not None:
                continue
            number = int(prefix.split("/")[3])
            vanished = self.vanished.get(number)
            if vanished is not None and killed.get(process, math.inf) < vanished + GRACE + 15:
                self.seen["jobs whose client vanished forever and whose replica was killed"] += 1
            elif vanished is not None and answered is not None and answered < vanished + 0.1:
                self.seen["jobs whose client vanished forever while the answer was on the way"] += 1
            elif not FINDS and answered is None:
                self.seen["orphans whose replica was killed while it started them"] += 1
            elif not FINDS:
                self.seen["orphans whose create failed after it had started them, or whose replica forgot them"] += 1
            else:
                gone = (
                    "" if vanished is None else f", whose client vanished {vanished - (answered or 0):.2f} s after it"
                )
                history = "; ".join(self.history[number])
                self.violations.append(
                    f"no client has the job {job} of {prefix}{gone}, and it was not deleted (process {process}, "
                    f"answered {answered}; {history}; {killed.get(process, 'not')} killed)"
                )


def job_of(encoded: bytes) -> int:
    """Return the job's number."""
    return int(encoded.removeprefix(b'{"job":').removesuffix(b"}"))


async def soak(database: Path) -> Soak:
    """Run the soak, and wait until everything that it started has ended."""
    replicas = [Replica(database), Replica(database)]
    addresses = ",".join(f"127.0.0.1:{replica.port}" for replica in replicas)
    channel = grpc.aio.insecure_channel(
        f"ipv4:{addresses}",
        options=[
            ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),
            ("grpc.max_reconnect_backoff_ms", 500),
        ],
    )
    await asyncio.wait_for(channel.channel_ready(), 60)
    made = Soak(replicas, channel)
    try:
        await made.run()
        # For the grace periods of the last clients, the second look for earlier attempts, and repeated deletions.
        await asyncio.sleep(2 * GRACE + 20)
    finally:
        await channel.close()
        for replica in replicas:
            replica.process.send_signal(signal.SIGTERM)
        for replica in replicas:
            if (status := await asyncio.to_thread(replica.process.wait)) != 0:
                made.violations.append(f"a replica ended with the status {status}")
    return made


def main() -> int:
    """Run the soak and print what happened. Return 1 if there was a violation, and otherwise 0."""
    print(f"{SECONDS:.0f} s, seed {SEED}, {'with' if FINDS else 'without'} find", flush=True)
    random.seed(SEED)
    with tempfile.TemporaryDirectory() as directory:
        database = Path(directory) / "backend.sqlite"
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE jobs"
                " (job INTEGER PRIMARY KEY, key TEXT, prefix TEXT, process INTEGER,"
                " created REAL, answered REAL, ends REAL, deleted REAL)"
            )
            connection.execute("CREATE INDEX by_key ON jobs (key)")
        made = asyncio.run(soak(database))
        made.audit(database)
        if made.violations and (kept := os.environ.get("SOAK_LOGS")):
            for log in database.parent.glob("*.log"):
                shutil.copy(log, kept)
    for what, number in sorted(made.seen.items()):
        print(f"{number:>8,}  {what}")
    for violation in made.violations[:50]:
        print(f"VIOLATION: {violation}")
    print(f"{len(made.violations):>8,}  violations")
    return 1 if made.violations else 0


if __name__ == "__main__":
    sys.exit(main())
