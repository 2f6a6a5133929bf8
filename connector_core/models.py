"""TaskCategory and Resource: the key of a connector, and the state of a job."""

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
    """What a connector is looked up by: the task type and its version.

    Args:
        name: The task type, as it stands in ``TaskTemplate.type``.
        version: ``TaskTemplate.task_type_version``.
    """

    name: str
    version: int = 0

    def __str__(self) -> str:
        return f"{self.name}_v{self.version}"

    def to_flyte_idl(self) -> TaskCategoryMessage:
        """The category as flyteidl has it."""
        from connector_core.idl import TaskCategoryMessage

        return TaskCategoryMessage(name=self.name, version=self.version)


@attrs.frozen
class ResourceError:
    """Why a job failed, for programs: ``flyteidl.admin.AgentError``.

    Args:
        code: A short word, such as ``QUOTA``.
        retryable: Whether another attempt may succeed (the wire's kind RECOVERABLE).
        origin: ``"user"``, ``"system"`` or ``"unknown"``: whose fault it was.
    """

    code: str
    retryable: bool = False
    origin: str = attrs.field(default="unknown", validator=attrs.validators.in_(("unknown", "user", "system")))


def _to_phase(value: Any) -> Phase:
    try:
        phase = value if type(value) is Phase else Phase(value)
    except ValueError:
        raise InvalidResource(
            f"{value!r} is no phase; use one of {', '.join(phase.name for phase in Phase if phase)}."
        ) from None
    if phase is Phase.UNDEFINED:
        raise InvalidResource(
            "A resource cannot be UNDEFINED: Flyte 2 takes it for an error and Flyte 1 for a retryable failure; "
            "say what the job does, such as INITIALIZING or FAILED."
        )
    return phase


def _check_message(_: Any, __: Any, message: Any) -> None:
    if not isinstance(message, str | None):
        raise InvalidResource(f"A resource's message is a str, and not {type(message).__name__}.")


@attrs.define
class Resource:
    """The state of a job now: what ``get`` and ``do`` return.

    Args:
        phase: Where the job is; UNDEFINED and what is no phase are refused.
        message: For the person who waits. Flyte shows it in the waiting phases and for FAILED and RETRYABLE_FAILED.
        log_links: Links to the backend's own pages; Flyte reads them once for each phase.
        outputs: Values by output name, or a ``LiteralMap``. None and ``{}`` differ: with None, Flyte reads
            ``{output_prefix}/outputs.pb``.
        custom_info: Anything that JSON can hold; Flyte reads it once for each phase.
        error: Why the job failed, for programs.

    Raises:
        InvalidResource: The phase is none that a caller could understand.
    """

    phase: Phase = attrs.field(converter=_to_phase)
    message: str | None = attrs.field(default=None, validator=_check_message)
    log_links: Sequence[TaskLog] | None = None
    outputs: LiteralMap | Mapping[str, Any] | None = None
    custom_info: Mapping[str, Any] | None = None
    error: ResourceError | None = None

    @classmethod
    def running(cls, *, message: str | None = None, **fields: Any) -> Resource:
        """A job that goes on."""
        return cls(Phase.RUNNING, message, **fields)

    @classmethod
    def succeeded(
        cls, *, outputs: LiteralMap | Mapping[str, Any] | None = None, message: str | None = None, **fields: Any
    ) -> Resource:
        """A job that did what it should."""
        return cls(Phase.SUCCEEDED, message, outputs=outputs, **fields)

    @classmethod
    def failed(cls, message: str, *, code: str = "FAILED", origin: str = "user", **fields: Any) -> Resource:
        """A job that failed, and would fail again."""
        return cls(Phase.FAILED, message, error=ResourceError(code, retryable=False, origin=origin), **fields)

    @classmethod
    def retryable_failed(
        cls, message: str, *, code: str = "RETRYABLE_FAILED", origin: str = "system", **fields: Any
    ) -> Resource:
        """A job that failed, and may succeed when it is tried again."""
        return cls(Phase.RETRYABLE_FAILED, message, error=ResourceError(code, retryable=True, origin=origin), **fields)

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended."""
        return is_terminal_phase(self.phase)

    async def to_flyte_idl(self, *, output_prefix: str | None = None) -> ResourceMessage:
        """The resource as flyteidl has it, with native outputs as literals.

        Args:
            output_prefix: URI under which the outputs' tables, and files of this machine, are written.

        Raises:
            LiteralError: An output is of no type that Flyte has (the path names it), or the outputs are larger than
                Flyte takes, ``MAX_OUTPUT_BYTES``.
            InvalidResource: ``custom_info`` is not JSON.
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
        """The resource that a message describes; its outputs stay a ``LiteralMap``.

        Raises:
            InvalidResource: The phase is UNDEFINED, or one that this release does not know.
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
    except (TypeError, ValueError, AttributeError) as error:  # AttributeError: JSON, but no object.
        raise InvalidResource(f"custom_info must be what JSON can hold, by name: {error}.") from error
