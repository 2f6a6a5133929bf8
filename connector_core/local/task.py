"""Task: a task of any connector, built and run in a few lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict

from connector_core.connector import SyncConnectorBase
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
from connector_core.local.executor import AsyncConnectorExecutorMixin, SyncConnectorExecutorMixin
from connector_core.registry import default_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_core.idl import LiteralMap
    from connector_core.models import Resource
    from connector_core.registry import ConnectorRegistry

__all__ = ["Task", "task_template"]


def task_template(
    task_type: str,
    *,
    task_type_version: int = 0,
    name: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    custom: Mapping[str, Any] | None = None,
    config: Mapping[str, str] | None = None,
    sql: str | None = None,
    container: Container | Sequence[str] | None = None,
    timeout: float | None = None,
) -> TaskTemplate:
    """The TaskTemplate that Flyte would send; the arguments are those of :class:`Task`.

    Raises:
        LiteralError: A type has no literal type, or ``custom`` is not what JSON can hold.
    """
    template = TaskTemplate(
        id=Identifier(
            resource_type=ResourceType.TASK, project="local", domain="local", name=name or task_type, version="local"
        ),
        type=task_type,
        task_type_version=task_type_version,
        interface=TypedInterface(inputs=_variables(inputs, "inputs"), outputs=_variables(outputs, "outputs")),
        config=config or {},
    )
    if custom:
        template.custom.CopyFrom(_struct(custom))
    if sql is not None:
        template.sql.CopyFrom(Sql(statement=sql, dialect=Sql.Dialect.ANSI))
    if isinstance(container, Container):
        template.container.CopyFrom(container)
    elif container is not None:
        template.container.CopyFrom(Container(args=container))
    if timeout is not None:
        template.metadata.timeout.FromTimedelta(timedelta(seconds=timeout))
    return template


class Task:
    """A task that runs here, through the connector of its type.

    ::

        orders = Task("duckdb", inputs={"least": int}, sql="SELECT * FROM 'orders.csv' WHERE amount > $least")
        orders(least=100)["rows"]

    It is made for the kind of connector that serves the type, so making one looks the connector up.

    Args:
        task_type: The task type.
        name: What it is called in messages; the task type by default.
        inputs: Python types by input name; None: nothing is declared, and values are taken as they are.
        outputs: Python types by output name; None: nothing is declared, and every output is given.
        custom: The connector's own parameters, anything that JSON can hold.
        config: The connector's own parameters, text by text.
        sql: The statement, for a connector that takes one. Inputs are never pasted into it.
        container: The container, or its args, whose placeholders are filled.
        task_type_version: The version of the task type.
        timeout: Seconds after which the job is deleted and TaskTimeout raised.
        output_prefix: URI under which files may be written; a new temporary directory by default.
        registry: Where to look the connector up; the process's own registry by default.
        on_update: Called with each Resource as it comes.

    Raises:
        ConnectorNotFound: Nothing serves the task type.
        LiteralError: A declared type is none that Flyte has.
    """

    def __new__(
        cls,
        task_type: str,
        *,
        task_type_version: int = 0,
        registry: ConnectorRegistry | None = None,
        **_: Any,
    ) -> Task:
        """Choose the mixin for the connector's kind."""
        connector = (registry or default_registry()).get_connector(task_type, task_type_version)
        if cls is Task:
            cls = _SyncTask if isinstance(connector, SyncConnectorBase) else _AsyncTask
        return object.__new__(cls)

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
        self.template: TaskTemplate = task_template(
            task_type,
            task_type_version=task_type_version,
            name=name,
            inputs=inputs,
            outputs=outputs,
            custom=custom,
            config=config,
            sql=sql,
            container=container,
            timeout=timeout,
        )

    def __call__(self, **kwargs: Any) -> dict[str, Any]:
        """Run the task and give its outputs as native values by name, in the declared order.

        Args:
            **kwargs: The task's inputs.

        Raises:
            Exception: As ``execute`` does.
        """
        return from_literal_map(self.execute(**kwargs), self.output_types or None, path="outputs")

    if TYPE_CHECKING:  # They come with the mixin.

        def execute(self, **kwargs: Any) -> LiteralMap: ...  # noqa: D102
        async def aexecute(self, **kwargs: Any) -> LiteralMap: ...  # noqa: D102


class _SyncTask(SyncConnectorExecutorMixin, Task):
    pass


class _AsyncTask(AsyncConnectorExecutorMixin, Task):
    pass


def _struct(custom: Mapping[str, Any]) -> Struct:
    try:
        struct = Struct()
        struct.update(dict(custom))
        plain = json.loads(json.dumps(dict(custom), allow_nan=False))
    except (ValueError, TypeError, RecursionError) as error:
        raise LiteralError("it must be what JSON can hold, by name.", path="custom") from error
    for name, value in MessageToDict(struct).items():
        if value != plain[name]:
            reason = "a Struct has one kind of number, a float; pass an integer beyond 2**53 as text."
            raise LiteralError(reason, path=f"custom.{name}")
    return struct


def _variables(types: Mapping[str, Any] | None, path: str) -> VariableMap:
    variables = {}
    for name, kind in (types or {}).items():
        try:
            variables[name] = Variable(type=literal_type(kind))
        except LiteralError as error:
            raise LiteralError(error.reason, path=f"{path}.{name}{error.path}") from error
    return VariableMap(variables=variables)
