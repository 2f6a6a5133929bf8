"""What each error is to a caller: its gRPC status, and a text that it can read.

==================================================  ===================
error                                               status
==================================================  ===================
``ConnectorFailed``, ``ConnectorConflict``          FAILED_PRECONDITION
``ConnectorNotFound``, ``ConnectorDisabled``        NOT_FOUND
``Refused``: the request is wrong                   as it says
``LiteralError`` about an input                     INVALID_ARGUMENT
``ConnectorOverloaded``                             RESOURCE_EXHAUSTED
``CallTimeout``                                     DEADLINE_EXCEEDED
``TransientError``, ``RetryableError``              UNAVAILABLE
``PermanentError``                                  FAILED_PRECONDITION
``NotImplementedError``                             UNIMPLEMENTED
anything else: a bug in the connector               INTERNAL
==================================================  ===================

What a job's own failure is, in ``get`` and ``do``, is no status but a phase; see :mod:`connector_core.service.polls`.
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
    """A request that no connector is bothered with.

    Attributes:
        status: What it is refused with.
    """

    def __init__(self, status: StatusCode, details: str) -> None:
        self.status: StatusCode = status
        super().__init__(details)


def status_of(error: BaseException) -> StatusCode:
    """The status that stands for the error."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, LiteralError) and error.path.startswith("outputs"):  # The connector's fault.
        return StatusCode.INTERNAL
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status
    return StatusCode.INTERNAL


def answer_error(
    context: grpc.ServicerContext, error: BaseException, *, operation: str, task_type: str, request_id: str
) -> None:
    """Answer a request with an error; a bug's traceback goes to the log, under the id that stands in the answer.

    Args:
        context: The request's.
        error: What went wrong.
        operation: The connector's method that was to be called.
        task_type: As the caller gave it.
        request_id: Names the request.
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
    context.set_details(_short(masked(details)))


def _short(text: str) -> str:
    """As much of it as travels: gRPC sends it as a header, percent-encoded, and clients take about 8 KiB of headers."""
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
