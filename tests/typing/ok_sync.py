"""Sync connectors with a `def` and with an `async def` method."""

from __future__ import annotations

from typing import Any

from connector_core import (
    PermanentError,
    Resource,
    SyncConnectorBase,
    current_call,
    from_literal_map,
    get_connector_secret,
)
from connector_core.idl import LiteralMap, TaskExecutionMetadata, TaskTemplate


class Plain(SyncConnectorBase):
    name = "Plain"
    timeout = 5.0
    max_concurrency = 3
    transient_errors = (ConnectionError, TimeoutError)

    def __init__(self) -> None:
        super().__init__(task_type_name="plain")

    def do(
        self, task_template: TaskTemplate, output_prefix: str, inputs: LiteralMap | None = None, **kwargs: Any
    ) -> Resource:
        given = from_literal_map(inputs or LiteralMap(), {"prompt": str}, path="inputs")
        if not given["prompt"]:
            raise PermanentError("The prompt is empty.", code="EMPTY")
        token: str = get_connector_secret("model_token")
        deadline: float | None = current_call().deadline
        return Resource.succeeded(outputs={"answer": given["prompt"], "length": len(token), "deadline": deadline})


class Coroutine(SyncConnectorBase):
    def __init__(self, version: int = 0) -> None:
        super().__init__("coroutine", version)

    async def do(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: LiteralMap | None = None,
        task_execution_metadata: TaskExecutionMetadata | None = None,
        **kwargs: Any,
    ) -> Resource:
        return Resource.failed("no", code="NO", origin="user")
