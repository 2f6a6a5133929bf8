"""Compare the service to a bare server, side by side in one run.

Each server is a process of its own: bare is `bare_server.py`, ours is `connectors serve` as users start it. h2load
(Debian: nghttp2-client), a client in C, calls them over one connection, with Flyte's deadline of 10 s. The servers take
turns in short rounds, and a ratio is the median of the rounds' ratios. The ratio of bare to bare shows how exact the
ratios are on this machine. The CPU time is that of the server's process. Before each measurement the answers of both
servers are compared; the service's own metrics count the successful calls.

h2load repeats one request, and the service answers a repeated attempt from memory. Its CreateTask therefore carries no
task execution id. CreateTask calls with a new id each come from a client in Python. This client is slower than the
servers, so only the server's CPU time is measured there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import grpc
import grpc.aio
from bare_server import ANSWERS
from calls import META, Calls, calls_of, metadata
from figures import say
from flyteidl.admin import agent_pb2 as messages
from flyteidl.service import agent_pb2_grpc as stubs
from servers import HERE, Server, bare, flytekits, served

Figures = tuple[float, float]
"""Calls per second, and seconds of the server's CPU per call."""


def main() -> None:
    """Measure all parts, or the one that `--only` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=13, help="rounds of each measurement (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=500, help="calls in a round (default: %(default)s)")
    parser.add_argument("--only", choices=sorted(PARTS), help="measure only this part")
    parser.add_argument("--before", metavar="PYTHON", help="interpreter of an environment with an earlier version")
    # The bench session passes the same arguments to every script.
    given = parser.parse_known_args()[0]
    for name, part in PARTS.items():
        if given.only in (None, name):
            if shutil.which("h2load") is None and name in _BY_H2LOAD:
                print(f"service: the part {name} needs h2load (Debian: nghttp2-client) and is not measured", flush=True)
            else:
                part(given)


def bare_to_bare(given: argparse.Namespace) -> None:
    """Measure the ratio of two equal servers and its range."""
    get = calls_of("nothing", "done")[0]
    with bare() as one, bare() as other:
        pairs = rounds_of(given, one, other, lambda server: get.load(server, given.calls, 64))
    report("bare by bare, 64 in flight: calls/s", pairs, 0)
    report("bare by bare, 64 in flight: CPU", pairs, 1)


def async_connectors(given: argparse.Namespace) -> None:
    """Measure calls to connectors with async methods."""
    at_most = {"GetTask": 1.05, "DeleteTask": 1.05, "CreateTask": 1.15, "ExecuteTaskSync": 1.15}
    with bare() as theirs, served("served_connectors") as ours:
        for calls in calls_of("nothing", "done"):
            at_least = 0.95 if calls.rpc == "ExecuteTaskSync" else 1.0
            for in_flight in (16, 64, 256):
                pairs = compare(given, ours, theirs, calls, in_flight)
                report(f"{calls.rpc}, async, {in_flight} in flight: calls/s", pairs, 0, at_least=at_least)
                report(f"{calls.rpc}, async, {in_flight} in flight: CPU", pairs, 1, at_most=at_most[calls.rpc])


def earlier_version(given: argparse.Namespace) -> None:
    """Compare with the version in another environment, if `--before` names one."""
    if given.before is None:
        return
    with served("served_connectors", given.before) as before, served("served_connectors") as after:
        for task_type, sync_type in (("nothing", "done"), ("plain", "done in a thread")):
            for calls in calls_of(task_type, sync_type):
                pairs = compare(given, after, before, calls, 64)
                report(f"{calls.rpc} of {calls.task_type}, by the version before: calls/s", pairs, 0, at_least=0.95)
                report(f"{calls.rpc} of {calls.task_type}, by the version before: CPU", pairs, 1, at_most=1.05)


def plain_connectors(given: argparse.Namespace) -> None:
    """Measure calls to connectors with plain methods."""
    with bare() as theirs, served("served_connectors") as ours:
        for calls in calls_of("plain", "done in a thread"):
            for in_flight in (16, 64, 256):
                pairs = compare(given, ours, theirs, calls, in_flight)
                report(f"{calls.rpc}, plain, {in_flight} in flight: calls/s", pairs, 0, at_least=0.75)


def flytekits_service(given: argparse.Namespace) -> None:
    """Measure flytekit's own service, for comparison."""
    if find_spec("flytekit") is None or find_spec("httpx") is None:
        print("flytekit and httpx are not installed here, so its service is not measured", flush=True)
        return
    get = calls_of("nothing", "done")[0]
    with bare() as theirs, flytekits("served_by_flytekit") as flytekit:
        pairs = compare(given, flytekit, theirs, get, 64)
    report("GetTask, async, 64 in flight, flytekit: calls/s", pairs, 0)
    report("GetTask, async, 64 in flight, flytekit: CPU", pairs, 1)


def new_executions(given: argparse.Namespace) -> None:
    """Measure CreateTask with a new task execution id in each call, as Flyte sends it."""
    create = calls_of("nothing", "done")[2]
    numbers = itertools.count()

    def requests() -> list[bytes]:
        made = []
        for _ in range(given.calls):
            request = messages.CreateTaskRequest()
            request.CopyFrom(create.frames[0])
            request.task_execution_metadata.CopyFrom(metadata())
            request.task_execution_metadata.task_execution_id.MergeFrom(_execution(next(numbers)))
            made.append(request.SerializeToString())
        return made

    async def call(server: Server) -> float:
        answer = ANSWERS["CreateTask"].SerializeToString()
        waiting = iter(requests())
        async with grpc.aio.insecure_channel(server.endpoint) as channel:
            method = channel.unary_unary(create.path)

            async def one_after_the_other() -> None:
                for request in waiting:
                    assert await method(request, timeout=10) == answer

            started = time.perf_counter()
            await asyncio.gather(*(one_after_the_other() for _ in range(64)))
            return given.calls / (time.perf_counter() - started)

    def load(server: Server) -> Figures:
        before = server.cpu_seconds
        rate = asyncio.run(call(server))
        return rate, (server.cpu_seconds - before) / given.calls

    with bare() as theirs, served("served_connectors") as ours, create.counted(ours, (given.rounds + 1) * given.calls):
        pairs = rounds_of(given, ours, theirs, load)
    report("CreateTask, async, 64 in flight, new executions: CPU", pairs, 1, at_most=1.15)


def many_slow_calls(given: argparse.Namespace) -> None:
    """Measure 1000 polls that each sleep 200 ms in a plain method."""

    async def calls(endpoint: str) -> float:
        async with contextlib.AsyncExitStack() as stack:
            channels = [await stack.enter_async_context(grpc.aio.insecure_channel(endpoint)) for _ in range(4)]
            polls = [stubs.AsyncAgentServiceStub(channel) for channel in channels]
            request = messages.GetTaskRequest(task_type="slow", resource_meta=META)
            await asyncio.gather(*(poll.GetTask(request) for poll in polls))
            started = time.perf_counter()
            answers = await asyncio.gather(*(polls[number % 4].GetTask(request) for number in range(1000)))
            seconds = time.perf_counter() - started
        assert all(answer == ANSWERS["GetTask"] for answer in answers)
        return seconds

    with served("served_connectors") as server:
        first = asyncio.run(calls(server.endpoint))
        again = min(asyncio.run(calls(server.endpoint)) for _ in range(3))
    detail = f"{first:.2f} s (then {again:.2f} s)  goal < 1 s"
    say("1000 polls at once of 200 ms each, plain", ok=first < 1.0, detail=detail)


def idle(given: argparse.Namespace) -> None:
    """Measure the start-up time and the memory of an idle service."""
    seconds, megabytes = [], []
    for _ in range(5):
        started = time.perf_counter()
        with served("served_two") as server:
            seconds.append(time.perf_counter() - started)
            megabytes.append(server.resident)
    start, resident = statistics.median(seconds), statistics.median(megabytes)
    say("start to SERVING, two connectors", ok=start < 1.5, detail=f"{start:.2f} s  goal < 1.5 s")
    say("resident, idle, two connectors", ok=resident < 80, detail=f"{resident:.1f} MB  goal < 80 MB")


def growth(given: argparse.Namespace) -> None:
    """Measure how much the service's memory grows in 100,000 calls."""
    get = calls_of("nothing", "done")[0]
    with served("served_connectors") as server, get.counted(server, 120_000):
        get.load(server, 20_000, 64)
        before = server.resident
        get.load(server, 100_000, 64)
        grown = server.resident - before
    say("growth in 100,000 calls", ok=grown <= 5, detail=f"{grown:.1f} MB  goal <= 5 MB")


def listing_under_load(given: argparse.Namespace) -> None:
    """Measure ListAgents while 256 slow calls run: over one connection, and over a new one each time as Flyte does."""
    with served("served_connectors") as server:
        busy = subprocess.Popen([sys.executable, str(HERE / "keep_busy.py"), server.endpoint])
        try:
            while server.metric("flyte_connector_calls_in_flight", task_type="slower") < 256:
                assert busy.poll() is None, "keep_busy.py has ended, so the service is not busy"
                time.sleep(0.1)
            with grpc.insecure_channel(server.endpoint) as channel:
                kept = [seconds_of_a_list(channel) for _ in range(1000)]
            new = []
            for _ in range(200):
                with grpc.insecure_channel(server.endpoint) as channel:
                    new.append(seconds_of_a_list(channel))
        finally:
            busy.terminate()
            busy.wait()
    p99, p99_new = (statistics.quantiles(seconds, n=100)[98] * 1e3 for seconds in (kept, new))
    detail = f"{p99:.2f} ms (with a new connection {p99_new:.2f} ms)  goal < 5 ms"
    say("ListAgents, 256 slow calls in flight: p99", ok=p99 < 5, detail=detail)


def seconds_of_a_list(channel: grpc.Channel) -> float:
    """Return how many seconds one ListAgents call takes."""
    stub: Any = stubs.AgentMetadataServiceStub(channel)
    started = time.perf_counter()
    answer = stub.ListAgents(messages.ListAgentsRequest(), timeout=10)
    seconds = time.perf_counter() - started
    assert len(answer.agents) == 6
    return seconds


def compare(
    given: argparse.Namespace, ours: Server, theirs: Server, calls: Calls, in_flight: int
) -> list[tuple[Figures, Figures]]:
    """Load both servers in turn, and make sure that all calls succeed."""
    for server in (ours, theirs):
        calls.check(server)
    with calls.counted(ours, (given.rounds + 1) * given.calls):
        return rounds_of(given, ours, theirs, lambda server: calls.load(server, given.calls, in_flight))


def rounds_of(
    given: argparse.Namespace, ours: Server, theirs: Server, load: Callable[[Server], Figures]
) -> list[tuple[Figures, Figures]]:
    """Measure both servers in turn, in alternating order; the first round only warms them up and is not counted."""
    pairs = []
    for number in range(given.rounds + 1):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        seen = {server: load(server) for server in order}
        pairs.append((seen[ours], seen[theirs]))
    return pairs[1:]


def report(
    what: str,
    pairs: list[tuple[Figures, Figures]],
    index: int,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> None:
    """Print the ratio of our figure to theirs."""
    ratios = [ours[index] / theirs[index] for ours, theirs in pairs]
    ratio = statistics.median(ratios)
    ours, theirs = (statistics.median(side[index] for side in sides) for sides in zip(*pairs, strict=True))
    figures = f"{ours:6.0f}     {theirs:6.0f}   " if index == 0 else f"{ours * 1e6:6.0f} us  {theirs * 1e6:6.0f} us"
    line = f"{what:52} {figures}  ratio {ratio:4.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    if at_least is not None:
        line += f"  goal >= {at_least:g}  {'ok' if ratio >= at_least else 'MISSED'}"
    if at_most is not None:
        line += f"  goal <= {at_most:g}  {'ok' if ratio <= at_most else 'MISSED'}"
    print(line, flush=True)


def _execution(number: int) -> Any:
    execution = {"project": "shop", "domain": "production", "name": f"f{number:019x}"}
    return messages.TaskExecutionMetadata(
        task_execution_id={
            "task_id": {"project": "shop", "domain": "production", "name": "sales.by_customer", "version": "v1"},
            "node_execution_id": {"node_id": "n0", "execution_id": execution},
        }
    ).task_execution_id


PARTS = {
    "bare": bare_to_bare,
    "before": earlier_version,
    "async": async_connectors,
    "executions": new_executions,
    "plain": plain_connectors,
    "flytekit": flytekits_service,
    "many": many_slow_calls,
    "idle": idle,
    "growth": growth,
    "listing": listing_under_load,
}
_BY_H2LOAD = {"bare", "before", "async", "plain", "flytekit", "growth"}

if __name__ == "__main__":
    main()
