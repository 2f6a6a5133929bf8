"""Task: a task for any connector, built and run in a few lines."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connector_core.errors import LiteralError
from connector_core.idl import (
    Container,
    Identifier,
    ResourceType,
    Sql,
    Struct,
    TaskTemplate,
    TypedInterface,
    Variable,
    VariableMap,
)
from connector_core.literals import from_literal_map, literal_type
from connector_core.literals.paths import within
from connector_core.local.executor import LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector_core.models import Resource
    from connector_core.registry import ConnectorRegistry

__all__ = ["Task"]


class Task(LocalExecutor):
    """A task that runs here, through the connector that serves its task type.

    ::

        orders = Task("duckdb", inputs={"least": int}, sql="SELECT * FROM 'orders.csv' WHERE amount > $least")
        orders(least=100)["rows"]

    A copy has the same registry and the same ``on_update``; ``copy.deepcopy`` gives it a template of its own.

    Args:
        task_type: The task type. Its connector is looked up at once.
        name: The name in messages; default: the task type.
        inputs: Python types by input name. None: no inputs are declared, and values are accepted as they are.
        outputs: Python types by output name. None: no outputs are declared, and all outputs are returned.
        custom: The connector's own parameters, as JSON values.
        config: The connector's own parameters, as text.
        sql: The statement, for a connector that takes one. Inputs are never pasted into it.
        container: The container, or its args. Placeholders in the args are filled.
        task_type_version: The version of the task type.
        timeout: The seconds after which the job is deleted and TaskTimeout is raised.
        output_prefix: The URI under which the task may write files; default: a new temporary directory.
        registry: The registry in which to look up the connector; default: the process's registry.
        on_update: Called with each Resource as it arrives.

    Attributes:
        template: The TaskTemplate that Flyte would send.

    Raises:
        ConnectorNotFound: if no connector serves the task type.
        LiteralError: if Flyte does not support a declared type, or if JSON cannot hold ``custom``.
    """

    def __init__(
        self,
        task_type: str,
        *,
        name: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        custom: Mapping[str, Any] | None = None,
        config: Mapping[str, str] | None = None,
        sql: str | None = None,
        container: Container | Sequence[str] | None = None,
        task_type_version: int = 0,
        timeout: float | None = None,
        output_prefix: str | None = None,
        registry: ConnectorRegistry | None = None,
        on_update: Callable[[Resource], None] | None = None,
    ) -> None:
        self.name: str = name or task_type
        self.input_types = inputs
        self.output_types = outputs
        self.output_prefix = output_prefix
        self.registry = registry
        self.on_update = on_update
        self.template: TaskTemplate = TaskTemplate(
            id=Identifier(
                resource_type=ResourceType.TASK, project="local", domain="local", name=self.name, version="local"
            ),
            type=task_type,
            task_type_version=task_type_version,
            config=config or {},
        )
        self._find_connector()
        self.template.interface.CopyFrom(
            TypedInterface(inputs=_variables(inputs, "inputs"), outputs=_variables(outputs, "outputs"))
        )
        if custom:
            self.template.custom.CopyFrom(_struct(custom))
        if sql is not None:
            self.template.sql.CopyFrom(Sql(statement=sql, dialect=Sql.Dialect.ANSI))
        if isinstance(container, Container):
            self.template.container.CopyFrom(container)
        elif container is not None:
            self.template.container.CopyFrom(Container(args=container))
        if timeout is not None:
            self.template.metadata.timeout.FromTimedelta(timedelta(seconds=timeout))

    def __call__(self, **kwargs: Any) -> dict[str, Any]:
        """Run the task and return its outputs as native values by name, in the declared order.

        Args:
            **kwargs: The task's inputs.

        Raises:
            Exception: as for ``execute``.
        """
        return from_literal_map(self.execute(**kwargs), self.output_types or None, path="outputs")

    def __deepcopy__(self, memo: dict[int, Any]) -> Task:
        # A registry cannot be copied, and the callback's object must stay the one that the caller knows.
        copied = copy.copy(self)
        copied.template = copy.deepcopy(self.template, memo)
        return copied


def _struct(custom: Mapping[str, Any]) -> Struct:
    from google.protobuf.json_format import MessageToDict

    try:
        struct = Struct()
        struct.update(dict(custom))
        plain = json.loads(json.dumps(dict(custom), allow_nan=False))
    except (ValueError, TypeError, RecursionError) as error:
        raise LiteralError("must be a mapping of names to values that JSON can hold.", path="custom") from error
    for name, value in MessageToDict(struct).items():
        if value != plain[name]:
            reason = "a Struct holds every number as a float; pass an integer beyond 2**53 as text."
            raise LiteralError(reason, path=f"custom.{name}")
    return struct


def _variables(types: Mapping[str, Any] | None, path: str) -> VariableMap:
    variables = {}
    for name, kind in (types or {}).items():
        with within(f"{path}.{name}"):
            variables[name] = Variable(type=literal_type(kind))
    return VariableMap(variables=variables)
