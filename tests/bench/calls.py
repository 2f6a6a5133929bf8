"""The requests that h2load sends to the measured servers, and the answers that it must get."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from bare_server import ANSWERS
from flyteidl.admin import agent_pb2 as messages
from servers import Server

from connector_core import to_literal_map
from connector_core.idl import TaskExecutionMetadata, TaskTemplate

__all__ = ["META", "Calls", "calls_of"]

META = b'{"query_id":"q-1","region":"eu"}'
TEMPLATE = TaskTemplate(
    id={
        "resource_type": "TASK",
        "project": "shop",
        "domain": "production",
        "name": "sales.by_customer",
        "version": "v1",
    },
    sql={"statement": "SELECT customer, sum(price) FROM orders WHERE day = '{{ .inputs.day }}' GROUP BY customer"},
    interface={
        "inputs": {"variables": {"day": {"type": {"simple": "STRING"}}}},
        "outputs": {"variables": {"results": {"type": {"structured_dataset_type": {}}}}},
    },
    metadata={"runtime": {"type": "FLYTE_SDK", "version": "1.16.0", "flavor": "python"}, "retries": {"retries": 3}},
)
INPUTS = to_literal_map({"day": "2026-03-02"})
PREFIX = "s3://flyte/metadata/propeller/shop-production-f2b9a7c/n0/data/0"


class Calls(NamedTuple):
    """One RPC that is called repeatedly.

    Args:
        rpc: The name of the RPC.
        operation: The name of the operation in our metrics.
        task_type: The task type of the connector that is called.
        frames: The messages of the request.
    """

    rpc: str
    operation: str
    task_type: str
    frames: list[Any]

    @property
    def path(self) -> str:
        """The path of the RPC."""
        service = "SyncAgentService" if self.rpc == "ExecuteTaskSync" else "AsyncAgentService"
        return f"/flyteidl.service.{service}/{self.rpc}"

    def check(self, server: Server) -> None:
        """Call the RPC once and check the answer, because h2load counts a gRPC error as a success."""
        with grpc.insecure_channel(server.endpoint) as channel:
            bytes_of, answer = type(self.frames[0]).SerializeToString, ANSWERS[self.rpc]
            call: Any = channel.stream_stream(self.path, bytes_of, type(answer).FromString)
            answers = list(call(iter(self.frames), timeout=10))
        if answers != [answer]:
            raise AssertionError(f"{self.rpc} of {self.task_type} was answered with {answers} instead of {answer}")

    @contextmanager
    def counted(self, server: Server, number: int) -> Iterator[None]:
        """Make sure that the server counts `number` successful calls in the block."""
        labels = {"task_type": self.task_type, "operation": self.operation}
        before = server.metric("flyte_connector_requests_success_total", **labels)
        yield
        succeeded = server.metric("flyte_connector_requests_success_total", **labels) - before
        if succeeded != number:
            raise AssertionError(f"{self.rpc} of {self.task_type}: {succeeded:.0f} of {number} calls succeeded")

    def load(self, server: Server, number: int, in_flight: int) -> tuple[float, float]:
        """Return calls per second, and seconds of the server's CPU per call."""
        with tempfile.TemporaryDirectory(prefix="bench-") as directory:
            body = Path(directory) / "body"
            data = [frame.SerializeToString() for frame in self.frames]
            body.write_bytes(b"".join(b"\0" + len(frame).to_bytes(4, "big") + frame for frame in data))
            headers = ("content-type: application/grpc", "te: trailers", "grpc-timeout: 10S")
            command = ["h2load", "-n", str(number), "-c", "1", "-t", "1", "-m", str(in_flight), "-d", str(body)]
            command += [
                *(word for header in headers for word in ("-H", header)),
                f"http://{server.endpoint}{self.path}",
            ]
            before = server.cpu_seconds
            told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
            seconds = server.cpu_seconds - before
        rate = re.search(r"([\d.]+) req/s", told)
        if rate is None or f"{number} succeeded, 0 failed" not in told:
            raise AssertionError(told)
        return float(rate[1]), seconds / number


def calls_of(task_type: str, sync_type: str) -> list[Calls]:
    """Return the calls of each RPC.

    Args:
        task_type: The task type of the async connector.
        sync_type: The task type of the sync connector.
    """
    job = {
        "task_type": task_type,
        "resource_meta": META,
        "task_category": messages.TaskCategory(name=task_type),
    }
    get = messages.GetTaskRequest(output_prefix=PREFIX, **job)
    create = messages.CreateTaskRequest(
        template=_template(task_type), inputs=INPUTS, output_prefix=PREFIX, task_execution_metadata=metadata()
    )
    header = messages.CreateRequestHeader(
        template=_template(sync_type), output_prefix=PREFIX, task_execution_metadata=metadata()
    )
    execute = [messages.ExecuteTaskSyncRequest(header=header), messages.ExecuteTaskSyncRequest(inputs=INPUTS)]
    return [
        Calls("GetTask", "get", task_type, [get]),
        Calls("DeleteTask", "delete", task_type, [messages.DeleteTaskRequest(**job)]),
        Calls("CreateTask", "create", task_type, [create]),
        Calls("ExecuteTaskSync", "do", sync_type, execute),
    ]


def metadata() -> TaskExecutionMetadata:
    """Return the metadata of a task execution, without the execution's id."""
    return TaskExecutionMetadata(
        namespace="shop-production",
        labels={"domain": "production", "execution-id": "f2b9a7c", "project": "shop", "workflow-name": "report"},
        annotations={"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
        k8s_service_account="default",
        environment_variables={"FLYTE_INTERNAL_EXECUTION_PROJECT": "shop"},
        identity={"execution_identity": "analyst"},
    )


def _template(task_type: str) -> TaskTemplate:
    template = TaskTemplate()
    template.CopyFrom(TEMPLATE)
    template.type = task_type
    return template
