"""ConnectorClient: calls a running connector service, ours or any other that speaks the protocol of Flyte 1."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector_core.errors import MissingExtra, ServiceError
from connector_core.idl import LiteralMap
from connector_core.models import Resource

try:
    import grpc
    import grpc.aio
except ImportError as _missing:
    raise MissingExtra(__name__, "service") from _missing

from flyteidl.admin.agent_pb2 import (
    CreateRequestHeader,
    CreateTaskRequest,
    CreateTaskResponse,
    DeleteTaskRequest,
    ExecuteTaskSyncRequest,
    GetAgentRequest,
    GetAgentResponse,
    GetTaskLogsRequest,
    GetTaskMetricsRequest,
    GetTaskRequest,
    GetTaskResponse,
    ListAgentsRequest,
    ListAgentsResponse,
)
from flyteidl.service.agent_pb2_grpc import AgentMetadataServiceStub, AsyncAgentServiceStub, SyncAgentServiceStub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from types import TracebackType

    from connector_core.idl import (
        Agent,
        Duration,
        GetTaskLogsResponse,
        GetTaskMetricsResponse,
        TaskExecutionMetadata,
        TaskTemplate,
        Timestamp,
    )
    from connector_core.models import TaskCategory

__all__ = ["ConnectorClient"]


class ConnectorClient:
    """A client of one service; its methods are those of a registry and of a connector, under the same names.

    ::

        async with ConnectorClient("localhost:8000") as client:
            agents = await client.list_connectors()

    It speaks in plain text, as Flyte does by default, or over TLS as soon as one of the last three is given. Use it
    on one event loop.

    Args:
        endpoint: ``host:port``.
        timeout: Seconds that one call may take, the reading of all its responses included; the default is Flyte's own.
            None: as long as it takes.
        root_certificates: PEM of the authorities that the service's certificate is checked against; None: gRPC's own.
        private_key: PEM of the client's key, for a service that asks for a certificate (mutual TLS).
        certificate_chain: PEM of the certificate that goes with it.

    Raises:
        ValueError: There is a private key without a certificate, or the other way round.
        ServiceError: By every method: the service cannot be reached, does not answer in time, is no connector service,
            or answers with an error.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        timeout: float | None = 10.0,
        root_certificates: bytes | None = None,
        private_key: bytes | None = None,
        certificate_chain: bytes | None = None,
    ) -> None:
        self.endpoint: str = endpoint
        self.timeout: float | None = timeout
        if (private_key is None) != (certificate_chain is None):  # gRPC would end the process.
            raise ValueError("private_key and certificate_chain go together: give both, or neither.")
        self._tls = (root_certificates, private_key, certificate_chain)
        self._open: grpc.aio.Channel | None = None

    async def __aenter__(self) -> ConnectorClient:
        if self._tls == (None, None, None):
            self._open = grpc.aio.insecure_channel(self.endpoint)
        else:
            self._open = grpc.aio.secure_channel(self.endpoint, grpc.ssl_channel_credentials(*self._tls))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._channel.close()
        self._open = None

    async def list_connectors(self) -> list[Agent]:
        """The connectors of the service: an Agent for each connector name and kind."""
        with self._explained("ListAgents"):
            stub = AgentMetadataServiceStub(self._channel)
            response: ListAgentsResponse = await stub.ListAgents(ListAgentsRequest(), timeout=self.timeout)
        return list(response.agents)

    async def get_connector_metadata(self, name: str) -> Agent:
        """The connectors of one name.

        Args:
            name: The ``name`` of a connector, and not its task type.
        """
        with self._explained("GetAgent"):
            stub = AgentMetadataServiceStub(self._channel)
            response: GetAgentResponse = await stub.GetAgent(GetAgentRequest(name=name), timeout=self.timeout)
        return response.agent

    async def create(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None = None,
        task_execution_metadata: TaskExecutionMetadata | None = None,
    ) -> bytes:
        """Start a job of an async connector.

        Args:
            task_template: The task; its type and version say which connector.
            output_prefix: URI under which the task may write; the service and the job must reach it.
            inputs: Values of the task's inputs.
            task_execution_metadata: Who runs it. The service starts one job for each attempt that this names, however
                often it is asked.

        Returns:
            The encoded ``resource_meta``, which the other methods take.
        """
        request = CreateTaskRequest(
            template=task_template,
            output_prefix=output_prefix,
            inputs=inputs,
            task_execution_metadata=task_execution_metadata,
        )
        with self._explained("CreateTask"):
            response: CreateTaskResponse = await self._tasks.CreateTask(request, timeout=self.timeout)
        return response.resource_meta

    async def get(self, category: TaskCategory, resource_meta: bytes, output_prefix: str = "") -> Resource:
        """The state of a job; its outputs are a ``LiteralMap``.

        Args:
            category: The connector's task category.
            resource_meta: What ``create`` returned.
            output_prefix: That of the task.
        """
        request = GetTaskRequest(
            task_type=category.name,
            task_category=category.to_flyte_idl(),
            resource_meta=resource_meta,
            output_prefix=output_prefix,
        )
        with self._explained("GetTask"):
            response: GetTaskResponse = await self._tasks.GetTask(request, timeout=self.timeout)
        return Resource.from_flyte_idl(response.resource)

    async def delete(self, category: TaskCategory, resource_meta: bytes) -> None:
        """End a job; one that has ended is left as it is.

        Args:
            category: The connector's task category.
            resource_meta: What ``create`` returned.
        """
        request = DeleteTaskRequest(
            task_type=category.name, task_category=category.to_flyte_idl(), resource_meta=resource_meta
        )
        with self._explained("DeleteTask"):
            await self._tasks.DeleteTask(request, timeout=self.timeout)

    async def do(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None = None,
        task_execution_metadata: TaskExecutionMetadata | None = None,
    ) -> Resource:
        """Do the job of a sync connector; the arguments are those of :meth:`create`.

        Returns:
            The resource, in a terminal phase; its outputs are a ``LiteralMap``.
        """
        header = CreateRequestHeader(
            template=task_template, output_prefix=output_prefix, task_execution_metadata=task_execution_metadata
        )
        requests = [
            ExecuteTaskSyncRequest(header=header),
            ExecuteTaskSyncRequest(inputs=LiteralMap() if inputs is None else inputs),
        ]
        with self._explained("ExecuteTaskSync"):
            stub = SyncAgentServiceStub(self._channel)
            responses = [response async for response in stub.ExecuteTaskSync(requests, timeout=self.timeout)]
        if not responses:
            raise self._error("answers ExecuteTaskSync with nothing.", code="UNKNOWN", details="no response")
        return Resource.from_flyte_idl(responses[0].header.resource)

    async def get_logs(
        self, category: TaskCategory, resource_meta: bytes, *, lines: int = 0, token: str = ""
    ) -> AsyncIterator[GetTaskLogsResponse]:
        """Lines of the job's log, response by response: a body with lines, or a header with the next page's token.

        Args:
            category: The connector's task category.
            resource_meta: What ``create`` returned.
            lines: How many at most; 0: as the connector sees fit.
            token: Where the last page ended.
        """
        request = GetTaskLogsRequest(
            task_type=category.name,
            task_category=category.to_flyte_idl(),
            resource_meta=resource_meta,
            lines=lines,
            token=token,
        )
        with self._explained("GetTaskLogs"):
            call = self._tasks.GetTaskLogs(request, timeout=self.timeout)
            try:
                async for response in call:
                    yield response
            finally:  # Whoever reads may stop before the end.
                call.cancel()

    async def get_metrics(
        self,
        category: TaskCategory,
        resource_meta: bytes,
        *,
        queries: Iterable[str] = (),
        start_time: Timestamp | None = None,
        end_time: Timestamp | None = None,
        step: Duration | None = None,
    ) -> GetTaskMetricsResponse:
        """Measurements of the job.

        Args:
            category: The connector's task category.
            resource_meta: What ``create`` returned.
            queries: What to measure, in the connector's own words.
            start_time: From when on.
            end_time: Until when.
            step: Time between two measurements.
        """
        request = GetTaskMetricsRequest(
            task_type=category.name,
            task_category=category.to_flyte_idl(),
            resource_meta=resource_meta,
            queries=queries,
            start_time=start_time,
            end_time=end_time,
            step=step,
        )
        with self._explained("GetTaskMetrics"):
            response: GetTaskMetricsResponse = await self._tasks.GetTaskMetrics(request, timeout=self.timeout)
        return response

    @property
    def _channel(self) -> grpc.aio.Channel:
        if self._open is None:
            raise RuntimeError("The client is not open: use it within `async with ConnectorClient(…) as client:`.")
        return self._open

    @property
    def _tasks(self) -> AsyncAgentServiceStub:
        return AsyncAgentServiceStub(self._channel)

    @contextmanager
    def _explained(self, method: str) -> Iterator[None]:
        try:
            yield
        except grpc.aio.AioRpcError as error:
            code, details = error.code(), error.details() or ""
            raise self._error(self._explain(method, code, details), code=code.name, details=details) from error

    def _explain(self, method: str, code: grpc.StatusCode, details: str) -> str:
        if code is grpc.StatusCode.UNAVAILABLE and _NOT_CONNECTED.match(details):
            return _explain_no_connection(details)
        if code is grpc.StatusCode.DEADLINE_EXCEEDED and details == "Deadline Exceeded":  # gRPC's words, here.
            return f"did not answer {method} within {self.timeout:g} s."
        if code is grpc.StatusCode.UNIMPLEMENTED and _NO_METHOD.match(details):
            return f"has no method {method}, so it is no connector service; check the address."
        return f"answers {method} with {code.name}: {details or 'no details'}"

    def _error(self, what: str, *, code: str, details: str) -> ServiceError:
        return ServiceError(
            f"The service at {self.endpoint} {what}", endpoint=self.endpoint, code=code, details=details
        )


def _explain_no_connection(details: str) -> str:
    reason = _ATTEMPT.sub("", details).rstrip(".")
    if "handshak" in reason.lower():
        advice = "check the certificates, and that it speaks TLS"
    elif "closed" in reason or "reset" in reason:
        advice = "it may want TLS, or a certificate of the client"
    else:
        advice = "check the address, and that it is running"
    return f"cannot be reached: {reason}; {advice}."


# What gRPC itself says where there was no answer: a service that is too busy says UNAVAILABLE as well.
_NOT_CONNECTED = re.compile(
    "failed to connect|connections to all backends|errors resolving|DNS resolution failed|Socket closed|recvmsg:"
)
_ATTEMPT = re.compile(
    r"^.*last error: (?:[A-Z_]+: )?(?:(?:ipv4|ipv6|unix):\S+: )?(?:Failed to connect to remote host: (?:connect: )?)?"
)

# In the words of the gRPC libraries for Python, Go and others.
_NO_METHOD = re.compile("(?i)method not found|unknown (?:service|method)|$|received http2 header with status: 404")
