"""The exceptions of connector-core.

Every error carries its subject as attributes, so that a program need not parse the message::

    ConnectorError
    ├── ConnectorNotFound (LookupError)     no connector serves the task category or has the name
    │   ├── ConnectorFailed                 its entry exists but could not be loaded
    │   ├── ConnectorDisabled               its entry exists but a setting disables it
    │   └── ConnectorConflict               several distributions claim the task type
    ├── DuplicateConnector (ValueError)     a task category was registered twice without ``override=True``
    ├── EntryRefused                        an entry was imported but breaks a rule of discovery
    ├── InvalidConnector (TypeError)        a connector, or what it returned, does not follow the interface
    ├── InvalidSetting (ValueError)         a ``CONNECTORS_…`` setting cannot be read
    ├── InvalidResource (ValueError)        a Resource that Flyte could not understand
    ├── InvalidResourceMeta (ValueError)    metadata that cannot be written or read
    ├── UnknownPhase (ValueError)           a backend's word for a job's state is unknown
    ├── LiteralError (ValueError)           a value cannot be converted to a literal, or back
    ├── TemplateError (ValueError)          a placeholder in ``container.args`` cannot be filled
    ├── SecretNotFound (LookupError)        no source has the secret
    ├── NoCurrentCall (LookupError)         ``current_call()`` was called outside a connector's method
    ├── CallTimeout (TimeoutError)          one call exceeded its time limit
    ├── ConnectorExited                     a connector called ``sys.exit``
    ├── ConnectorOverloaded                 too many calls wait for a thread
    ├── TaskFailed                          a local run ended in a phase other than SUCCEEDED
    ├── TaskTimeout (TimeoutError)          a local run exceeded the task's timeout
    ├── OutputsUnreadable                   the outputs of a local run cannot be read
    ├── PrefixNotWritable                   nothing can be written under the output prefix
    ├── CannotServe (OSError)               the service cannot listen on its address
    ├── InvalidCertificate (ValueError)     a TLS file of the service cannot be used
    ├── ServiceError                        a connector service answered with an error, or not at all
    ├── MissingExtra (ImportError)          an extra of connector-core is not installed
    └── CallError                           for connectors to raise:
        ├── RetryableError                  this attempt failed; another may succeed
        ├── PermanentError                  the job failed and would fail again
        └── TransientError                  the backend did not answer; the job may be fine
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
    """No connector serves the task category or has the name that was looked up.

    Attributes:
        category: The task category that was looked up, or None if a name was.
        name: The connector name that was looked up, or None if a category was.
        reasons: Sentences that say why; they are part of the message.
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
    """The entry of this task type exists but could not be loaded; ``__cause__`` is the error."""


class ConnectorDisabled(ConnectorNotFound):
    """The entry of this task type exists but a setting disables it."""


class ConnectorConflict(ConnectorNotFound):
    """Several distributions claim this task type, and no setting chooses between them."""


class DuplicateConnector(ConnectorError, ValueError):
    """A connector was registered for a task category that already has one.

    Attributes:
        category: The task category.
    """

    def __init__(self, category: TaskCategory) -> None:
        self.category = category
        super().__init__(f"Duplicate connector for task type: {category}")


class EntryRefused(ConnectorError):
    """An entry was imported, but the object that it names breaks a rule of discovery.

    Attributes:
        reason: A sentence that says what is wrong.
        remedy: A sentence that says what to change, and where.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{reason} {remedy}")


class InvalidConnector(ConnectorError, TypeError):
    """A connector, or a value that it returned, does not follow the interface."""


class InvalidSetting(ConnectorError, ValueError):
    """A setting cannot be read.

    Attributes:
        setting: The name of the environment variable.
    """

    def __init__(self, setting: str, value: str, expected: str) -> None:
        self.setting = setting
        super().__init__(f"{setting}={value!r} cannot be read: expected {expected}.")


class InvalidResource(ConnectorError, ValueError):
    """A Resource that Flyte could not understand. It is refused when it is created."""


class InvalidResourceMeta(ConnectorError, ValueError):
    """Metadata that cannot be written or read, or a metadata type that the codec cannot carry.

    Attributes:
        type_name: The name of the metadata type.
        field: The path of the field, such as ``job.ids[2]``, or None if the error is not about one field.
        reason: A sentence that says what is wrong or was expected.
    """

    def __init__(self, type_name: str, reason: str, *, field: str | None = None) -> None:
        self.type_name = type_name
        self.field = field
        self.reason = reason
        subject = type_name if field is None else f"{type_name}.{field}"
        super().__init__(f"{subject}: {reason}")


class UnknownPhase(ConnectorError, ValueError):
    """A backend's word for a job's state is unknown.

    Attributes:
        state: The word.
    """

    def __init__(self, state: object, known: Sequence[str]) -> None:
        self.state = state
        super().__init__(f"Unrecognized state: {state!r}; the known states are: {', '.join(known)}.")


class LiteralError(ConnectorError, ValueError):
    """A value cannot be converted to a Flyte literal, or a literal cannot be converted to a value.

    Attributes:
        path: The place of the value, such as ``outputs.rows[3].price``; empty for a value on its own.
        reason: What was expected and what to do. In the message, the path stands before the reason, or replaces
            ``the value`` at its start.
    """

    def __init__(self, reason: str, *, path: str = "") -> None:
        self.path: str = path
        self.reason: str = reason
        super().__init__(reason)

    def __str__(self) -> str:
        path = self.path.removeprefix(".")
        if path and self.reason.startswith("the value "):
            return path + self.reason.removeprefix("the value")
        return f"{path}: {self.reason}" if path else self.reason


class TemplateError(ConnectorError, ValueError):
    """A placeholder in ``container.args`` cannot be filled.

    Attributes:
        placeholder: The placeholder, as in the args.
    """

    def __init__(self, placeholder: str, reason: str) -> None:
        self.placeholder = placeholder
        super().__init__(f"Cannot fill {placeholder} in the container's args: {reason}.")


class SecretNotFound(ConnectorError, LookupError):
    """No source has the secret.

    Attributes:
        key: The secret's key.
    """

    def __init__(self, key: str, places: Sequence[str]) -> None:
        self.key = key
        super().__init__(f"Cannot find the secret {key!r}; looked in: {', '.join(places)}.")


class NoCurrentCall(ConnectorError, LookupError):
    """``current_call()`` was called outside a connector's method."""

    def __init__(self) -> None:
        super().__init__("There is no current call: current_call() works only inside a connector's method.")


class CallTimeout(ConnectorError, TimeoutError):
    """One call of a connector's method exceeded its time limit.

    Attributes:
        operation: The method's name.
        seconds: The time limit in seconds.
    """

    def __init__(self, connector: str, operation: str, seconds: float) -> None:
        self.operation = operation
        self.seconds = seconds
        super().__init__(f"{connector}.{operation} did not end within {seconds:g} s.")


class ConnectorExited(ConnectorError):
    """A connector called ``sys.exit``. This is an error of that call and does not end the process.

    Attributes:
        code: The argument of ``sys.exit``.
    """

    def __init__(self, connector: str, operation: str, code: object) -> None:
        self.code = code
        super().__init__(f"{connector}.{operation} called sys.exit({code!r}); raise an error instead.")


class ConnectorOverloaded(ConnectorError):
    """A plain ``def`` method was not called because too many calls already wait for a thread.

    Attributes:
        operation: The method's name.
        waiting: The number of waiting calls.
    """

    def __init__(self, connector: str, operation: str, waiting: int) -> None:
        self.operation = operation
        self.waiting = waiting
        super().__init__(f"{connector}.{operation} was not called: {waiting} calls already wait for a thread.")


class TaskFailed(ConnectorError):
    """A local run ended in a phase other than SUCCEEDED.

    Attributes:
        task: The task's name.
        resource: The job's last state.
    """

    def __init__(self, task: str, resource: Resource) -> None:
        self.task = task
        self.resource = resource
        code = f" [{resource.error.code}]" if resource.error and resource.error.code else ""
        reason = resource.message or "no message"
        super().__init__(f"{task} {resource.phase.name}{code}: {reason}")


class TaskTimeout(ConnectorError, TimeoutError):
    """A local run exceeded the task's timeout. Its job was deleted.

    Attributes:
        task: The task's name.
        seconds: The timeout in seconds.
    """

    def __init__(self, task: str, seconds: float) -> None:
        self.task = task
        self.seconds = seconds
        super().__init__(f"The task {task} did not end within {seconds:g} s.")


class OutputsUnreadable(ConnectorError):
    """The outputs of a job cannot be read.

    Attributes:
        uri: The URI of the outputs.
    """

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = uri
        super().__init__(f"Cannot read the outputs at {uri}: {reason}")


class PrefixNotWritable(ConnectorError):
    """Nothing can be written under the output prefix.

    Attributes:
        uri: The URI of the file that could not be written.
    """

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = uri
        super().__init__(f"Cannot write {uri}: {reason}; choose a writable output prefix.")


class CannotServe(ConnectorError, OSError):
    """The service cannot listen on its address.

    Attributes:
        address: Host and port.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(f"Cannot listen on {address}: the port is in use, or this machine does not have the address.")


class InvalidCertificate(ConnectorError, ValueError):
    """A TLS file of the service cannot be used.

    Attributes:
        path: The path of the file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"Cannot use {path} for TLS: {reason}.")


class ServiceError(ConnectorError):
    """A connector service answered with an error, or did not answer.

    Attributes:
        endpoint: The service's ``host:port``.
        code: The name of the gRPC status, such as ``NOT_FOUND``.
        details: The details of the gRPC status, from the service or from gRPC itself.
    """

    def __init__(self, message: str, *, endpoint: str, code: str, details: str) -> None:
        self.endpoint = endpoint
        self.code = code
        self.details = details
        super().__init__(message)


class MissingExtra(ConnectorError, ImportError):
    """A module of connector-core was imported, but the extra that it needs is not installed.

    Attributes:
        extra: The name of the extra.
    """

    def __init__(self, module: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{module} needs more packages: pip install 'connector-core[{extra}]'")


class CallError(ConnectorError):
    """The base class of the errors that a connector raises to say how a call failed. Raise a subclass.

    Args:
        message: One sentence for the person who runs the task.
        code: A short word for programs, such as ``QUOTA``. Flyte shows it next to the message.

    Attributes:
        code: The code, or the class's default.
    """

    default_code: str = "UNKNOWN"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        self.code: str = code or self.default_code
        super().__init__(message or type(self).__name__)


class RetryableError(CallError):
    """This attempt failed, but another may succeed. Flyte retries as often as the task allows."""

    default_code = "RETRYABLE"


class PermanentError(CallError):
    """The job failed and would fail again. Flyte does not retry."""

    default_code = "PERMANENT"


class TransientError(CallError):
    """The backend did not answer. In ``get`` this says nothing about the job; Flyte polls it again."""

    default_code = "TRANSIENT"
