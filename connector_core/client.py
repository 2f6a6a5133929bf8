"""A client of a running connector service: this project's, or any other that serves Flyte 1."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from connector_core.errors import MissingExtra, ServiceError
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
    DeleteTaskResponse,
    ExecuteTaskSyncRequest,
    ExecuteTaskSyncResponse,
    GetAgentRequest,
    GetAgentResponse,
    GetTaskLogsRequest,
    GetTaskMetricsRequest,
    GetTaskRequest,
    GetTaskResponse,
    ListAgentsRequest,
    ListAgentsResponse,
)

from connector_core.idl import GetTaskLogsResponse, GetTaskMetricsResponse, LiteralMap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from types import TracebackType

    from google.protobuf.message import Message

    from connector_core.idl import Agent, Duration, TaskExecutionMetadata, TaskTemplate, Timestamp
    from connector_core.models import TaskCategory

__all__ = ["ConnectorClient"]

M = TypeVar("M", bound="Message")


class ConnectorClient:
    """A client of one service. Its methods have the names of the methods of a registry and of a connector.

    ::

        async with ConnectorClient("localhost:8000") as client:
            agents = await client.list_connectors()

    The connection is plaintext, as Flyte's is by default, unless one of the last three arguments is given: then it uses
    TLS. Use a client on one event loop.

    Args:
        endpoint: The service's address, ``host:port``.
        timeout: The seconds that a call may take, including all its responses; None: no limit. The default is Flyte's.
        root_certificates: The certificates of the authorities that may have signed the service's certificate, in PEM;
            None: gRPC's defaults.
        private_key: The client's key, in PEM, for a service that requires client certificates (mutual TLS).
        certificate_chain: The client's certificate, in PEM.

    Raises:
        ValueError: if only one of ``private_key`` and ``certificate_chain`` is given.
        ServiceError: by every method, if the service cannot be reached, does not answer in time, is not a connector
            service, or answers with an error.
    """

    _jobs = "/flyteidl.service.AsyncAgentService"
    _options: tuple[tuple[str, Any], ...] = ()
    """The options of the gRPC channel."""

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
            self._open = grpc.aio.insecure_channel(self.endpoint, options=self._options)
        else:
            credentials = grpc.ssl_channel_credentials(*self._tls)
            self._open = grpc.aio.secure_channel(self.endpoint, credentials, options=self._options)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._channel.close()
        self._open = None

    async def list_connectors(self) -> list[Agent]:
        """Return the connectors of the service: an Agent for each connector name and kind."""
        response = await self._call(f"{_METADATA}/ListAgents", ListAgentsRequest(), ListAgentsResponse)
        return list(response.agents)

    async def get_connector_metadata(self, name: str) -> Agent:
        """Return the connector with a name.

        Args:
            name: The ``name`` of a connector, which is not its task type.
        """
        response = await self._call(f"{_METADATA}/GetAgent", GetAgentRequest(name=name), GetAgentResponse)
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
            task_template: The task. Its type and version select the connector.
            output_prefix: The URI under which the task may write. The service and the job must be able to reach it.
            inputs: The values of the task's inputs.
            task_execution_metadata: The task execution. The service starts one job for each attempt of it, even if this
                method is called several times.

        Returns:
            The encoded ``resource_meta``, which the other methods accept.
        """
        request = CreateTaskRequest(
            template=task_template,
            output_prefix=output_prefix,
            inputs=inputs,
            task_execution_metadata=task_execution_metadata,
        )
        return (await self._call(f"{self._jobs}/CreateTask", request, CreateTaskResponse)).resource_meta

    async def get(self, category: TaskCategory, resource_meta: bytes, output_prefix: str = "") -> Resource:
        """Return the state of a job. Its outputs are a ``LiteralMap``.

        Args:
            category: The connector's task category.
            resource_meta: The result of :meth:`create`.
            output_prefix: The task's output prefix.
        """
        request = GetTaskRequest(**_job_fields(category, resource_meta), output_prefix=output_prefix)
        response = await self._call(f"{self._jobs}/GetTask", request, GetTaskResponse)
        return Resource.from_flyte_idl(response.resource)

    async def delete(self, category: TaskCategory, resource_meta: bytes) -> None:
        """Delete a job. If it has ended, nothing happens.

        Args:
            category: The connector's task category.
            resource_meta: The result of :meth:`create`.
        """
        request = DeleteTaskRequest(**_job_fields(category, resource_meta))
        await self._call(f"{self._jobs}/DeleteTask", request, DeleteTaskResponse)

    async def do(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None = None,
        task_execution_metadata: TaskExecutionMetadata | None = None,
    ) -> Resource:
        """Run a job of a sync connector. The arguments are those of :meth:`create`.

        Returns:
            The resource, in a terminal phase. Its outputs are a ``LiteralMap``.
        """
        header = CreateRequestHeader(
            template=task_template, output_prefix=output_prefix, task_execution_metadata=task_execution_metadata
        )
        requests = [
            ExecuteTaskSyncRequest(header=header),
            ExecuteTaskSyncRequest(inputs=LiteralMap() if inputs is None else inputs),
        ]
        execute: Any = self._channel.stream_stream(
            "/flyteidl.service.SyncAgentService/ExecuteTaskSync",
            **_codec(ExecuteTaskSyncRequest, ExecuteTaskSyncResponse),
        )
        with self._explained("ExecuteTaskSync"):
            responses = [response async for response in execute(requests, timeout=self.timeout)]
        if not responses:
            raise self._error("answers ExecuteTaskSync without a response.", code="UNKNOWN", details="no response")
        return Resource.from_flyte_idl(responses[0].header.resource)

    async def get_logs(
        self, category: TaskCategory, resource_meta: bytes, *, lines: int = 0, token: str = ""
    ) -> AsyncIterator[GetTaskLogsResponse]:
        """Yield the responses with the job's log: a body with lines, or a header with the token of the next page.

        Args:
            category: The connector's task category.
            resource_meta: The result of :meth:`create`.
            lines: The largest number of lines; 0: the connector decides.
            token: The token of the page; empty: the first page.
        """
        request = GetTaskLogsRequest(**_job_fields(category, resource_meta), lines=lines, token=token)
        get_logs: Any = self._channel.unary_stream(
            f"{self._jobs}/GetTaskLogs", **_codec(GetTaskLogsRequest, GetTaskLogsResponse)
        )
        with self._explained("GetTaskLogs"):
            call = get_logs(request, timeout=self.timeout)
            try:
                async for response in call:
                    yield response
            finally:  # The reader may stop before the end.
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
        """Return measurements of the job.

        Args:
            category: The connector's task category.
            resource_meta: The result of :meth:`create`.
            queries: What to measure, in the connector's query language.
            start_time: The time of the first measurement.
            end_time: The time of the last measurement.
            step: The time between two measurements.
        """
        request = GetTaskMetricsRequest(
            **_job_fields(category, resource_meta), queries=queries, start_time=start_time, end_time=end_time, step=step
        )
        return await self._call(f"{self._jobs}/GetTaskMetrics", request, GetTaskMetricsResponse)

    async def _call(self, path: str, request: Message, response_type: type[M]) -> M:
        call: Any = self._channel.unary_unary(path, **_codec(type(request), response_type))
        with self._explained(path.rpartition("/")[2]):
            response: M = await call(request, timeout=self.timeout)
        return response

    @property
    def _channel(self) -> grpc.aio.Channel:
        if self._open is None:
            raise RuntimeError("The client is not open: use it within `async with ConnectorClient(…) as client:`.")
        return self._open

    @contextmanager
    def _explained(self, method: str) -> Iterator[None]:
        """Raise a ServiceError in place of gRPC's error."""
        try:
            yield
        except grpc.aio.AioRpcError as error:
            code, details = error.code(), error.details() or ""
            raise self._error(self._explain(method, code, details), code=code.name, details=details) from error

    def _explain(self, method: str, code: grpc.StatusCode, details: str) -> str:
        if code is grpc.StatusCode.UNAVAILABLE and _NOT_CONNECTED.match(details):
            return _explain_no_connection(details)
        if code is grpc.StatusCode.DEADLINE_EXCEEDED and details == "Deadline Exceeded":  # From the local gRPC.
            return f"did not answer {method} within {self.timeout:g} s."
        if code is grpc.StatusCode.UNIMPLEMENTED and _NO_METHOD.match(details):
            return f"has no method {method}, so it is not a connector service; check the address."
        return f"answers {method} with {code.name}: {details or 'no details'}"

    def _error(self, what: str, *, code: str, details: str) -> ServiceError:
        return ServiceError(
            f"The service at {self.endpoint} {what}", endpoint=self.endpoint, code=code, details=details
        )


def _job_fields(category: TaskCategory, resource_meta: bytes) -> dict[str, Any]:
    return {"task_type": category.name, "task_category": category.to_flyte_idl(), "resource_meta": resource_meta}


def _codec(request_type: type[Message], response_type: type[Message]) -> dict[str, Any]:
    return {"request_serializer": request_type.SerializeToString, "response_deserializer": response_type.FromString}


def _explain_no_connection(details: str) -> str:
    reason = _ATTEMPT.sub("", details).rstrip(".")
    if "handshak" in reason.lower():
        advice = "check the certificates, and that it speaks TLS"
    elif "closed" in reason or "reset" in reason:
        advice = "it may require TLS, or a client certificate"
    else:
        advice = "check the address, and that it is running"
    return f"cannot be reached: {reason}; {advice}."


_METADATA = "/flyteidl.service.AgentMetadataService"

# The details of gRPC itself if there was no answer. A service that is too busy answers UNAVAILABLE too.
_NOT_CONNECTED = re.compile(
    "failed to connect|connections to all backends|errors resolving|DNS resolution failed|Socket closed|recvmsg:"
)
_ATTEMPT = re.compile(
    r"^.*last error: (?:[A-Z_]+: )?(?:(?:ipv4|ipv6|unix):\S+: )?(?:Failed to connect to remote host: (?:connect: )?)?"
)

# The details of the gRPC libraries for Python, Go and others.
_NO_METHOD = re.compile("(?i)method not found|unknown (?:service|method)|$|received http2 header with status: 404")
