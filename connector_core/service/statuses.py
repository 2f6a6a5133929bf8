"""The gRPC status and the details with which a request that failed is answered.

==================================================  ===================
error                                               status
==================================================  ===================
``ConnectorFailed``, ``ConnectorConflict``          FAILED_PRECONDITION
``ConnectorNotFound``, ``ConnectorDisabled``        NOT_FOUND
``Refused``: the request is wrong                   its ``status``
``LiteralError`` about an input                     INVALID_ARGUMENT
``ConnectorOverloaded``                             RESOURCE_EXHAUSTED
``CallTimeout``                                     DEADLINE_EXCEEDED
``TransientError``, ``RetryableError``              UNAVAILABLE
``PermanentError``                                  FAILED_PRECONDITION
``NotImplementedError``                             UNIMPLEMENTED
anything else: a bug in the connector               INTERNAL
==================================================  ===================

In ``get`` and ``do``, an error that is about the job becomes its phase: see :mod:`connector_core.service.answers`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from grpc import StatusCode

from connector_core.errors import (
    CallTimeout,
    ConnectorConflict,
    ConnectorError,
    ConnectorFailed,
    ConnectorNotFound,
    ConnectorOverloaded,
    LiteralError,
    PermanentError,
    RetryableError,
    TransientError,
)
from connector_core.secrets import masked

if TYPE_CHECKING:
    import grpc

__all__ = ["Refused", "answer_error", "status_of"]


class Refused(ConnectorError):
    """A request that the service refuses without calling a connector.

    Attributes:
        status: The status with which the request is answered.
    """

    def __init__(self, status: StatusCode, details: str) -> None:
        self.status: StatusCode = status
        super().__init__(details)


def status_of(error: BaseException) -> StatusCode:
    """Return the gRPC status of an error."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, LiteralError) and error.path.startswith("outputs"):  # The connector made the value.
        return StatusCode.INTERNAL
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status
    return StatusCode.INTERNAL


def answer_error(
    context: grpc.ServicerContext, error: BaseException, *, operation: str, task_type: str, request_id: str
) -> None:
    """Answer a request with an error. If the status is INTERNAL, log the traceback with the request's id.

    Args:
        context: The request's context.
        error: The error.
        operation: The connector's method that the request calls.
        task_type: The task type in the request.
        request_id: The request's id, which stands both in the answer and in the log.
    """
    status = status_of(error)
    details = str(error)
    if isinstance(error, ConnectorNotFound) and error.name is None:
        details = " ".join([f"Cannot find connector for task type: {task_type}.", *error.reasons])
    elif status is StatusCode.INTERNAL:
        text = f"{type(error).__name__}: {error}".rstrip(": ")
        details = f"failed to {operation} {task_type} task with error: {text} (request {request_id})"
        _log.error("%s", details[:_LONGEST], exc_info=error)
    context.set_code(status)
    context.set_details(_shortened(masked(details)))


def _shortened(text: str) -> str:
    """Shorten details: gRPC sends them as a percent-encoded header, and clients accept about 8 KiB of headers."""
    text = text.encode("utf-8", "replace").decode()
    size = 0
    for index, letter in enumerate(text):
        size += len(quote(letter, safe=_PLAIN))
        if size > _LONGEST:
            return f"{text[:index]}..."
    return text


_STATUSES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], StatusCode], ...] = (
    ((ConnectorFailed, ConnectorConflict), StatusCode.FAILED_PRECONDITION),
    (ConnectorNotFound, StatusCode.NOT_FOUND),
    (LiteralError, StatusCode.INVALID_ARGUMENT),
    (ConnectorOverloaded, StatusCode.RESOURCE_EXHAUSTED),
    (CallTimeout, StatusCode.DEADLINE_EXCEEDED),
    ((TransientError, RetryableError), StatusCode.UNAVAILABLE),
    (PermanentError, StatusCode.FAILED_PRECONDITION),
    (NotImplementedError, StatusCode.UNIMPLEMENTED),
)
_LONGEST = 4000
_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_log = logging.getLogger(__name__)
