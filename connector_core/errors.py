"""The exceptions of connector-core.

Every error carries its subject as attributes, so that a program need not parse a message::

    ConnectorError
    ├── ConnectorNotFound (LookupError)     nothing serves this task category or name
    │   ├── ConnectorFailed                 its entry is there and could not be loaded
    │   ├── ConnectorDisabled               its entry is there and a setting turns it off
    │   └── ConnectorConflict               several distributions claim it
    ├── DuplicateConnector (ValueError)     registered twice without ``override=True``
    ├── EntryRefused                        an entry was imported and breaks a rule of discovery
    ├── InvalidConnector (TypeError)        a connector, or what it returned, is not what the interface asks for
    ├── InvalidSetting (ValueError)         a ``CONNECTORS_…`` setting cannot be read
    ├── InvalidResource (ValueError)        a Resource that no caller could understand
    ├── InvalidResourceMeta (ValueError)    metadata that cannot be written, or read again
    ├── UnknownPhase (ValueError)           a backend's word for a phase that we do not know
    ├── LiteralError (ValueError)           a value that is no Flyte literal, or the other way round
    ├── TemplateError (ValueError)          a placeholder in ``container.args`` that cannot be filled
    ├── SecretNotFound (LookupError)        no source has this secret
    ├── NoCurrentCall (LookupError)         ``current_call()`` outside a connector's method
    ├── CallTimeout (TimeoutError)          one call took longer than it may
    ├── ConnectorExited                     a connector called ``sys.exit``
    ├── ConnectorOverloaded                 too many of its calls wait for a thread
    ├── TaskFailed                          a local run ended in another phase than SUCCEEDED
    ├── TaskTimeout (TimeoutError)          a local run took longer than the task may
    ├── OutputsUnreadable                   the outputs of a local run cannot be read
    ├── PrefixNotWritable                   nothing can be written under the output prefix
    ├── CannotServe (OSError)               the service cannot listen where it was told to
    ├── InvalidCertificate (ValueError)     a file that the service was given for TLS cannot be used
    ├── ServiceError                        a service that was called did not do what it was asked for
    ├── MissingExtra (ImportError)          a part of connector-core whose dependencies are not installed
    └── CallError                           for connectors to raise:
        ├── RetryableError                  this attempt failed, another may succeed
        ├── PermanentError                  it failed, and would fail again
        └── TransientError                  the backend did not answer; the job may well be fine
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connector_core.models import Resource, TaskCategory

__all__ = [
    "CallError",
    "CallTimeout",
    "CannotServe",
    "ConnectorConflict",
    "ConnectorDisabled",
    "ConnectorError",
    "ConnectorExited",
    "ConnectorFailed",
    "ConnectorNotFound",
    "ConnectorOverloaded",
    "DuplicateConnector",
    "EntryRefused",
    "InvalidCertificate",
    "InvalidConnector",
    "InvalidResource",
    "InvalidResourceMeta",
    "InvalidSetting",
    "LiteralError",
    "MissingExtra",
    "NoCurrentCall",
    "OutputsUnreadable",
    "PermanentError",
    "PrefixNotWritable",
    "RetryableError",
    "SecretNotFound",
    "ServiceError",
    "TaskFailed",
    "TaskTimeout",
    "TemplateError",
    "TransientError",
    "UnknownPhase",
]


class ConnectorError(Exception):
    """The root of all errors that connector-core raises on purpose."""


class ConnectorNotFound(ConnectorError, LookupError):
    """Nothing serves the task category, or bears the name, that was asked for.

    Attributes:
        category: The task category that was looked up, or None when a name was.
        name: The connector name that was looked up, or None when a category was.
        reasons: Sentences that say why; the message is their sum.
    """

    def __init__(
        self, *, category: TaskCategory | None = None, name: str | None = None, reasons: Sequence[str] = ()
    ) -> None:
        self.category = category
        self.name = name
        self.reasons: tuple[str, ...] = tuple(reasons)
        sought = f"task category: {category}" if name is None else f"name: {name}"
        super().__init__(" ".join([f"Cannot find connector for {sought}.", *self.reasons]))


class ConnectorFailed(ConnectorNotFound):
    """The entry of this task type was found and could not be loaded; the cause is chained."""


class ConnectorDisabled(ConnectorNotFound):
    """The entry of this task type was found and a setting turns it off."""


class ConnectorConflict(ConnectorNotFound):
    """Several distributions claim this task type, and no setting chooses between them."""


class DuplicateConnector(ConnectorError, ValueError):
    """A connector was registered for a task category that has one.

    Attributes:
        category: The task category that is taken.
    """

    def __init__(self, category: TaskCategory) -> None:
        self.category = category
        super().__init__(f"Duplicate connector for task type: {category}")


class EntryRefused(ConnectorError):
    """An entry was imported, and what it gave breaks a rule of discovery.

    Attributes:
        reason: What was wrong.
        remedy: What to change, and where.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{reason} {remedy}")


class InvalidConnector(ConnectorError, TypeError):
    """A connector, or a value that it returned, is not what the interface asks for."""


class InvalidSetting(ConnectorError, ValueError):
    """A setting cannot be read.

    Attributes:
        setting: The environment variable's name.
    """

    def __init__(self, setting: str, value: str, expected: str) -> None:
        self.setting = setting
        super().__init__(f"{setting}={value!r} cannot be read: expected {expected}.")


class InvalidResource(ConnectorError, ValueError):
    """A Resource that no caller could understand, refused where it is made."""


class InvalidResourceMeta(ConnectorError, ValueError):
    """Metadata that cannot be written or read, or a metadata type that the codec cannot carry.

    Attributes:
        type_name: The name of the metadata type.
        field: Path of the field, such as ``job.ids[2]``, or None when the whole is wrong.
        reason: What was expected instead.
    """

    def __init__(self, type_name: str, reason: str, *, field: str | None = None) -> None:
        self.type_name = type_name
        self.field = field
        self.reason = reason
        subject = type_name if field is None else f"{type_name}.{field}"
        super().__init__(f"{subject}: {reason}")


class UnknownPhase(ConnectorError, ValueError):
    """A backend's word for a phase that we do not know.

    Attributes:
        state: The word as it was given.
    """

    def __init__(self, state: object, known: Sequence[str]) -> None:
        self.state = state
        super().__init__(f"Unrecognized state: {state!r}; known are: {', '.join(known)}.")


class LiteralError(ConnectorError, ValueError):
    """A value cannot become a Flyte literal, or a literal not the value asked for.

    Attributes:
        path: Where, such as ``outputs.rows[3].price``; empty when the value stands alone.
        reason: What was expected, and what to do.
    """

    def __init__(self, reason: str, *, path: str = "") -> None:
        self.path: str = path
        self.reason: str = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return f"{self.path.removeprefix('.')}: {self.reason}" if self.path else self.reason

    def within(self, step: str) -> LiteralError:
        """This error, seen from further out.

        Args:
            step: What leads to the place from there: ``.price``, ``[3]``, or ``outputs`` where everything begins.
        """
        self.path = step + self.path
        return self


class TemplateError(ConnectorError, ValueError):
    """A placeholder in ``container.args`` that cannot be filled.

    Attributes:
        placeholder: The placeholder as it was written.
    """

    def __init__(self, placeholder: str, reason: str) -> None:
        self.placeholder = placeholder
        super().__init__(f"Cannot fill {placeholder} in the container's args: {reason}.")


class SecretNotFound(ConnectorError, LookupError):
    """No source has this secret.

    Attributes:
        key: The secret's key.
    """

    def __init__(self, key: str, places: Sequence[str]) -> None:
        self.key = key
        super().__init__(f"Cannot find the secret {key!r}; looked in: {', '.join(places)}.")


class NoCurrentCall(ConnectorError, LookupError):
    """``current_call()`` was asked for outside a connector's method."""

    def __init__(self) -> None:
        super().__init__("There is no current call: current_call() works inside a connector's method only.")


class CallTimeout(ConnectorError, TimeoutError):
    """One call of a connector's method took longer than it may.

    Attributes:
        operation: The method's name.
        seconds: How long it was given.
    """

    def __init__(self, connector: str, operation: str, seconds: float) -> None:
        self.operation = operation
        self.seconds = seconds
        super().__init__(f"{connector}.{operation} did not end within {seconds:g} s.")


class ConnectorExited(ConnectorError):
    """A connector called ``sys.exit``: an error of that call, and not the end of the process.

    Attributes:
        code: What it passed to ``sys.exit``.
    """

    def __init__(self, connector: str, operation: str, code: object) -> None:
        self.code = code
        super().__init__(f"{connector}.{operation} called sys.exit({code!r}); raise an error instead.")


class ConnectorOverloaded(ConnectorError):
    """A plain ``def`` method was not called, because too many calls wait for a thread already.

    Attributes:
        operation: The method's name.
        waiting: How many wait.
    """

    def __init__(self, connector: str, operation: str, waiting: int) -> None:
        self.operation = operation
        self.waiting = waiting
        super().__init__(f"{connector}.{operation} was not called: {waiting} calls wait for a thread already.")


class TaskFailed(ConnectorError):
    """A local run ended in another phase than SUCCEEDED.

    Attributes:
        task: The task's name.
        resource: The last state of the job.
    """

    def __init__(self, task: str, resource: Resource) -> None:
        self.task = task
        self.resource = resource
        code = f" [{resource.error.code}]" if resource.error and resource.error.code else ""
        reason = resource.message or "no message"
        super().__init__(f"Failed to run the task {task}: it ended as {resource.phase.name}{code}: {reason}")


class TaskTimeout(ConnectorError, TimeoutError):
    """A local run took longer than the task may; its job was deleted.

    Attributes:
        task: The task's name.
        seconds: How long it was given.
    """

    def __init__(self, task: str, seconds: float) -> None:
        self.task = task
        self.seconds = seconds
        super().__init__(f"The task {task} did not end within {seconds:g} s.")


class OutputsUnreadable(ConnectorError):
    """The outputs that a job should have written cannot be read.

    Attributes:
        uri: Where they should be.
    """

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = uri
        super().__init__(f"Cannot read the outputs at {uri}: {reason}")


class PrefixNotWritable(ConnectorError):
    """Nothing can be written under the output prefix.

    Attributes:
        uri: The file that could not be written.
    """

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = uri
        super().__init__(f"Cannot write {uri}: {reason}; give an output prefix that can be written to.")


class CannotServe(ConnectorError, OSError):
    """The service cannot listen where it was told to.

    Attributes:
        address: Host and port.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(f"Cannot listen on {address}: another process does, or it is no address of this machine.")


class InvalidCertificate(ConnectorError, ValueError):
    """A file that the service was given for TLS cannot be used.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"Cannot use {path} for TLS: {reason}.")


class ServiceError(ConnectorError):
    """A connector service that was called did not do what it was asked for.

    Attributes:
        endpoint: Where it was called.
        code: The name of the gRPC status, such as ``NOT_FOUND``.
        details: What the service, or gRPC itself, says of it.
    """

    def __init__(self, message: str, *, endpoint: str, code: str, details: str) -> None:
        self.endpoint = endpoint
        self.code = code
        self.details = details
        super().__init__(message)


class MissingExtra(ConnectorError, ImportError):
    """A module of connector-core was imported, and the extra that it needs is not installed.

    Attributes:
        extra: The extra's name.
    """

    def __init__(self, module: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{module} needs more packages: pip install 'connector-core[{extra}]'")


class CallError(ConnectorError):
    """What a connector raises to say how a call failed; use one of the subclasses.

    Args:
        message: One sentence for the person who runs the task.
        code: A short word for programs, such as ``QUOTA``; Flyte shows it beside the message.

    Attributes:
        code: As given.
    """

    default_code: str = "UNKNOWN"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        self.code: str = code or self.default_code
        super().__init__(message or type(self).__name__)


class RetryableError(CallError):
    """This attempt failed, and another may succeed: Flyte retries as the task allows."""

    default_code = "RETRYABLE"


class PermanentError(CallError):
    """It failed, and would fail again: Flyte does not retry."""

    default_code = "PERMANENT"


class TransientError(CallError):
    """The backend did not answer. In ``get`` this says nothing about the job, which is polled again."""

    default_code = "TRANSIENT"
