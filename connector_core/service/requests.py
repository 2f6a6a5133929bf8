"""The parts that all requests have in common: the connector, the call, the deadline, and the answer on failure."""

from __future__ import annotations

import itertools
import secrets
import time
from typing import TYPE_CHECKING, Any, Protocol

from google.protobuf.message import DecodeError, Message
from grpc import StatusCode

from connector_core.call import Call, execution_name
from connector_core.errors import ConnectorNotFound
from connector_core.registry import ConnectorRegistry, default_registry
from connector_core.service.connections import connection_of
from connector_core.service.metrics import Metrics
from connector_core.service.statuses import Refused, answer_error, status_of

if TYPE_CHECKING:
    from types import TracebackType

    import grpc
    from flyteidl.admin.agent_pb2 import CreateRequestHeader, CreateTaskRequest

    from connector_core.connector import AsyncConnectorBase, ConnectorBase, SyncConnectorBase
    from connector_core.idl import LiteralMap, TaskExecutionMetadata

__all__ = ["ReceivedRequest", "Servicer", "category_of", "task_arguments"]


class Servicer:
    """The base of all servicers.

    A servicer needs no server: its methods accept any ``grpc.ServicerContext``.

    Args:
        registry: The registry whose connectors are called; None: the process's default registry.
        metrics: The metrics that count the requests; None: metrics that nothing exports.
    """

    def __init__(self, registry: ConnectorRegistry | None = None, *, metrics: Metrics | None = None) -> None:
        self._registry = registry or default_registry()
        self._metrics = metrics or Metrics()

    def _receive(self, operation: str, category: tuple[str, int], context: grpc.ServicerContext) -> ReceivedRequest:
        return ReceivedRequest(operation, category, context, self._registry, self._metrics)


class ReceivedRequest:
    """One request to a servicer; as a context manager, it answers the request with the error that its block raises.

    Args:
        operation: The connector's method that the request calls.
        category: The name and the version of the task category.
        context: The request's context, which receives the error.
        registry: The registry whose connectors are called.
        metrics: The metrics that count refused requests.

    Attributes:
        operation: The connector's method that the request calls.
        task_type: The name of the task category.
    """

    __slots__ = (
        "_context",
        "_deadline",
        "_id",
        "_metrics",
        "_registry",
        "_seconds",
        "_version",
        "operation",
        "task_type",
    )

    def __init__(
        self,
        operation: str,
        category: tuple[str, int],
        context: grpc.ServicerContext,
        registry: ConnectorRegistry,
        metrics: Metrics,
    ) -> None:
        self.operation: str = operation
        self.task_type: str = category[0]
        self._version = category[1]
        self._context = context
        self._registry = registry
        self._metrics = metrics
        self._id = f"{_PROCESS}-{next(_numbers)}"
        self._seconds = context.time_remaining()
        self._deadline = None if self._seconds is None else time.monotonic() + self._seconds

    def __enter__(self) -> ReceivedRequest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, (Exception, SystemExit)):
            return False
        if isinstance(error, (Refused, ConnectorNotFound)):  # No call was made; the hooks count those that were.
            served = isinstance(error, Refused) and error.status is not StatusCode.INVALID_ARGUMENT
            self._metrics.request_failed(self.task_type if served else None, self.operation, status_of(error))
        answer_error(self._context, error, operation=self.operation, task_type=self.task_type, request_id=self._id)
        return True

    @property
    def has_time(self) -> bool:
        """True if the caller's deadline has not passed."""
        return self._deadline is None or time.monotonic() < self._deadline

    def connector(self) -> AsyncConnectorBase | SyncConnectorBase:
        """Return the connector that serves the request's task category.

        Raises:
            ConnectorNotFound: if no connector serves the task category.
            Refused: if the request names no task type.
        """
        if not self.task_type:
            raise Refused(StatusCode.INVALID_ARGUMENT, "The request names no task type.")
        return self._registry.get_connector(self.task_type, self._version)

    def call(
        self,
        connector: ConnectorBase,
        message: Message,
        *,
        key: str | None = None,
        metadata: TaskExecutionMetadata | None = None,
        reserve: float = 0,
        detached: bool = False,
    ) -> Call:
        """Return the call of the connector's method.

        Args:
            connector: The connector.
            message: The request's message, which may carry Flyte 2's secrets and settings.
            key: The idempotency key.
            metadata: The task execution.
            reserve: The seconds before the caller's deadline at which the call ends, if it then has at least as long.
            detached: If True, the call continues when its caller disconnects.

        Raises:
            Refused: if the message's connection cannot be read.
        """
        try:
            connection = connection_of(message)
        except DecodeError as error:
            raise Refused(StatusCode.INVALID_ARGUMENT, "The request's connection cannot be read.") from error
        deadline = self._deadline
        if deadline is not None and self._seconds >= 2 * reserve:
            deadline -= reserve
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


class _NamesItsCategory(Protocol):
    @property
    def task_category(self) -> Any: ...

    @property
    def task_type(self) -> str: ...


def category_of(message: _NamesItsCategory) -> tuple[str, int]:
    """Return the name and the version of a message's task category.

    Flyte sends the deprecated ``task_type`` beside the category; older callers send only the task type.
    """
    category = message.task_category
    return (category.name, category.version) if category.name else (message.task_type, 0)


def task_arguments(message: CreateTaskRequest | CreateRequestHeader, inputs: LiteralMap | None) -> dict[str, Any]:
    """Return the keyword arguments that ``create`` and ``do`` have in common."""
    return {
        "task_template": message.template,
        "output_prefix": message.output_prefix,
        "inputs": inputs,
        "task_execution_metadata": (
            message.task_execution_metadata if message.HasField("task_execution_metadata") else None
        ),
    }


_PROCESS = secrets.token_hex(3)
"""Distinguishes the request ids of several replicas in one log."""

_numbers = itertools.count(1)
