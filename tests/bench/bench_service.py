"""The service against a bare server, side by side in one run.

Both are processes of their own, called by h2load (Debian: nghttp2-client), a client in C, over one connection, with
Flyte's deadline of 10 s. Bare is `bare_server.py`; ours is `connectors serve` as everybody starts it. Rounds alternate,
and a ratio is the median of the rounds'. The CPU is that of the server's process. CreateTask carries no task execution
id, because h2load sends one request over and over, and the same attempt would be answered from memory.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import grpc.aio
import psutil
from figures import say
from flyteidl.admin import agent_pb2 as messages
from flyteidl.service import agent_pb2_grpc as stubs
from grpc_health.v1 import health_pb2, health_pb2_grpc

from connector_core import to_literal_map
from connector_core.idl import TaskTemplate

HERE = Path(__file__).parent
META = b'{"query_id":"q-1","region":"eu"}'
TEMPLATE = TaskTemplate(
    id={"project": "p", "domain": "d", "name": "query", "version": "v1"},
    sql={"statement": "SELECT customer, sum(price) FROM orders GROUP BY customer"},
    interface={"inputs": {"variables": {"day": {"type": {"simple": 5}}}}},
)
START = "import sys; from connector_core.cli import main; sys.exit(main())"
INPUTS = to_literal_map({"day": "2026-03-02"})


class Server(NamedTuple):
    """A running server."""

    process: psutil.Process
    port: int
    metrics_port: int


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=1500, help="in a round (default: %(default)s)")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part")
    given = parser.parse_args()
    for name, part in PARTS.items():
        if given.only in (None, name):
            if shutil.which("h2load") is None and name in ("async", "plain", "memory"):
                say(f"{name}: not measured", ok=False, detail="install h2load (Debian: nghttp2-client)")
                continue
            part(given)


def load_async(given: argparse.Namespace) -> None:
    """Async connectors."""
    compare(given, "nothing", "done", goal=1.0, goal_sync=0.95, cpu=True)


def load_plain(given: argparse.Namespace) -> None:
    """Plain connectors."""
    compare(given, "plain", "done in a thread", goal=0.75, goal_sync=0.75, cpu=False)


def compare(
    given: argparse.Namespace, task_type: str, sync_type: str, *, goal: float, goal_sync: float, cpu: bool
) -> None:
    """Throughput and CPU of each RPC, ours by theirs."""
    with bare() as theirs, served("served_connectors") as ours:
        for rpc, frames in requests(task_type, sync_type).items():
            for in_flight in (16, 64, 256):
                pairs = []
                for number in range(-1, given.rounds):
                    order = (ours, theirs) if number % 2 else (theirs, ours)
                    seen = {server: load(server, rpc, frames, given.calls, in_flight) for server in order}
                    if number >= 0:  # The first one warms up.
                        pairs.append((seen[ours], seen[theirs]))
                wanted = goal_sync if rpc == "ExecuteTaskSync" else goal
                report(f"{rpc}, {task_type}, {in_flight} in flight: calls/s", pairs, 0, at_least=wanted)
                at_most = 1.05 if rpc in ("GetTask", "DeleteTask") else 1.15
                report(f"{rpc}, {task_type}, {in_flight} in flight: CPU", pairs, 1, at_most=at_most if cpu else None)


def requests(task_type: str, sync_type: str) -> dict[str, list[Any]]:
    """What is sent, by RPC."""
    category = messages.TaskCategory(name=task_type)
    template, sync_template = TaskTemplate(), TaskTemplate()
    template.CopyFrom(TEMPLATE)
    sync_template.CopyFrom(TEMPLATE)
    template.type, sync_template.type = task_type, sync_type
    metadata = messages.TaskExecutionMetadata(namespace="team", labels={"team": "sales"})
    return {
        "GetTask": [
            messages.GetTaskRequest(
                task_type=task_type, resource_meta=META, task_category=category, output_prefix="s3://b/run/0"
            )
        ],
        "DeleteTask": [
            messages.DeleteTaskRequest(task_type=task_type, resource_meta=META, task_category=category),
        ],
        "CreateTask": [
            messages.CreateTaskRequest(
                template=template, inputs=INPUTS, output_prefix="s3://b/run/0", task_execution_metadata=metadata
            )
        ],
        "ExecuteTaskSync": [
            messages.ExecuteTaskSyncRequest(
                header={
                    "template": sync_template,
                    "output_prefix": "s3://b/run/0",
                    "task_execution_metadata": metadata,
                }
            ),
            messages.ExecuteTaskSyncRequest(inputs=INPUTS),
        ],
    }


def load(server: Server, rpc: str, frames: list[Any], calls: int, in_flight: int) -> tuple[float, float]:
    """Calls in a second, and seconds of the server's CPU for each."""
    service = "SyncAgentService" if rpc == "ExecuteTaskSync" else "AsyncAgentService"
    body = b"".join(b"\0" + frame.ByteSize().to_bytes(4, "big") + frame.SerializeToString() for frame in frames)
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        before = sum(server.process.cpu_times()[:2])
        headers = ("content-type: application/grpc", "te: trailers", "grpc-timeout: 10S")
        told = subprocess.run(
            [
                *("h2load", "-n", str(calls), "-c", "1", "-t", "1", "-m", str(in_flight), "-d", file.name),
                *(word for header in headers for word in ("-H", header)),
                f"http://127.0.0.1:{server.port}/flyteidl.service.{service}/{rpc}",
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        after = sum(server.process.cpu_times()[:2])
    rate, done = re.search(r"([\d.]+) req/s", told), re.search(r"(\d+) succeeded, 0 failed", told)
    assert rate is not None, told
    assert done is not None, told
    return float(rate[1]), (after - before) / calls


def report(
    what: str,
    pairs: list[tuple[tuple[float, float], tuple[float, float]]],
    index: int,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> None:
    """Print a ratio, ours by theirs."""
    ratio = statistics.median(ours[index] / theirs[index] for ours, theirs in pairs)
    ours, theirs = (statistics.median(side[index] for side in sides) for sides in zip(*pairs, strict=True))
    figures = f"{ours:8.0f} {theirs:8.0f}    " if index == 0 else f"{ours * 1e6:8.0f} {theirs * 1e6:8.0f} us "
    line = f"{what:52} ours, bare: {figures} ratio {ratio:5.2f}"
    if at_least is not None:
        line += f"  goal >= {at_least:g}  {'ok' if ratio >= at_least else 'MISSED'}"
    if at_most is not None:
        line += f"  goal <= {at_most:g}  {'ok' if ratio <= at_most else 'MISSED'}"
    print(line, flush=True)


def many_slow_calls(given: argparse.Namespace) -> None:
    """1000 polls that each sleep 200 ms in a plain method."""

    async def calls(endpoint: str) -> float:
        async with contextlib.AsyncExitStack() as stack:
            channels = [await stack.enter_async_context(grpc.aio.insecure_channel(endpoint)) for _ in range(4)]
            polls = [stubs.AsyncAgentServiceStub(channel) for channel in channels]
            request = messages.GetTaskRequest(task_type="slow", resource_meta=META)
            await asyncio.gather(*(poll.GetTask(request) for poll in polls))
            started = time.perf_counter()
            answers = await asyncio.gather(*(polls[number % 4].GetTask(request) for number in range(1000)))
            assert len(answers) == 1000
            return time.perf_counter() - started

    with served("served_connectors") as server:
        first = asyncio.run(calls(f"127.0.0.1:{server.port}"))
        again = min(asyncio.run(calls(f"127.0.0.1:{server.port}")) for _ in range(3))
    say(
        "1000 polls at once of 200 ms each, plain",
        ok=first < 1.0,
        detail=f"{first:.2f} s (then {again:.2f} s)  goal < 1",
    )


def memory(given: argparse.Namespace) -> None:
    """What a service takes that does nothing, and what 100,000 calls leave."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        with served("served_two"):
            seconds.append(time.perf_counter() - started)
    say(
        "start to SERVING, two connectors",
        ok=statistics.median(seconds) < 1.5,
        detail=f"{statistics.median(seconds):.2f} s",
    )
    with served("served_two") as server:
        megabytes = server.process.memory_info().rss / 1e6
        say("resident, idle, two connectors", ok=megabytes < 80, detail=f"{megabytes:.1f} MB  goal < 80")
    with served("served_connectors") as server:
        frames = requests("nothing", "done")["GetTask"]
        load(server, "GetTask", frames, 20_000, 64)
        before = server.process.memory_info().rss
        load(server, "GetTask", frames, 100_000, 64)
        grown = (server.process.memory_info().rss - before) / 1e6
        say("growth in 100,000 calls", ok=grown <= 5, detail=f"{grown:.1f} MB  goal <= 5")


def listing_under_load(given: argparse.Namespace) -> None:
    """ListAgents while 256 slow calls run, over one connection, and over a new one each time, as Flyte does."""
    with served("served_connectors") as server:
        endpoint = f"127.0.0.1:{server.port}"
        busy = subprocess.Popen([sys.executable, str(HERE / "keep_busy.py"), endpoint])
        try:
            while b'calls_in_flight{task_type="slower"} 256.0' not in page(server, "metrics"):
                time.sleep(0.1)
            with grpc.insecure_channel(endpoint) as channel:
                kept = sorted(seconds_of_a_list(channel) for _ in range(1000))
            new = []
            for _ in range(200):
                with grpc.insecure_channel(endpoint) as channel:
                    new.append(seconds_of_a_list(channel))
        finally:
            busy.terminate()
            busy.wait()
    p99, p99_new = (statistics.quantiles(seconds, n=100)[98] * 1e3 for seconds in (kept, new))
    detail = f"{p99:.2f} ms (with a new connection {p99_new:.2f} ms)  goal < 5"
    say("ListAgents, 256 slow calls in flight: p99", ok=p99 < 5, detail=detail)


def seconds_of_a_list(channel: grpc.Channel) -> float:
    """How long a ListAgents takes."""
    started = time.perf_counter()
    answer = stubs.AgentMetadataServiceStub(channel).ListAgents(messages.ListAgentsRequest(), timeout=10)
    assert len(answer.agents) == 6
    return time.perf_counter() - started


@contextlib.contextmanager
def bare() -> Iterator[Server]:
    """A bare server."""
    with running([sys.executable, str(HERE / "bare_server.py")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Server(psutil.Process(process.pid), int(process.stdout.readline()), 0)


@contextlib.contextmanager
def served(module: str) -> Iterator[Server]:
    """`connectors serve`, once it is SERVING, with the connectors that a module registers."""
    command = [sys.executable, "-c", START, "serve", "--host", "127.0.0.1", "--port", "0"]
    command += ["--metrics-port", "0", "--module", module]
    with running(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        told = re.search(r":(\d+); probes and metrics on port (\d+)", json.loads(process.stderr.readline())["event"])
        assert told is not None
        server = Server(psutil.Process(process.pid), int(told[1]), int(told[2]))
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            assert stub.Check(health_pb2.HealthCheckRequest(), timeout=30).status == 1
        yield server


@contextlib.contextmanager
def running(command: list[str], **streams: Any) -> Iterator[subprocess.Popen[str]]:
    """A process, which is ended."""
    # No entries of this environment, so that the figures do not hang on what else is installed.
    environment = os.environ | {"PYTHONPATH": f"{HERE}:{HERE.parent}", "CONNECTORS_AUTOLOAD": "0"}
    process = subprocess.Popen(command, text=True, env=environment, **streams)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def page(server: Server, name: str) -> bytes:
    """A page of the metrics port."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/{name}") as answer:
        content: bytes = answer.read()
    return content


PARTS = {
    "async": load_async,
    "plain": load_plain,
    "many": many_slow_calls,
    "memory": memory,
    "listing": listing_under_load,
}

if __name__ == "__main__":
    main()
