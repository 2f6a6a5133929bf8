"""The service for jobs that outlive the call: CreateTask, GetTask, DeleteTask, and a job's metrics and logs."""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from flyteidl.admin.agent_pb2 import CreateTaskResponse, DeleteTaskResponse, GetTaskResponse
from grpc import StatusCode

from connector_core.connector import AsyncConnectorBase, ConnectorBase, SyncConnectorBase, implements
from connector_core.errors import CallTimeout, ConnectorError, InvalidConnector, TransientError
from connector_core.idempotency import earlier_keys, idempotency_key
from connector_core.idl import GetTaskLogsResponse, GetTaskMetricsResponse
from connector_core.invoke import invoke, stream_logs
from connector_core.models import Resource
from connector_core.secrets import masked
from connector_core.service.answers import (
    carried_message,
    invoke_for_resource,
    message_of,
    metadata_carrying,
    short_response,
)
from connector_core.service.creations import Creations
from connector_core.service.job_key import JobKey
from connector_core.service.orphans import Orphans
from connector_core.service.polls import Polls
from connector_core.service.requests import ReceivedRequest, Servicer, category_of, task_arguments
from connector_core.service.settings import ServiceSettings
from connector_core.service.statuses import Refused
from connector_core.service.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import grpc
    from flyteidl.admin.agent_pb2 import (
        CreateTaskRequest,
        DeleteTaskRequest,
        GetTaskLogsRequest,
        GetTaskMetricsRequest,
        GetTaskRequest,
    )

    from connector_core.call import Call
    from connector_core.meta import ResourceMeta
    from connector_core.registry import ConnectorRegistry
    from connector_core.service.metrics import Metrics

__all__ = ["AsyncConnectorService", "Flyte2ConnectorService"]

T = TypeVar("T")


class AsyncConnectorService(Servicer):
    """Flyte 1's ``AsyncAgentService``: starts, polls and deletes the jobs of async connectors.

    Args:
        registry: The registry whose connectors are called; None: the process's default registry.
        settings: The service's time limits; None: the settings of the environment.
        metrics: The metrics that count the requests; None: metrics that nothing exports.
    """

    def __init__(
        self,
        registry: ConnectorRegistry | None = None,
        *,
        settings: ServiceSettings | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        super().__init__(registry, metrics=metrics)
        settings = settings or ServiceSettings.from_environment()
        self._polls = Polls(limit=settings.forgive)
        self._uploads = Uploads()
        self._orphans = Orphans(self._registry, grace=settings.orphan_grace, on_deleted=self._metrics.orphan_deleted)
        self.creations: Creations = Creations(self._registry, self._orphans)

    async def CreateTask(self, request: CreateTaskRequest, context: grpc.ServicerContext) -> CreateTaskResponse:
        """Start a job, once for each attempt."""
        with self._receive("create", _category_of_template(request), context) as received:
            connector = _async_connector(received)
            self._metrics.input_bytes(received.task_type, request.inputs.ByteSize())
            arguments = task_arguments(request, request.inputs if request.HasField("inputs") else None)
            metadata = arguments["task_execution_metadata"]
            key = idempotency_key(connector.task_category, metadata)
            call = received.call(connector, request, key=key, metadata=metadata, detached=True)
            resource_meta = await self.creations.create(
                call, {**arguments, "idempotency_key": key}, earlier_keys(connector.task_category, metadata)
            )
            return CreateTaskResponse(resource_meta=resource_meta)
        return CreateTaskResponse()

    async def GetTask(self, request: GetTaskRequest, context: grpc.ServicerContext) -> GetTaskResponse:
        """Return the state of a job. A temporary failure of the backend is not an error: see :class:`Polls`."""
        with self._receive("get", category_of(request), context) as received:
            connector = _async_connector(received)
            resource_meta = _decode_metadata(connector, request.resource_meta)
            key = JobKey.of(connector.task_category, request.resource_meta)
            self._orphans.keep(key)
            call = received.call(connector, request, reserve=_RESERVE)
            try:
                response = await self._poll(call, key, resource_meta, request.output_prefix)
            except (TransientError, CallTimeout) as error:
                if isinstance(error, CallTimeout) and not received.has_time:
                    raise
                return await self._answer_failed_poll(error, call, key, resource_meta)
            self._polls.record_success(key, response)
            return response
        return GetTaskResponse()

    async def DeleteTask(self, request: DeleteTaskRequest, context: grpc.ServicerContext) -> DeleteTaskResponse:
        """Delete a job."""
        with self._receive("delete", category_of(request), context) as received:
            connector = _async_connector(received)
            resource_meta = _decode_metadata(connector, request.resource_meta)
            key = JobKey.of(connector.task_category, request.resource_meta)
            self._orphans.keep(key)
            await invoke(received.call(connector, request), self._registry.plugins, resource_meta=resource_meta)
            self._polls.forget(key)
        return DeleteTaskResponse()

    async def GetTaskMetrics(
        self, request: GetTaskMetricsRequest, context: grpc.ServicerContext
    ) -> GetTaskMetricsResponse:
        """Return measurements of a job."""
        with self._receive("get_metrics", category_of(request), context) as received:
            connector = _connector_with_method(received)
            response = await invoke(
                received.call(connector, request),
                self._registry.plugins,
                resource_meta=_decode_metadata(connector, request.resource_meta),
                queries=list(request.queries),
                start_time=request.start_time if request.HasField("start_time") else None,
                end_time=request.end_time if request.HasField("end_time") else None,
                step=request.step if request.HasField("step") else None,
            )
            return _check_response(connector, "get_metrics", response, GetTaskMetricsResponse)
        return GetTaskMetricsResponse()

    async def GetTaskLogs(
        self, request: GetTaskLogsRequest, context: grpc.ServicerContext
    ) -> AsyncGenerator[GetTaskLogsResponse, None]:
        """Yield the lines of a job's log."""
        with self._receive("get_logs", category_of(request), context) as received:
            connector = _connector_with_method(received)
            responses = stream_logs(
                received.call(connector, request),
                self._registry.plugins,
                resource_meta=_decode_metadata(connector, request.resource_meta),
                lines=request.lines,
                token=request.token,
            )
            async with aclosing(responses):
                async for response in responses:
                    yield _check_response(connector, "get_logs", response, GetTaskLogsResponse)

    async def _poll(self, call: Call, key: JobKey, resource_meta: ResourceMeta, output_prefix: str) -> GetTaskResponse:
        """Return the job's state: from the connector, or from the upload of its outputs if the job has succeeded."""
        if not self._uploads.running(key):
            resource = await invoke_for_resource(
                call, self._registry.plugins, resource_meta=resource_meta, output_prefix=output_prefix
            )
            if (response := short_response(resource)) is not None:
                return response
            if resource.outputs is None:
                return GetTaskResponse(resource=await message_of(resource, output_prefix))
            if not self._uploads.running(key):  # A concurrent poll may have started it.
                self._uploads.start(key, message_of(resource, output_prefix))
        return GetTaskResponse(resource=await self._uploads.result(key, call.deadline))

    async def _answer_failed_poll(
        self, error: Exception, call: Call, key: JobKey, resource_meta: ResourceMeta
    ) -> GetTaskResponse:
        """Return the answer to a poll that failed temporarily."""
        task_type = key.category.name
        self._metrics.passing_failure(task_type)
        response = self._polls.answer_failure(key, masked(str(error)))
        if response is not None:
            _log.warning("GetTask of %s failed and was answered with the job's last state: %s", task_type, error)
            return response
        # After this answer, Flyte considers the attempt over and does not delete the job.
        await self._orphans.start_deleting(call, resource_meta)
        failed = Resource.retryable_failed(f"The backend has not answered for too long: {error}", code="UNAVAILABLE")
        return GetTaskResponse(resource=await message_of(failed))


class Flyte2ConnectorService(AsyncConnectorService):
    """Flyte 2's ``AsyncConnectorService``, which serves sync connectors too, because Flyte 2 has no sync service.

    CreateTask calls ``do``. The Resource travels in ``resource_meta`` to GetTask.

    Args:
        flyte1: Flyte 1's service. Both serve the same jobs.
    """

    def __init__(self, flyte1: AsyncConnectorService) -> None:
        Servicer.__init__(self, flyte1._registry, metrics=flyte1._metrics)
        self._polls = flyte1._polls
        self._uploads = flyte1._uploads
        self._orphans = flyte1._orphans
        self.creations: Creations = flyte1.creations

    async def CreateTask(self, request: CreateTaskRequest, context: grpc.ServicerContext) -> CreateTaskResponse:
        """Start a job, or call ``do`` of a sync connector."""
        category = _category_of_template(request)
        if not self._is_sync(category):
            return await super().CreateTask(request, context)
        with self._receive("do", category, context) as received:
            self._metrics.input_bytes(received.task_type, request.inputs.ByteSize())
            arguments = task_arguments(request, request.inputs if request.HasField("inputs") else None)
            call = received.call(received.connector(), request, metadata=arguments["task_execution_metadata"])
            resource = await invoke_for_resource(call, self._registry.plugins, **arguments)
            state = await message_of(resource, request.output_prefix)
            return CreateTaskResponse(resource_meta=await metadata_carrying(state))
        return CreateTaskResponse()

    async def GetTask(self, request: GetTaskRequest, context: grpc.ServicerContext) -> GetTaskResponse:
        """Return the state of a job; the job of a sync connector has ended."""
        category = category_of(request)
        if not self._is_sync(category):
            return await super().GetTask(request, context)
        with self._receive("get", category, context):
            return GetTaskResponse(resource=carried_message(request.resource_meta))
        return GetTaskResponse()

    async def DeleteTask(self, request: DeleteTaskRequest, context: grpc.ServicerContext) -> DeleteTaskResponse:
        """Delete a job; the job of a sync connector has ended, and nothing is done."""
        if not self._is_sync(category_of(request)):
            return await super().DeleteTask(request, context)
        return DeleteTaskResponse()

    def _is_sync(self, category: tuple[str, int]) -> bool:
        try:
            return isinstance(self._registry.get_connector(*category), SyncConnectorBase)
        except ConnectorError:  # The inherited method answers with it.
            return False


def _category_of_template(request: CreateTaskRequest) -> tuple[str, int]:
    return request.template.type, request.template.task_type_version


def _async_connector(received: ReceivedRequest) -> AsyncConnectorBase:
    connector = received.connector()
    if isinstance(connector, SyncConnectorBase):
        raise Refused(
            StatusCode.UNIMPLEMENTED, f"{received.task_type} is served by a sync connector: call ExecuteTaskSync."
        )
    return connector


def _connector_with_method(received: ReceivedRequest) -> AsyncConnectorBase:
    connector = received.connector()
    if isinstance(connector, SyncConnectorBase) or not implements(connector, received.operation):
        name = type(connector).__name__
        raise Refused(StatusCode.UNIMPLEMENTED, f"{name} does not implement {received.operation}.")
    return connector


def _decode_metadata(connector: AsyncConnectorBase, encoded: bytes) -> ResourceMeta:
    try:
        return connector.metadata_type.decode(encoded)
    except (Exception, SystemExit) as error:
        raise Refused(StatusCode.INVALID_ARGUMENT, f"resource_meta cannot be read: {error}") from error


def _check_response(connector: ConnectorBase, operation: str, response: Any, expected: type[T]) -> T:
    if not isinstance(response, expected):
        raise InvalidConnector(
            f"{type(connector).__name__}.{operation} returned {type(response).__name__}; it must return "
            f"{expected.__name__}."
        )
    return response


_RESERVE = 0.5
"""Seconds before the caller's deadline at which GetTask stops waiting for the backend and answers without it."""

_log = logging.getLogger(__name__)
