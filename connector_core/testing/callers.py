"""Both generations of Flyte as callers of a service.

The messages of Flyte 2 have the wire format of Flyte 1's, field by field, so that one set of classes serves both.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
from flyteidl.admin import agent_pb2 as messages

from connector_core.models import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_core.connector import ConnectorBase
    from connector_core.local.attempt import Attempt

__all__ = ["FlyteCaller", "calling"]


class FlyteCaller:
    """One generation of Flyte, calling one connector of a service as it does.

    Args:
        channel: To the service.
        generation: 1 or 2.
        connector: Whose task category is asked for.
        deadline: Seconds that each call may take.
    """

    def __init__(self, channel: grpc.Channel, generation: int, connector: ConnectorBase, deadline: float) -> None:
        self._channel = channel
        self._generation = generation
        self._category = connector.task_category.to_flyte_idl()
        self._deadline = deadline

    def create(self, attempt: Attempt) -> bytes:
        """Start a job; gives its encoded metadata."""
        request = messages.CreateTaskRequest(
            template=attempt.task_template,
            output_prefix=attempt.output_prefix,
            inputs=attempt.inputs,
            task_execution_metadata=attempt.task_execution_metadata,
        )
        encoded: bytes = self._call("CreateTask", request, messages.CreateTaskResponse).resource_meta
        return encoded

    def get(self, resource_meta: bytes, prefix: str) -> Resource:
        """The state of a job."""
        request = messages.GetTaskRequest(
            task_category=self._category, resource_meta=resource_meta, output_prefix=prefix
        )
        return Resource.from_flyte_idl(self._call("GetTask", request, messages.GetTaskResponse).resource)

    def delete(self, resource_meta: bytes) -> None:
        """End a job."""
        request = messages.DeleteTaskRequest(task_category=self._category, resource_meta=resource_meta)
        self._call("DeleteTask", request, messages.DeleteTaskResponse)

    def do(self, attempt: Attempt) -> Resource:
        """Do the job of a sync connector, which Flyte 2 calls as if it were an async one."""
        if self._generation == 2:
            return self.get(self.create(attempt), attempt.output_prefix)
        header = messages.CreateRequestHeader(
            template=attempt.task_template,
            output_prefix=attempt.output_prefix,
            task_execution_metadata=attempt.task_execution_metadata,
        )
        requests = [
            messages.ExecuteTaskSyncRequest(header=header),
            messages.ExecuteTaskSyncRequest(inputs=attempt.inputs),
        ]
        execute: Any = self._channel.stream_stream(
            "/flyteidl.service.SyncAgentService/ExecuteTaskSync",
            request_serializer=messages.ExecuteTaskSyncRequest.SerializeToString,
            response_deserializer=messages.ExecuteTaskSyncResponse.FromString,
        )
        (response,) = execute(iter(requests), timeout=self._deadline)
        return Resource.from_flyte_idl(response.header.resource)

    def _call(self, method: str, request: Any, response: Any) -> Any:
        call: Any = self._channel.unary_unary(
            f"/{_SERVICES[self._generation]}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        return call(request, timeout=self._deadline)


@contextmanager
def calling(endpoint: str, generation: int, connector: ConnectorBase, deadline: float) -> Iterator[FlyteCaller]:
    """A generation of Flyte that calls the service at this address; what it is refused is said in its own words."""
    with grpc.insecure_channel(endpoint, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            yield FlyteCaller(channel, generation, connector, deadline)
        except grpc.RpcError as error:
            raised: Any = error
            raise AssertionError(f"The service answers {raised.code().name}: {raised.details()}") from None


_SERVICES = {1: "flyteidl.service.AsyncAgentService", 2: "flyteidl2.connector.AsyncConnectorService"}
