"""Flyte 1 and Flyte 2 as clients, with their own messages and stubs."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc
import pytest
from flyteidl.admin import agent_pb2 as messages1
from flyteidl.core import tasks_pb2 as tasks1
from flyteidl.service import agent_pb2_grpc as stubs1
from flyteidl2.connector import connector_pb2 as messages2
from flyteidl2.connector import service_pb2_grpc as stubs2
from flyteidl2.core import security_pb2 as security2

from connector_core import Phase, from_literal_map, to_literal_map
from connector_core.idl import LiteralMap

TIMEOUT = 30.0
"""The seconds that a call may take; generous, because no test depends on them."""


class State(NamedTuple):
    """The state of a job, as GetTask and ExecuteTaskSync return it."""

    phase: Phase
    message: str
    outputs: dict[str, Any] | None
    resource: Any


class Flyte(ABC):
    """One generation of Flyte, calling a service.

    Args:
        channel: To the service.
    """

    messages: Any
    service: str

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel

    def create(
        self, task_type: str, *, prefix: str = "s3://bucket/run/0", timeout: float | None = TIMEOUT, **options: Any
    ) -> bytes:
        """Start a job, and return its metadata."""
        request = self.create_request(task_type, prefix=prefix, **options)
        encoded: bytes = self.jobs.CreateTask(request, timeout=timeout).resource_meta
        return encoded

    def create_request(
        self,
        task_type: str,
        *,
        version: int = 0,
        inputs: Mapping[str, Any] | None = None,
        prefix: str = "",
        attempt: int | None = None,
        execution: str = "run",
        **connection: Mapping[str, str],
    ) -> Any:
        """Return the request that `create` sends."""
        metadata = None
        if attempt is not None:
            node = {"node_id": "n0", "execution_id": {"project": "p", "domain": "d", "name": execution}}
            metadata = {"task_execution_id": {"node_execution_id": node, "retry_attempt": attempt}}
        request = self.messages.CreateTaskRequest(
            template={"type": task_type, "task_type_version": version},
            output_prefix=prefix,
            task_execution_metadata=metadata,
            **self.connection(**connection),
        )
        if inputs is not None:
            request.inputs.SetInParent()
            request.inputs.MergeFromString(to_literal_map(inputs).SerializeToString())
        return request

    def get(
        self,
        task_type: str,
        resource_meta: bytes,
        *,
        version: int = 0,
        prefix: str = "",
        timeout: float | None = TIMEOUT,
        **connection: Mapping[str, str],
    ) -> State:
        """Return the state of a job."""
        request = self.messages.GetTaskRequest(
            task_category=self.messages.TaskCategory(name=task_type, version=version),
            resource_meta=resource_meta,
            output_prefix=prefix,
            **self.connection(**connection),
        )
        return state_of(self.jobs.GetTask(request, timeout=timeout).resource)

    def delete(
        self, task_type: str, resource_meta: bytes, *, version: int = 0, **connection: Mapping[str, str]
    ) -> None:
        """Delete a job."""
        request = self.messages.DeleteTaskRequest(
            task_category=self.messages.TaskCategory(name=task_type, version=version),
            resource_meta=resource_meta,
            **self.connection(**connection),
        )
        self.jobs.DeleteTask(request, timeout=TIMEOUT)

    def logs(self, task_type: str, resource_meta: bytes, *, lines: int = 0, token: str = "") -> list[Any]:
        """Return the responses of a job's log."""
        category = self.messages.TaskCategory(name=task_type)
        request = self.messages.GetTaskLogsRequest(
            task_category=category, resource_meta=resource_meta, lines=lines, token=token
        )
        return list(self.jobs.GetTaskLogs(request, timeout=TIMEOUT))

    def metrics(self, task_type: str, resource_meta: bytes, **asked: Any) -> Any:
        """Return the metrics of a job."""
        category = self.messages.TaskCategory(name=task_type)
        request = self.messages.GetTaskMetricsRequest(task_category=category, resource_meta=resource_meta, **asked)
        return self.jobs.GetTaskMetrics(request, timeout=TIMEOUT)

    def connection(self, **connection: Mapping[str, str]) -> dict[str, Any]:
        """Return the field with secrets and configs, which Flyte 1 does not have."""
        assert not connection
        return {}

    @property
    @abstractmethod
    def jobs(self) -> Any:
        """Return the stub of the async service."""

    @abstractmethod
    def list(self) -> list[Any]:
        """Return the served connectors."""

    @abstractmethod
    def describe(self, name: str) -> Any:
        """Return the connector of this name."""


class Flyte1(Flyte):
    """Flyte 1: flyteidl."""

    messages = messages1
    service = "flyteidl.service.AsyncAgentService"

    @property
    def jobs(self) -> Any:
        return stubs1.AsyncAgentServiceStub(self.channel)

    def list(self) -> list[Any]:
        stub = stubs1.AgentMetadataServiceStub(self.channel)
        return [*stub.ListAgents(messages1.ListAgentsRequest(), timeout=TIMEOUT).agents]

    def describe(self, name: str) -> Any:
        stub = stubs1.AgentMetadataServiceStub(self.channel)
        return stub.GetAgent(messages1.GetAgentRequest(name=name), timeout=TIMEOUT).agent

    def execute(self, *requests: messages1.ExecuteTaskSyncRequest, timeout: float | None = TIMEOUT) -> State:
        """Run a job of a sync connector."""
        stub = stubs1.SyncAgentServiceStub(self.channel)
        (response,) = stub.ExecuteTaskSync(iter(requests), timeout=timeout)
        assert response.WhichOneof("res") == "header"
        return state_of(response.header.resource)

    def do(self, task_type: str, *, inputs: Mapping[str, Any] | None = None, **header: Any) -> State:
        """Run a job as Flyte requests it: send a header, then inputs, even if there are none."""
        template = tasks1.TaskTemplate(type=task_type)
        return self.execute(
            messages1.ExecuteTaskSyncRequest(header=messages1.CreateRequestHeader(template=template, **header)),
            messages1.ExecuteTaskSyncRequest(inputs=to_literal_map(inputs or {})),
        )


class Flyte2(Flyte):
    """Flyte 2: flyteidl2."""

    messages = messages2
    service = "flyteidl2.connector.AsyncConnectorService"

    @property
    def jobs(self) -> Any:
        return stubs2.AsyncConnectorServiceStub(self.channel)

    def connection(self, **connection: Mapping[str, str]) -> dict[str, Any]:
        fields: dict[str, Any] = {**connection}
        return {"connection": security2.Connection(**fields)} if connection else {}

    def list(self) -> list[Any]:
        stub: Any = stubs2.ConnectorMetadataServiceStub(self.channel)
        return [*stub.ListConnectors(messages2.ListConnectorsRequest(), timeout=TIMEOUT).connectors]

    def describe(self, name: str) -> Any:
        stub: Any = stubs2.ConnectorMetadataServiceStub(self.channel)
        return stub.GetConnector(messages2.GetConnectorRequest(name=name), timeout=TIMEOUT).connector


def state_of(resource: Any) -> State:
    """Return the state of a resource of either generation."""
    outputs = None
    if resource.HasField("outputs"):
        outputs = from_literal_map(LiteralMap.FromString(resource.outputs.SerializeToString()))
    return State(Phase(resource.phase), resource.message, outputs, resource)


@contextmanager
def refused(status: grpc.StatusCode, match: str) -> Iterator[pytest.ExceptionInfo[grpc.RpcError]]:
    """Expect that a call is answered with this status, and with details that match."""
    with pytest.raises(grpc.RpcError) as caught:
        yield caught
    error: Any = caught.value
    assert error.code() is status, error
    assert re.search(match, error.details()), error.details()
