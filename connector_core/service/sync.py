"""The service for jobs that end within the call: ExecuteTaskSync."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin.agent_pb2 import ExecuteTaskSyncResponse, ExecuteTaskSyncResponseHeader
from grpc import StatusCode

from connector_core.connector import SyncConnectorBase
from connector_core.service.answers import invoke_for_resource, message_of
from connector_core.service.requests import Servicer, task_arguments
from connector_core.service.statuses import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import grpc
    from flyteidl.admin.agent_pb2 import ExecuteTaskSyncRequest

__all__ = ["SyncConnectorService"]


class SyncConnectorService(Servicer):
    """Flyte 1's ``SyncAgentService``: runs the jobs of sync connectors, which end within the call.

    Args:
        registry: The registry whose connectors are called; None: the process's default registry.
        metrics: The metrics that count the requests; None: metrics that nothing exports.
    """

    async def ExecuteTaskSync(
        self, request_iterator: AsyncIterator[ExecuteTaskSyncRequest], context: grpc.ServicerContext
    ) -> AsyncGenerator[ExecuteTaskSyncResponse, None]:
        """Run a job: read a header and the inputs, and yield one header with the state."""
        response = await self.execute(request_iterator, context)
        if response is not None:
            yield response

    async def execute(
        self, request_iterator: AsyncIterator[ExecuteTaskSyncRequest], context: grpc.ServicerContext
    ) -> ExecuteTaskSyncResponse | None:
        """Run a job and return the one response of ExecuteTaskSync, or None if the context has received an error."""
        with self._receive("do", ("", 0), context):
            first = await anext(request_iterator, None)
            if first is None or first.WhichOneof("part") != "header":
                raise Refused(StatusCode.INVALID_ARGUMENT, "The first message of ExecuteTaskSync must be the header.")
            header = first.header
            category = (header.template.type, header.template.task_type_version)
            with self._receive("do", category, context) as received:
                second = await anext(request_iterator, None)
                if second is None or second.WhichOneof("part") != "inputs":
                    raise Refused(
                        StatusCode.INVALID_ARGUMENT,
                        "The second message of ExecuteTaskSync must be the inputs, even if there are none.",
                    )
                connector = received.connector()
                if not isinstance(connector, SyncConnectorBase):
                    raise Refused(
                        StatusCode.UNIMPLEMENTED,
                        f"{received.task_type} is served by an async connector: call CreateTask.",
                    )
                self._metrics.input_bytes(received.task_type, second.inputs.ByteSize())
                arguments = task_arguments(header, second.inputs)
                call = received.call(connector, header, metadata=arguments["task_execution_metadata"])
                resource = await invoke_for_resource(call, self._registry.plugins, **arguments)
                state = await message_of(resource, header.output_prefix)
                return ExecuteTaskSyncResponse(header=ExecuteTaskSyncResponseHeader(resource=state))
        return None
