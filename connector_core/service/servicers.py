"""The services that Flyte calls: each method reads a request, calls a connector, and answers or says why not.

They can be called without a server, with any ``grpc.ServicerContext``.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import grpc
from flyteidl.admin.agent_pb2 import (
    CreateTaskRequest,
    CreateTaskResponse,
    DeleteTaskRequest,
    DeleteTaskResponse,
    ExecuteTaskSyncRequest,
    ExecuteTaskSyncResponse,
    ExecuteTaskSyncResponseHeader,
    GetAgentRequest,
    GetAgentResponse,
    GetTaskLogsRequest,
    GetTaskMetricsRequest,
    GetTaskRequest,
    GetTaskResponse,
    ListAgentsRequest,
    ListAgentsResponse,
)
from google.protobuf.message import DecodeError, Message
from grpc import StatusCode

from connector_core.call import Call, execution_name, idempotency_key
from connector_core.connector import AsyncConnectorBase, ConnectorBase, SyncConnectorBase, implements
from connector_core.errors import (
    CallTimeout,
    ConnectorNotFound,
    InvalidConnector,
    InvalidResource,
    LiteralError,
    PermanentError,
    RetryableError,
    TransientError,
)
from connector_core.idl import GetTaskLogsResponse, GetTaskMetricsResponse, ResourceMessage, TaskExecutionMetadata
from connector_core.invoke import invoke, stream_logs
from connector_core.models import Resource, TaskCategory
from connector_core.phases import Phase
from connector_core.registry import ConnectorRegistry, default_registry
from connector_core.secrets import masked
from connector_core.service.connections import connection_of
from connector_core.service.creations import Creations
from connector_core.service.job_key import JobKey
from connector_core.service.metrics import Metrics
from connector_core.service.orphans import Orphans
from connector_core.service.polls import Polls
from connector_core.service.settings import ServiceSettings
from connector_core.service.statuses import Refused, answer_error, status_of
from connector_core.service.uploads import Uploads

__all__ = ["MOST_CARRIED", "AsyncConnectorService", "ConnectorMetadataService", "SyncConnectorService"]

if TYPE_CHECKING:
    from connector_core.meta import ResourceMeta

T = TypeVar("T")


class AsyncConnectorService:
    """Flyte 1's ``AsyncAgentService``: jobs are started, asked for, and ended.

    Args:
        registry: Whose connectors are called; None: the process's.
        settings: How long is waited for what; None: as the environment says.
        metrics: What counts the requests; None: nobody looks.
    """

    def __init__(
        self,
        registry: ConnectorRegistry | None = None,
        *,
        settings: ServiceSettings | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        settings = settings or ServiceSettings.from_environment()
        self._registry = registry or default_registry()
        self._metrics = metrics or Metrics()
        self._polls = Polls(limit=settings.forgive)
        self._uploads = Uploads()
        self._takes_sync = False
        self._orphans = Orphans(self._registry, grace=settings.orphan_grace, on_deleted=self._metrics.orphan_deleted)
        self.creations: Creations = Creations(self._registry, self._orphans)

    def for_flyte2(self) -> AsyncConnectorService:
        """Flyte 2's ``AsyncConnectorService``: the same jobs, and those of sync connectors, which have ended at once.

        Flyte 2 has no sync service. The Resource of such a job travels in ``resource_meta``.
        """
        service = copy(self)
        service._takes_sync = True
        return service

    async def CreateTask(self, request: CreateTaskRequest, context: grpc.ServicerContext) -> CreateTaskResponse:
        """Start a job, once for each attempt."""
        template = request.template
        asked = _Asked("create", template.type, template.task_type_version, context)
        try:
            connector = self._connector(asked)
            self._metrics.input_bytes(asked.task_type, request.inputs.ByteSize())
            metadata = request.task_execution_metadata if request.HasField("task_execution_metadata") else None
            arguments = {
                "task_template": template,
                "output_prefix": request.output_prefix,
                "inputs": request.inputs if request.HasField("inputs") else None,
                "task_execution_metadata": metadata,
            }
            if isinstance(connector, SyncConnectorBase):
                asked.operation = "do"
                state = await _do(asked.call(connector, request, metadata=metadata), self._registry, arguments)
                return CreateTaskResponse(resource_meta=await _carry(state))
            key = idempotency_key(connector.task_category, metadata)
            call = asked.call(connector, request, key=key, metadata=metadata, detached=True)
            encoded = await self.creations.create(
                call, {**arguments, "idempotency_key": key}, _earlier(connector.task_category, metadata)
            )
            return CreateTaskResponse(resource_meta=encoded)
        except (Exception, SystemExit) as error:
            asked.fail(error, self._metrics)
            return CreateTaskResponse()

    async def GetTask(self, request: GetTaskRequest, context: grpc.ServicerContext) -> GetTaskResponse:
        """The state of a job; a backend that does not answer just now is no error."""
        asked = _Asked("get", *_category(request), context)
        try:
            connector = self._connector(asked)
            if isinstance(connector, SyncConnectorBase):
                return GetTaskResponse(resource=_carried(request.resource_meta))
            resource_meta = _decode(connector, request.resource_meta)
            self._orphans.keep(JobKey.of(connector.task_category, request.resource_meta))
            call = asked.call(connector, request, spare=_TO_ANSWER)
            try:
                answer = await self._state(call, request, resource_meta)
            except (TransientError, CallTimeout) as error:
                if isinstance(error, CallTimeout) and not asked.has_time:
                    raise
                return await self._despite(error, call, resource_meta, request.resource_meta)
            self._polls.succeeded(asked.task_type, request.resource_meta, answer)
            return answer
        except (Exception, SystemExit) as error:
            asked.fail(error, self._metrics)
            return GetTaskResponse()

    async def DeleteTask(self, request: DeleteTaskRequest, context: grpc.ServicerContext) -> DeleteTaskResponse:
        """End a job."""
        asked = _Asked("delete", *_category(request), context)
        try:
            connector = self._connector(asked)
            if isinstance(connector, AsyncConnectorBase):
                resource_meta = _decode(connector, request.resource_meta)
                self._orphans.keep(JobKey.of(connector.task_category, request.resource_meta))
                await invoke(asked.call(connector, request), self._registry.plugins, resource_meta=resource_meta)
                self._polls.forget(asked.task_type, request.resource_meta)
        except (Exception, SystemExit) as error:
            asked.fail(error, self._metrics)
        return DeleteTaskResponse()

    async def GetTaskMetrics(
        self, request: GetTaskMetricsRequest, context: grpc.ServicerContext
    ) -> GetTaskMetricsResponse:
        """Measurements of a job."""
        asked = _Asked("get_metrics", *_category(request), context)
        try:
            connector = self._optional(asked)
            response = await invoke(
                asked.call(connector, request),
                self._registry.plugins,
                resource_meta=_decode(connector, request.resource_meta),
                queries=list(request.queries),
                start_time=request.start_time if request.HasField("start_time") else None,
                end_time=request.end_time if request.HasField("end_time") else None,
                step=request.step if request.HasField("step") else None,
            )
            return _checked(connector, "get_metrics", response, GetTaskMetricsResponse)
        except (Exception, SystemExit) as error:
            asked.fail(error, self._metrics)
            return GetTaskMetricsResponse()

    async def GetTaskLogs(
        self, request: GetTaskLogsRequest, context: grpc.ServicerContext
    ) -> AsyncGenerator[GetTaskLogsResponse, None]:
        """Lines of a job's log."""
        asked = _Asked("get_logs", *_category(request), context)
        try:
            connector = self._optional(asked)
            responses = stream_logs(
                asked.call(connector, request),
                self._registry.plugins,
                resource_meta=_decode(connector, request.resource_meta),
                lines=request.lines,
                token=request.token,
            )
            async with aclosing(responses):
                async for response in responses:
                    yield _checked(connector, "get_logs", response, GetTaskLogsResponse)
        except (Exception, SystemExit) as error:
            asked.fail(error, self._metrics)

    def _connector(self, asked: _Asked) -> AsyncConnectorBase | SyncConnectorBase:
        connector = asked.connector(self._registry)
        if isinstance(connector, SyncConnectorBase) and not self._takes_sync:
            raise Refused(
                StatusCode.UNIMPLEMENTED, f"{asked.task_type} is served by a sync connector: call ExecuteTaskSync."
            )
        return connector

    def _optional(self, asked: _Asked) -> AsyncConnectorBase:
        connector = asked.connector(self._registry)
        if isinstance(connector, SyncConnectorBase) or not implements(connector, asked.operation):
            name = type(connector).__name__
            raise Refused(StatusCode.UNIMPLEMENTED, f"{name} does not implement {asked.operation}.")
        return connector

    async def _state(self, call: Call, request: GetTaskRequest, resource_meta: ResourceMeta) -> GetTaskResponse:
        """The job's state, as the connector says it."""
        job = (call.connector.task_category.name, request.resource_meta)
        if not self._uploads.running(*job):
            try:
                resource: Resource = await invoke(
                    call, self._registry.plugins, resource_meta=resource_meta, output_prefix=request.output_prefix
                )
            except (PermanentError, RetryableError) as error:
                resource = _failure(error)
            if (plain := _plain(resource)) is not None:
                return plain
            if resource.outputs is None:
                return GetTaskResponse(resource=await _message(resource, request.output_prefix))
            if not self._uploads.running(*job):  # Another poll may have begun it meanwhile.
                self._uploads.begin(*job, _message(resource, request.output_prefix))
        return GetTaskResponse(resource=await self._uploads.answer(*job, call.deadline))

    async def _despite(
        self, error: Exception, call: Call, resource_meta: ResourceMeta, encoded: bytes
    ) -> GetTaskResponse:
        """The job's state, although the backend did not say it."""
        task_type = call.connector.task_category.name
        self._metrics.passing_failure(task_type)
        answer = self._polls.failed(task_type, encoded, masked(str(error)))
        if answer is not None:
            _log.warning("GetTask of %s was answered with its last state: %s", task_type, error)
            return answer
        # Flyte will not delete it: to Flyte this attempt is over.
        await self._orphans.start_deleting(call, resource_meta)
        failed = Resource.retryable_failed(f"The backend has not answered for too long: {error}", code="UNAVAILABLE")
        return GetTaskResponse(resource=await _message(failed, ""))


class SyncConnectorService:
    """Flyte 1's ``SyncAgentService``: jobs that are done within the call.

    Args:
        registry: As for :class:`AsyncConnectorService`.
        metrics: As for :class:`AsyncConnectorService`.
    """

    def __init__(self, registry: ConnectorRegistry | None = None, *, metrics: Metrics | None = None) -> None:
        self._registry = registry or default_registry()
        self._metrics = metrics or Metrics()

    async def ExecuteTaskSync(
        self, request_iterator: AsyncIterator[ExecuteTaskSyncRequest], context: grpc.ServicerContext
    ) -> AsyncGenerator[ExecuteTaskSyncResponse, None]:
        """Do a job: a header and the inputs come in, one header with the state goes out."""
        response = await self.execute(request_iterator, context)
        if response is not None:
            yield response

    async def execute(
        self, request_iterator: AsyncIterator[ExecuteTaskSyncRequest], context: grpc.ServicerContext
    ) -> ExecuteTaskSyncResponse | None:
        """The one answer of ExecuteTaskSync; None: the context was told of an error."""
        asked = _Asked("do", "", 0, context)
        try:
            first = await anext(request_iterator, None)
            if first is None or first.WhichOneof("part") != "header":
                raise Refused(StatusCode.INVALID_ARGUMENT, "The first message of ExecuteTaskSync must be the header.")
            header = first.header
            asked = _Asked("do", header.template.type, header.template.task_type_version, context)
            second = await anext(request_iterator, None)
            if second is None or second.WhichOneof("part") != "inputs":
                raise Refused(
                    StatusCode.INVALID_ARGUMENT,
                    "The second message of ExecuteTaskSync must be the inputs, even if there are none.",
                )
            connector = asked.connector(self._registry)
            if not isinstance(connector, SyncConnectorBase):
                raise Refused(
                    StatusCode.UNIMPLEMENTED, f"{asked.task_type} is served by an async connector: call CreateTask."
                )
            self._metrics.input_bytes(asked.task_type, second.inputs.ByteSize())
            metadata = header.task_execution_metadata if header.HasField("task_execution_metadata") else None
            state = await _do(
                asked.call(connector, header, metadata=metadata),
                self._registry,
                {
                    "task_template": header.template,
                    "output_prefix": header.output_prefix,
                    "inputs": second.inputs,
                    "task_execution_metadata": metadata,
                },
            )
            return ExecuteTaskSyncResponse(header=ExecuteTaskSyncResponseHeader(resource=state))
        except (Exception, SystemExit) as error:
            asked.fail(error, self._metrics)
            return None


class ConnectorMetadataService:
    """Flyte 1's ``AgentMetadataService`` and Flyte 2's ``ConnectorMetadataService``: which connectors there are.

    Args:
        registry: As for :class:`AsyncConnectorService`.
        metrics: As for :class:`AsyncConnectorService`.
    """

    def __init__(self, registry: ConnectorRegistry | None = None, *, metrics: Metrics | None = None) -> None:
        self._registry = registry or default_registry()
        self._metrics = metrics or Metrics()
        self._loading: asyncio.Task[None] | None = None
        self._listed: tuple[object, ...] = ()
        self._snapshot = ListAgentsResponse()

    async def load(self) -> None:
        """Import every connector, once; what is listed is a snapshot of what is there then.

        Raises:
            ConnectorFailed: One cannot be loaded, and the registry is strict.
        """
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(self._registry.load_all))
        await asyncio.shield(self._loading)

    async def GetAgent(self, request: GetAgentRequest, context: grpc.ServicerContext) -> GetAgentResponse:
        """The connector of a name. Where a sync and an async one share it, the async one."""
        asked = _Asked("get_agent", "", 0, context)
        try:
            agents = sorted((await self._agents()).agents, key=lambda agent: agent.is_sync)
            agent = next((agent for agent in agents if agent.name == request.name), None)
            if agent is None:
                raise ConnectorNotFound(name=request.name)
            return GetAgentResponse(agent=agent)
        except Exception as error:
            asked.fail(error, self._metrics)
            return GetAgentResponse()

    async def ListAgents(self, request: ListAgentsRequest, context: grpc.ServicerContext) -> ListAgentsResponse:
        """All connectors, whatever else goes on: an error would take them all from Flyte."""
        asked = _Asked("list_agents", "", 0, context)
        try:
            return await self._agents()
        except Exception as error:
            asked.fail(error, self._metrics)
            return ListAgentsResponse()

    async def _agents(self) -> ListAgentsResponse:
        await self.load()
        connectors = self._registry.connectors()
        if connectors != self._listed:
            self._snapshot = ListAgentsResponse(agents=self._registry.list_connectors())
            self._listed = connectors
        return self._snapshot


class _Asked:
    """A request, as far as it is the same for all of them."""

    __slots__ = ("_context", "_deadline", "_id", "_remaining", "_version", "operation", "task_type")

    def __init__(self, operation: str, task_type: str, version: int, context: grpc.ServicerContext) -> None:
        self.operation = operation
        self.task_type = task_type
        self._version = version
        self._context = context
        self._id = f"{_PROCESS}-{next(_numbers)}"
        self._remaining = context.time_remaining()
        self._deadline = None if self._remaining is None else time.monotonic() + self._remaining

    @property
    def has_time(self) -> bool:
        """Whether the caller still waits."""
        return self._deadline is None or time.monotonic() < self._deadline

    def connector(self, registry: ConnectorRegistry) -> AsyncConnectorBase | SyncConnectorBase:
        """The connector that is asked for."""
        if not self.task_type:
            raise Refused(StatusCode.INVALID_ARGUMENT, "The request names no task type.")
        return registry.get_connector(self.task_type, self._version)

    def call(
        self,
        connector: ConnectorBase,
        request: Message,
        *,
        key: str | None = None,
        metadata: TaskExecutionMetadata | None = None,
        spare: float = 0,
        detached: bool = False,
    ) -> Call:
        """The call of its method.

        Args:
            connector: The connector.
            request: What may carry Flyte 2's secrets and settings.
            key: The idempotency key.
            metadata: Whose task execution it is.
            spare: Seconds before the caller's deadline at which the call ends, if that leaves it as much.
            detached: Whether it goes on when its caller has gone.
        """
        try:
            connection = connection_of(request)
        except DecodeError as error:
            raise Refused(StatusCode.INVALID_ARGUMENT, "The request's connection cannot be read.") from error
        deadline = self._deadline
        if deadline is not None and self._remaining >= 2 * spare:
            deadline -= spare
        return Call(
            connector,
            self.operation,
            connection.secrets,
            connection.settings,
            deadline,
            idempotency_key=key,
            detached=detached,
            request_id=self._id,
            task_execution=execution_name(metadata),
        )

    def fail(self, error: BaseException, metrics: Metrics) -> None:
        """Answer with the error."""
        if isinstance(error, (Refused, ConnectorNotFound)):  # Calls are counted where they are made.
            known = isinstance(error, Refused) and error.status is not StatusCode.INVALID_ARGUMENT
            metrics.refused(self.task_type if known else None, self.operation, status_of(error))
        answer_error(self._context, error, operation=self.operation, task_type=self.task_type, request_id=self._id)


class _NamesItsCategory(Protocol):
    @property
    def task_category(self) -> Any: ...

    @property
    def task_type(self) -> str: ...


def _category(request: _NamesItsCategory) -> tuple[str, int]:
    """The task category; callers older than it send a task type, which Flyte still does beside it."""
    category = request.task_category
    return (category.name, category.version) if category.name else (request.task_type, 0)


def _decode(connector: AsyncConnectorBase, encoded: bytes) -> ResourceMeta:
    try:
        return connector.metadata_type.decode(encoded)
    except (Exception, SystemExit) as error:
        raise Refused(StatusCode.INVALID_ARGUMENT, f"resource_meta cannot be read: {error}") from error


def _earlier(category: TaskCategory, metadata: TaskExecutionMetadata | None) -> list[str]:
    """The keys of the attempts before this one, as far back as anything may still run."""
    if metadata is None or not metadata.task_execution_id.retry_attempt:
        return []
    attempt = metadata.task_execution_id.retry_attempt
    earlier = TaskExecutionMetadata()
    earlier.CopyFrom(metadata)
    keys = []
    for number in range(max(0, attempt - _MOST_ATTEMPTS), attempt):
        earlier.task_execution_id.retry_attempt = number
        keys.append(idempotency_key(category, earlier) or "")
    return keys


async def _do(call: Call, registry: ConnectorRegistry, arguments: Mapping[str, Any]) -> ResourceMessage:
    try:
        resource: Resource = await invoke(call, registry.plugins, **arguments)
    except (PermanentError, RetryableError) as error:
        resource = _failure(error)
    return await _message(resource, arguments["output_prefix"])


def _failure(error: PermanentError | RetryableError) -> Resource:
    """What a connector raises about its job is the job's end."""
    make = Resource.failed if isinstance(error, PermanentError) else Resource.retryable_failed
    return make(masked(str(error)), code=error.code)


async def _message(resource: Resource, output_prefix: str) -> ResourceMessage:
    try:
        return await resource.to_flyte_idl(output_prefix=output_prefix or None)
    except LiteralError as error:
        if resource.phase is not Phase.SUCCEEDED:
            raise
        cause = error.__cause__
        if isinstance(cause, OSError) and not isinstance(cause, _REFUSALS):  # The storage does not answer just now.
            raise TransientError(f"The outputs cannot be sent: {error}") from error
        # An error would be asked for again, to no end: the job has ended, and its outputs stay what they are.
        return await Resource.failed(f"The outputs cannot be sent: {error}", code="INVALID_OUTPUTS").to_flyte_idl()


def _plain(resource: Resource) -> GetTaskResponse | None:
    """The answer, if the resource is a phase and a message: what most polls are answered with, over and over."""
    more = resource.outputs is not None or resource.custom_info is not None or resource.log_links or resource.error
    message = resource.message or ""
    return None if more or len(message) > _LONG else _made_once(resource.phase, message)


@lru_cache(maxsize=1024)
def _made_once(phase: Phase, message: str) -> GetTaskResponse:
    return GetTaskResponse(resource=ResourceMessage(phase=phase.value, message=message))  # type: ignore[arg-type]


async def _carry(state: ResourceMessage) -> bytes:
    """The state of a sync connector's job, as the metadata by which Flyte 2 asks for it."""
    size = state.ByteSize()
    if size > MOST_CARRIED:
        state = await _message(
            Resource.failed(
                f"The result has {size} bytes, and Flyte 2 keeps at most {MOST_CARRIED} of a sync connector's job; "
                "write large outputs under the output prefix, as files or tables.",
                code="OUTPUTS_TOO_LARGE",
            ),
            "",
        )
    return state.SerializeToString()


def _carried(encoded: bytes) -> ResourceMessage:
    try:
        state = ResourceMessage.FromString(encoded)
        Resource.from_flyte_idl(state)
    except (DecodeError, InvalidResource) as error:
        raise Refused(StatusCode.INVALID_ARGUMENT, "resource_meta is no state of a sync connector's job.") from error
    return state


def _checked(connector: ConnectorBase, operation: str, response: Any, expected: type[T]) -> T:
    if not isinstance(response, expected):
        raise InvalidConnector(
            f"{type(connector).__name__}.{operation} returned {type(response).__name__}; it must return "
            f"{expected.__name__}."
        )
    return response


_TO_ANSWER = 0.5
"""Seconds before the deadline at which GetTask answers without the backend."""

_REFUSALS = (PermissionError, FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)
"""What says that a place is wrong, and will be the next time."""

_LONG = 200
MOST_CARRIED = 256 * 1024
_MOST_ATTEMPTS = 16
_PROCESS = secrets.token_hex(3)
_numbers = itertools.count(1)
_log = logging.getLogger(__name__)
