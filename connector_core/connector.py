"""The classes that a connector author subclasses.

If the job is done when the call returns, subclass :class:`SyncConnectorBase` and implement ``do``. If the job outlives
the call, subclass :class:`AsyncConnectorBase` and implement ``create``, ``get`` and ``delete``.

Each method may be ``def`` (it runs in a thread) or ``async def`` (it runs on the event loop). A method receives the
keyword arguments that its signature accepts. In it, ``current_call()`` returns the call's secrets, settings and more.
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
    """The default of ``ConnectorBase.name``: the name of the subclass."""

    def __get__(self, instance: object, owner: type) -> str:
        return owner.__name__


class ConnectorBase(ABC):  # noqa: B024 - its two subclasses have the abstract methods
    """The base class of all connectors. Subclass :class:`SyncConnectorBase` or :class:`AsyncConnectorBase`.

    Args:
        task_type_name: The task type that the connector serves.
        task_type_version: The version of the task type. Each version may have its own connector.
        **kwargs: Ignored.

    Attributes:
        name: The name under which Flyte lists the connector; the class's name by default. Connectors may share a name.
        max_concurrency: The number of ``def`` calls that may run at the same time; None: as many as there are threads.
        transient_errors: Exceptions of the backend's client that are treated as
            :class:`~connector_core.errors.TransientError`.
        timeout: The seconds that one call may take; None: as long as the caller waits.
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
    """A connector whose job is done when the call returns, such as a prompt to a model or a short query.

    Implement ``do``. Flyte waits 10 seconds for the answer by default.
    """

    @abstractmethod
    def do(
        self, task_template: TaskTemplate, output_prefix: str, inputs: LiteralMap | None = None, **kwargs: Any
    ) -> Resource | Awaitable[Resource]:
        """Do the job.

        Args:
            task_template: The task, as it was registered.
            output_prefix: The URI under which the task may write.
            inputs: The values of the task's inputs. None if the request has no inputs field, and an empty
                ``LiteralMap`` if the field is empty.
            **kwargs: ``task_execution_metadata``, for a method that names it or takes ``**kwargs``.

        Returns:
            A resource in a terminal phase.

        Raises:
            PermanentError: if the job failed and would fail again.
            RetryableError: if the job failed but may succeed in another attempt.
        """
        raise NotImplementedError


class AsyncConnectorBase(ConnectorBase):
    """A connector whose job outlives a call, such as a query in a warehouse or a batch on a cluster.

    Implement ``create``, ``get`` and ``delete``. Successive calls for one job reach different processes, so the
    metadata that ``create`` returns must contain everything that ``get`` and ``delete`` need. If the backend can tag
    jobs with the idempotency key, implement :meth:`find` too: then no attempt is submitted twice.

    Args:
        metadata_type: The ResourceMeta subclass that ``create`` returns.
        **kwargs: The arguments of ConnectorBase.

    Raises:
        InvalidResourceMeta: if the codec cannot carry the metadata type.
    """

    def __init__(self, metadata_type: type[ResourceMeta], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_metadata_type(metadata_type)
        self._metadata_type = metadata_type

    @property
    def metadata_type(self) -> type[ResourceMeta]:
        """The type of the metadata that ``create`` returns."""
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
        """Start the job, and return the metadata that identifies it.

        Flyte calls this at least once. Return quickly, and tag the job with the idempotency key if the backend can.

        Args:
            task_template: The task, as it was registered.
            output_prefix: The URI under which the task may write. It ends in the number of the attempt.
            inputs: The values of the task's inputs. None if the request has no inputs field, and an empty
                ``LiteralMap`` if the field is empty.
            task_execution_metadata: Who runs the task: execution, attempt, labels, identity.
            **kwargs: ``idempotency_key``, for a method that names it or takes ``**kwargs``.

        Raises:
            PermanentError: if the job cannot be started.
            TransientError: if the backend did not answer.
        """
        raise NotImplementedError

    @abstractmethod
    def get(self, resource_meta: Any, **kwargs: Any) -> Resource | Awaitable[Resource]:
        """Return the state of the job, with its outputs if it has succeeded.

        Args:
            resource_meta: The metadata that ``create`` returned.
            **kwargs: ``output_prefix``, for a method that names it or takes ``**kwargs``.

        Raises:
            TransientError: if the backend did not answer. This says nothing about the job.
        """
        raise NotImplementedError

    @abstractmethod
    def delete(self, resource_meta: Any, **kwargs: Any) -> Awaitable[None] | None:
        """End the job. Return normally if the job has ended or the backend no longer knows it.

        Args:
            resource_meta: The metadata that ``create`` returned.
            **kwargs: Reserved.

        Raises:
            TransientError: if the backend did not answer. The caller tries again.
        """
        raise NotImplementedError

    def get_metrics(
        self, resource_meta: Any, **kwargs: Any
    ) -> GetTaskMetricsResponse | Awaitable[GetTaskMetricsResponse]:
        """Return measurements of the job. This method is optional.

        Args:
            resource_meta: The metadata that ``create`` returned.
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
        """Return lines of the job's log, as one response, or yield several responses. This method is optional.

        Args:
            resource_meta: The metadata that ``create`` returned.
            **kwargs: ``lines`` (the maximum number) and ``token`` (the end of the last page), as in
                ``GetTaskLogsRequest``.
        """
        raise NotImplementedError

    def find(self, idempotency_key: str, **kwargs: Any) -> ResourceMeta | Awaitable[ResourceMeta | None] | None:
        """Return the job that an earlier ``create`` with this key started, or None. This method is optional.

        If there are several such jobs, return the first one.

        Args:
            idempotency_key: The key of one attempt of one task execution.
            **kwargs: Reserved.
        """
        raise NotImplementedError


def check_connector(connector: object) -> None:
    """Check that an object can be called as a connector. Warn if its metadata seems to hold credentials.

    Raises:
        InvalidConnector: if it is not a connector, or its ``__init__`` does not call that of its base class.
    """
    kind = type(connector).__name__
    if not isinstance(connector, (SyncConnectorBase, AsyncConnectorBase)):
        hint = "register an instance of it" if isinstance(connector, type) else "subclass one of them"
        subject = connector.__name__ if isinstance(connector, type) else f"An instance of {kind}"
        raise InvalidConnector(f"{subject} is not an instance of SyncConnectorBase or AsyncConnectorBase; {hint}.")
    category = getattr(connector, "_task_category", None)
    if category is None or (not hasattr(connector, "_metadata_type") and isinstance(connector, AsyncConnectorBase)):
        raise InvalidConnector(f"{kind}.__init__ does not call super().__init__(task_type_name=…); add the call.")
    if not (isinstance(category.name, str) and category.name and isinstance(category.version, int)):
        raise InvalidConnector(f"{kind} has the task category {category!r}; give it a name and an integer version.")
    if isinstance(connector, AsyncConnectorBase) and (fields := credential_like_fields(connector.metadata_type)):
        warnings.warn(
            f"{connector.metadata_type.__name__} has fields that look like credentials ({', '.join(fields)}); "
            "Flyte logs and stores metadata. Call get_connector_secret in each call instead.",
            stacklevel=2,
        )


def implements(connector: ConnectorBase, method: str) -> bool:
    """Return whether the connector implements an optional method: ``find``, ``get_logs`` or ``get_metrics``."""
    optional = getattr(AsyncConnectorBase, method)
    return getattr(type(connector), method, optional) is not optional
