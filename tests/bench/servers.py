"""Start the measured servers, each as a process of its own on a port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

__all__ = ["HERE", "Server", "bare", "flytekits", "served"]

HERE = Path(__file__).parent


class Server(NamedTuple):
    """A running server."""

    process: psutil.Process
    port: int
    metrics_port: int = 0

    @property
    def endpoint(self) -> str:
        """The address that the server listens on."""
        return f"127.0.0.1:{self.port}"

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that the server has used, in its own code and in the kernel."""
        if sys.platform == "linux":
            # The process's CPU clock (clock_getcpuclockid(3)): a round takes only a few hundred of the ticks in /proc.
            return time.clock_gettime(~self.process.pid << 3 | 2)
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def resident(self) -> float:
        """The server's resident memory, in megabytes."""
        return float(self.process.memory_info().rss / 1e6)

    def metric(self, name: str, **labels: str) -> float:
        """Return a value from the server's page for Prometheus, or 0 if the page does not have it yet."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
            page = answer.read().decode()
        samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
        return next((sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)), 0)


@contextlib.contextmanager
def bare() -> Iterator[Server]:
    """Run `bare_server.py`."""
    with _running([sys.executable, str(HERE / "bare_server.py")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Server(psutil.Process(process.pid), int(process.stdout.readline()))


@contextlib.contextmanager
def served(module: str, python: str = sys.executable) -> Iterator[Server]:
    """Run `connectors serve` with the connectors that a module registers, and yield it once it is SERVING.

    Args:
        module: The module.
        python: The interpreter of the environment whose connector-core is measured.
    """
    start = "import sys; from connector_core.cli import main; sys.exit(main())"
    command = [python, "-c", start, "serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"]
    with _running([*command, "--module", module], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        ports = re.search(r":(\d+); probes and metrics on port (\d+)", json.loads(told)["event"])
        if ports is None:
            raise AssertionError(f"The service did not start: {told}")
        server = Server(psutil.Process(process.pid), int(ports[1]), int(ports[2]))
        _wait_for_health(server)
        yield server


@contextlib.contextmanager
def flytekits(module: str) -> Iterator[Server]:
    """Run `pyflyte serve connector` with the connectors that a module registers with flytekit."""
    start = "from flytekit.clis.sdk_in_container.pyflyte import main; main()"
    port, metrics_port = _free_port(), _free_port()
    command = [sys.executable, "-c", start, "serve", "connector", "--port", str(port)]
    command += ["--prometheus_port", str(metrics_port), "--modules", module]
    with _running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        server = Server(psutil.Process(process.pid), port, metrics_port)
        _wait_for_health(server)
        yield server


def _wait_for_health(server: Server) -> None:
    with grpc.insecure_channel(server.endpoint) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        # flytekit's service does not know the empty name.
        request = health_pb2.HealthCheckRequest(service="flyteidl.service.AsyncAgentService")
        assert stub.Check(request, timeout=60, wait_for_ready=True).status == health_pb2.HealthCheckResponse.SERVING


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextlib.contextmanager
def _running(command: list[str], **streams: Any) -> Iterator[subprocess.Popen[str]]:
    # No entries of this environment, so that the figures do not depend on other installed packages.
    environment = os.environ | {"PYTHONPATH": f"{HERE}:{HERE.parent}", "CONNECTORS_AUTOLOAD": "0"}
    process = subprocess.Popen(command, text=True, env=environment, **streams)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()
