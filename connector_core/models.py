"""TaskCategory, the key of a connector, and Resource, the state of a job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from connector_core.errors import InvalidResource
from connector_core.phases import Phase, is_terminal_phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_core.idl import LiteralMap, ResourceMessage, Struct, TaskCategoryMessage, TaskLog

__all__ = ["Resource", "ResourceError", "TaskCategory"]


@attrs.frozen(str=False)
class TaskCategory:
    """The key for looking up a connector: a task type and its version.

    Args:
        name: The task type, as in ``TaskTemplate.type``.
        version: ``TaskTemplate.task_type_version``.
    """

    name: str
    version: int = 0

    def __str__(self) -> str:
        return f"{self.name}_v{self.version}"

    def to_flyte_idl(self) -> TaskCategoryMessage:
        """Return the category as a flyteidl message."""
        from connector_core.idl import TaskCategoryMessage

        return TaskCategoryMessage(name=self.name, version=self.version)


@attrs.frozen
class ResourceError:
    """The machine-readable cause of a failed job: ``flyteidl.admin.AgentError``.

    Args:
        code: A short identifier, such as ``QUOTA``.
        retryable: True if another attempt may succeed; sent as the kind RECOVERABLE.
        origin: The origin of the failure: ``"user"``, ``"system"`` or ``"unknown"``.
    """

    code: str
    retryable: bool = False
    origin: str = attrs.field(default="unknown", validator=attrs.validators.in_(("unknown", "user", "system")))


def _to_phase(value: Any) -> Phase:
    try:
        phase = value if type(value) is Phase else Phase(value)
    except ValueError:
        raise InvalidResource(
            f"{value!r} is not a phase; use one of {', '.join(phase.name for phase in Phase if phase)}."
        ) from None
    if phase is Phase.UNDEFINED:
        raise InvalidResource(
            "A resource cannot be UNDEFINED: Flyte 2 treats it as an error, and Flyte 1 as a retryable failure; "
            "use another phase, such as INITIALIZING or FAILED."
        )
    return phase


def _check_message(_: Any, __: Any, message: Any) -> None:
    if not isinstance(message, str | None):
        raise InvalidResource(f"A resource's message must be a str, not {type(message).__name__}.")


@attrs.define
class Resource:
    """The current state of a job, as ``get`` and ``do`` return it.

    Args:
        phase: The phase of the job. UNDEFINED is refused.
        message: A message for the user. Flyte shows it in the waiting phases and for FAILED and RETRYABLE_FAILED.
        log_links: Links to pages of the backend; Flyte reads them once for each phase.
        outputs: Values by output name, or a ``LiteralMap``. With None, Flyte reads ``{output_prefix}/outputs.pb``; with
            ``{}``, the job has no outputs.
        custom_info: Values by name that JSON can represent; Flyte reads them once for each phase.
        error: The machine-readable cause of a failure.

    Raises:
        InvalidResource: if the phase is UNDEFINED or unknown, or if the message is not a str.
    """

    phase: Phase = attrs.field(converter=_to_phase)
    message: str | None = attrs.field(default=None, validator=_check_message)
    log_links: Sequence[TaskLog] | None = None
    outputs: LiteralMap | Mapping[str, Any] | None = None
    custom_info: Mapping[str, Any] | None = None
    error: ResourceError | None = None

    @classmethod
    def running(cls, *, message: str | None = None, **fields: Any) -> Resource:
        """Return the state of a running job; `fields` are the other arguments of the class."""
        return cls(Phase.RUNNING, message, **fields)

    @classmethod
    def succeeded(
        cls, *, outputs: LiteralMap | Mapping[str, Any] | None = None, message: str | None = None, **fields: Any
    ) -> Resource:
        """Return the state of a successful job; `fields` are the other arguments of the class."""
        return cls(Phase.SUCCEEDED, message, outputs=outputs, **fields)

    @classmethod
    def failed(cls, message: str, *, code: str = "FAILED", origin: str = "user", **fields: Any) -> Resource:
        """Return the state of a failed job that would fail again; `code` and `origin` are those of ResourceError."""
        return cls(Phase.FAILED, message, error=ResourceError(code, retryable=False, origin=origin), **fields)

    @classmethod
    def retryable_failed(
        cls, message: str, *, code: str = "RETRYABLE_FAILED", origin: str = "system", **fields: Any
    ) -> Resource:
        """Return the state of a failed job that may succeed if it is retried; see :meth:`failed` for the arguments."""
        return cls(Phase.RETRYABLE_FAILED, message, error=ResourceError(code, retryable=True, origin=origin), **fields)

    @property
    def is_terminal(self) -> bool:
        """True if the job has ended."""
        return is_terminal_phase(self.phase)

    async def to_flyte_idl(self, *, output_prefix: str | None = None) -> ResourceMessage:
        """Return the resource as a flyteidl message, with the outputs as literals.

        Args:
            output_prefix: URI under which tables in memory and local files are written.

        Raises:
            LiteralError: if an output cannot be converted (the path names it), or if the outputs are larger than
                ``MAX_OUTPUT_BYTES``.
            InvalidResource: if JSON cannot represent ``custom_info``.
        """
        import connector_core.idl as idl

        message = idl.ResourceMessage(phase=self.phase.value, message=self.message)  # type: ignore[arg-type]
        if self.log_links:
            message.log_links.extend(self.log_links)
        if self.outputs is not None:
            from connector_core.literals import MAX_OUTPUT_BYTES, ato_literal_map

            outputs = await ato_literal_map(
                self.outputs, path="outputs", output_prefix=output_prefix, max_bytes=MAX_OUTPUT_BYTES
            )
            message.outputs.CopyFrom(outputs)
        if self.custom_info is not None:
            message.custom_info.SetInParent()
            _fill_custom_info(message.custom_info, self.custom_info)
        if self.error is not None:
            message.agent_error.code = self.error.code
            message.agent_error.kind = int(self.error.retryable)  # type: ignore[assignment]
            message.agent_error.origin = _ORIGINS.index(self.error.origin)  # type: ignore[assignment]
        return message

    @classmethod
    def from_flyte_idl(cls, pb2_object: ResourceMessage) -> Resource:
        """Return the resource of a flyteidl message; its outputs are a ``LiteralMap``.

        Raises:
            InvalidResource: if the phase is UNDEFINED or unknown.
        """
        from google.protobuf.json_format import MessageToDict

        error = None
        if pb2_object.HasField("agent_error"):
            sent = pb2_object.agent_error
            origin = _ORIGINS[sent.origin] if sent.origin in range(len(_ORIGINS)) else "unknown"
            error = ResourceError(sent.code, retryable=bool(sent.kind), origin=origin)
        return cls(
            phase=pb2_object.phase,
            message=pb2_object.message or None,
            log_links=list(pb2_object.log_links) or None,
            outputs=pb2_object.outputs if pb2_object.HasField("outputs") else None,
            custom_info=MessageToDict(pb2_object.custom_info) if pb2_object.HasField("custom_info") else None,
            error=error,
        )


_ORIGINS = ("unknown", "user", "system")
"""In the order of ``flyteidl.core.ExecutionError.ErrorKind``."""


def _fill_custom_info(struct: Struct, value: Mapping[str, Any]) -> None:
    try:
        struct.update(json.loads(json.dumps(value, allow_nan=False)))
    except (TypeError, ValueError, AttributeError) as error:  # AttributeError: it is not a JSON object.
        raise InvalidResource(
            f"custom_info must be a mapping of names to values that JSON can represent: {error}."
        ) from error
