"""The conversions on the way from a connector's method to Flyte: error to Resource, Resource to message."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flyteidl.admin.agent_pb2 import GetTaskResponse
from google.protobuf.message import DecodeError
from grpc import StatusCode

from connector_core.errors import InvalidResource, LiteralError, PermanentError, RetryableError, TransientError
from connector_core.idl import ResourceMessage
from connector_core.invoke import invoke
from connector_core.models import Resource
from connector_core.phases import Phase
from connector_core.secrets import masked
from connector_core.service.statuses import Refused

if TYPE_CHECKING:
    from connector_core.call import Call
    from connector_core.plugins import Plugins

__all__ = [
    "MOST_CARRIED",
    "carried_message",
    "invoke_for_resource",
    "message_of",
    "metadata_carrying",
    "short_response",
]

MOST_CARRIED = 256 * 1024
"""The largest result of a sync connector, in bytes, that Flyte 2 can keep in ``resource_meta``."""


async def invoke_for_resource(call: Call, plugins: Plugins, /, **arguments: Any) -> Resource:
    """Call ``get`` or ``do`` and return the state of the job.

    A PermanentError or RetryableError that the method raises is about the job: it becomes the job's final state.

    Raises:
        Exception: as for :func:`~connector_core.invoke.invoke`.
    """
    try:
        resource: Resource = await invoke(call, plugins, **arguments)
    except (PermanentError, RetryableError) as error:
        make = Resource.failed if isinstance(error, PermanentError) else Resource.retryable_failed
        return make(masked(str(error)), code=error.code)
    return resource


async def message_of(resource: Resource, output_prefix: str = "") -> ResourceMessage:
    """Return the message that tells Flyte a job's state; files and tables among its outputs are uploaded first.

    Args:
        resource: The job's state. If its outputs cannot be converted, the message says that the job FAILED.
        output_prefix: The URI under which outputs are written.

    Raises:
        TransientError: if the storage is not available now.
    """
    try:
        return await resource.to_flyte_idl(output_prefix=output_prefix or None)
    except LiteralError as error:
        if resource.phase is not Phase.SUCCEEDED:
            raise
        cause = error.__cause__
        if isinstance(cause, OSError) and not isinstance(cause, _WRONG_PLACES):
            raise TransientError(f"The outputs cannot be sent: {error}") from error
        # After an error Flyte would poll again, without end: the job has ended and its outputs will not change.
        return await Resource.failed(f"The outputs cannot be sent: {error}", code="INVALID_OUTPUTS").to_flyte_idl()


def short_response(resource: Resource) -> GetTaskResponse | None:
    """Return the answer to GetTask if the resource has only a phase and a short message, else None.

    Most polls have such an answer, and successive polls have the same one, so the last answers are cached.
    """
    more = resource.outputs is not None or resource.custom_info is not None or resource.log_links or resource.error
    message = resource.message or ""
    return None if more or len(message) > _LONGEST_SHORT else _short_response(resource.phase, message)


@lru_cache(maxsize=1024)
def _short_response(phase: Phase, message: str) -> GetTaskResponse:
    return GetTaskResponse(resource=ResourceMessage(phase=phase.value, message=message))  # type: ignore[arg-type]


async def metadata_carrying(state: ResourceMessage) -> bytes:
    """Return the ``resource_meta`` that carries the result of a sync connector through Flyte 2.

    Args:
        state: The result. If it has more than :data:`MOST_CARRIED` bytes, the metadata carries a failure instead.
    """
    size = state.ByteSize()
    if size > MOST_CARRIED:
        state = await message_of(
            Resource.failed(
                f"The result has {size} bytes, and Flyte 2 keeps at most {MOST_CARRIED} of a sync connector's job; "
                "write large outputs under the output prefix, as files or tables.",
                code="OUTPUTS_TOO_LARGE",
            )
        )
    return state.SerializeToString()


def carried_message(resource_meta: bytes) -> ResourceMessage:
    """Return the result of a sync connector that a ``resource_meta`` carries.

    Raises:
        Refused: if the metadata does not carry a result.
    """
    try:
        state = ResourceMessage.FromString(resource_meta)
        Resource.from_flyte_idl(state)
    except (DecodeError, InvalidResource) as error:
        raise Refused(
            StatusCode.INVALID_ARGUMENT, "resource_meta does not contain the result of a sync connector."
        ) from error
    return state


_WRONG_PLACES = (PermissionError, FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)
"""Errors of a storage that the next attempt would meet again."""

_LONGEST_SHORT = 200
"""The length in characters of the longest message that is cached."""
