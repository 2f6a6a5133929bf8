"""ExampleTask: a task with a known end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_core.idl import Container

__all__ = ["ExampleTask"]


@attrs.frozen
class ExampleTask:
    """A task for a conformance suite: the arguments of :class:`~connector_core.Task`, and the values of its inputs.

    ::

        ExampleTask({"seconds": 0.0}, outputs={"seconds": float})

    Args:
        values: The inputs, native values by name.
        inputs: Python types by input name; None: the types of the values.
        outputs: Python types by output name; None: the task declares no outputs.
        custom: The connector's own parameters, as JSON values.
        config: The connector's own parameters, as texts.
        sql: The statement, for a connector that takes one.
        container: The container, or its args.
    """

    values: Mapping[str, Any] = attrs.field(factory=dict)
    inputs: Mapping[str, Any] | None = attrs.field(default=None, kw_only=True)
    outputs: Mapping[str, Any] | None = attrs.field(default=None, kw_only=True)
    custom: Mapping[str, Any] | None = attrs.field(default=None, kw_only=True)
    config: Mapping[str, str] | None = attrs.field(default=None, kw_only=True)
    sql: str | None = attrs.field(default=None, kw_only=True)
    container: Container | Sequence[str] | None = attrs.field(default=None, kw_only=True)

    def fields(self) -> dict[str, Any]:
        """Return the keyword arguments of a Task."""
        return {
            "inputs": self.inputs,
            "outputs": self.outputs,
            "custom": self.custom,
            "config": self.config,
            "sql": self.sql,
            "container": self.container,
        }
