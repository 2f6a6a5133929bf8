"""The classes that a connector author subclasses.

A connector whose job is done within one call is a :class:`SyncConnectorBase` with ``do``; one that starts a job and
asks for it later is an :class:`AsyncConnectorBase` with ``create``, ``get`` and ``delete``. Each method may be ``def``
(it runs in a thread) or ``async def`` (it runs on the event loop), and is given the keyword arguments that its
signature accepts. What the service or a local run knows beyond them is in ``current_call()``.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, cast

from connector_core.errors import InvalidConnector
from connector_core.meta import ResourceMeta, check_metadata_type, credential_like_fields
from connector_core.models import Resource, TaskCategory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from connector_core.idl import (
        GetTaskLogsResponse,
        GetTaskMetricsResponse,
        LiteralMap,
        TaskExecutionMetadata,
        TaskTemplate,
    )

__all__ = ["AsyncConnectorBase", "ConnectorBase", "SyncConnectorBase", "check_connector", "implements"]


class _ClassName:
    """The default of ``ConnectorBase.name``: the name of the class that is asked, not of the one that defines it."""

    def __get__(self, instance: object, owner: type) -> str:
        return owner.__name__


class ConnectorBase(ABC):  # noqa: B024 - its two subclasses have the abstract methods
    """What all connectors share; subclass one of the two below.

    Args:
        task_type_name: The task type that it serves.
        task_type_version: The version of the task type; each version may have its own connector.

    Attributes:
        name: Under which Flyte lists it; the class's name unless set. Several connectors may share one.
        max_concurrency: How many of its plain ``def`` calls may run at a time; None: as many as there are threads.
        transient_errors: Exceptions of the backend's client that say nothing about the job, as
            :class:`~connector_core.errors.TransientError` does.
        timeout: Seconds that one call may take; None: as long as the caller waits.
    """

    name: ClassVar[str] = cast("str", _ClassName())
    max_concurrency: ClassVar[int | None] = None
    transient_errors: ClassVar[tuple[type[Exception], ...]] = ()
    timeout: ClassVar[float | None] = None

    def __init__(self, task_type_name: str, task_type_version: int = 0, **kwargs: Any) -> None:
        self._task_category = TaskCategory(name=task_type_name, version=task_type_version)

    @property
    def task_category(self) -> TaskCategory:
        """The task category that the connector supports."""
        return self._task_category

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.task_category}>"


class SyncConnectorBase(ConnectorBase):
    """A connector whose job is done when the call returns: a prompt to a model, a short query.

    Implement ``do``. Flyte waits 10 seconds for it by default.
    """

    @abstractmethod
    def do(
        self, task_template: TaskTemplate, output_prefix: str, inputs: LiteralMap | None = None, **kwargs: Any
    ) -> Resource | Awaitable[Resource]:
        """Do the job.

        Args:
            task_template: The task, as it was registered.
            output_prefix: URI under which the task may write.
            inputs: Values of the task's inputs.
            **kwargs: ``task_execution_metadata``, for a method that names it or takes ``**kwargs``.

        Returns:
            A resource in a terminal phase.

        Raises:
            PermanentError: The job failed, and would fail again.
            RetryableError: The job failed, and may succeed when it is tried again.
        """
        raise NotImplementedError


class AsyncConnectorBase(ConnectorBase):
    """A connector whose job outlives a call: a query in a warehouse, a batch on a cluster.

    Implement ``create``, ``get`` and ``delete``. Successive calls for one job reach different processes, so whatever
    ``get`` and ``delete`` need must be in the metadata that ``create`` returns. A connector that can tag its jobs with
    the idempotency key should implement :meth:`find` too: then no attempt is ever submitted twice.

    Args:
        metadata_type: The ResourceMeta subclass that ``create`` returns.
        **kwargs: Those of ConnectorBase.

    Raises:
        InvalidResourceMeta: The codec cannot carry the metadata type.
    """

    def __init__(self, metadata_type: type[ResourceMeta], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_metadata_type(metadata_type)
        self._metadata_type = metadata_type

    @property
    def metadata_type(self) -> type[ResourceMeta]:
        """The type of what ``create`` returns."""
        return self._metadata_type

    @abstractmethod
    def create(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None,
        task_execution_metadata: TaskExecutionMetadata | None,
        **kwargs: Any,
    ) -> ResourceMeta | Awaitable[ResourceMeta]:
        """Start the job, and return what identifies it.

        Flyte calls this at least once: return quickly, and tag the job with the idempotency key if the backend can.

        Args:
            task_template: The task, as it was registered.
            output_prefix: URI under which the task may write; it ends in the attempt.
            inputs: Values of the task's inputs.
            task_execution_metadata: Who runs it: execution, attempt, labels, identity.
            **kwargs: ``idempotency_key``, for a method that names it or takes ``**kwargs``.

        Raises:
            PermanentError: The job cannot be started.
            TransientError: The backend did not answer.
        """
        raise NotImplementedError

    @abstractmethod
    def get(self, resource_meta: Any, **kwargs: Any) -> Resource | Awaitable[Resource]:
        """The state of the job, with its outputs once it has succeeded.

        Args:
            resource_meta: What ``create`` returned.
            **kwargs: ``output_prefix``, for a method that names it or takes ``**kwargs``.

        Raises:
            TransientError: The backend did not answer, which says nothing about the job.
        """
        raise NotImplementedError

    @abstractmethod
    def delete(self, resource_meta: Any, **kwargs: Any) -> Awaitable[None] | None:
        """End the job. A job that has ended, or that the backend does not know any more, is a success.

        Args:
            resource_meta: What ``create`` returned.
            **kwargs: Nothing yet.

        Raises:
            TransientError: The backend did not answer; the caller tries again.
        """
        raise NotImplementedError

    def get_metrics(
        self, resource_meta: Any, **kwargs: Any
    ) -> GetTaskMetricsResponse | Awaitable[GetTaskMetricsResponse]:
        """Measurements of the job; optional.

        Args:
            resource_meta: What ``create`` returned.
            **kwargs: ``queries``, ``start_time``, ``end_time`` and ``step``, as in ``GetTaskMetricsRequest``.
        """
        raise NotImplementedError

    def get_logs(
        self, resource_meta: Any, **kwargs: Any
    ) -> (
        GetTaskLogsResponse
        | Awaitable[GetTaskLogsResponse]
        | Iterator[GetTaskLogsResponse]
        | AsyncIterator[GetTaskLogsResponse]
    ):
        """Lines of the job's log; optional. Return one response, or yield several.

        Args:
            resource_meta: What ``create`` returned.
            **kwargs: ``lines`` (how many at most) and ``token`` (where the last page ended), as in
                ``GetTaskLogsRequest``.
        """
        raise NotImplementedError

    def find(self, idempotency_key: str, **kwargs: Any) -> ResourceMeta | Awaitable[ResourceMeta | None] | None:
        """The job that an earlier ``create`` with this key started, the first if there are several, or None; optional.

        Args:
            idempotency_key: Names one attempt of one task execution.
            **kwargs: Nothing yet.
        """
        raise NotImplementedError


def check_connector(connector: object) -> None:
    """Refuse what could not be called as a connector, and warn of metadata that looks as if it held credentials.

    Raises:
        InvalidConnector: It is no connector, or its ``__init__`` does not call that of its base class.
    """
    kind = type(connector).__name__
    if not isinstance(connector, (SyncConnectorBase, AsyncConnectorBase)):
        hint = "register an object of it" if isinstance(connector, type) else "subclass one of them"
        subject = connector.__name__ if isinstance(connector, type) else f"An object of {kind}"
        raise InvalidConnector(f"{subject} is no SyncConnectorBase nor AsyncConnectorBase object; {hint}.")
    category = getattr(connector, "_task_category", None)
    if category is None or (not hasattr(connector, "_metadata_type") and isinstance(connector, AsyncConnectorBase)):
        raise InvalidConnector(f"{kind}.__init__ does not call super().__init__(task_type_name=…); add the call.")
    if not (isinstance(category.name, str) and category.name and isinstance(category.version, int)):
        raise InvalidConnector(f"{kind} has the task category {category!r}; give it a name and an integer version.")
    if isinstance(connector, AsyncConnectorBase) and (fields := credential_like_fields(connector.metadata_type)):
        warnings.warn(
            f"{connector.metadata_type.__name__} has fields that look like credentials ({', '.join(fields)}); "
            "the engine logs and stores metadata: ask get_connector_secret in each call instead.",
            stacklevel=2,
        )


def implements(connector: ConnectorBase, method: str) -> bool:
    """Whether the connector brings an optional method (``find``, ``get_logs``, ``get_metrics``) of its own."""
    optional = getattr(AsyncConnectorBase, method)
    return getattr(type(connector), method, optional) is not optional
