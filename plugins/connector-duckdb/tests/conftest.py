"""The two ways to the connector: through a Task, and by ``do`` itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector_core import ConnectorRegistry, Resource, Task, to_literal_map
from connector_core.idl import LiteralMap, LiteralType, Sql, StructuredDatasetType, TaskTemplate, Variable
from connector_duckdb import DuckDBConnector

DATASET = LiteralType(structured_dataset_type=StructuredDatasetType(format="parquet"))


@pytest.fixture
def registry() -> ConnectorRegistry:
    registry = ConnectorRegistry(discover=False)
    registry.register(DuckDBConnector())
    return registry


@pytest.fixture
def rows(registry: ConnectorRegistry, tmp_path: Path) -> Callable[..., Any]:
    """Run SQL through a Task and give its output ``rows``."""

    def run(sql: str, *, custom: dict[str, Any] | None = None, **inputs: Any) -> Any:
        task = Task("duckdb", registry=registry, sql=sql, custom=custom, output_prefix=str(tmp_path / "out"))
        return task(**inputs)["rows"]

    return run


@pytest.fixture
def do(tmp_path: Path) -> Callable[..., Resource]:
    """Call ``do`` with inputs as native values."""

    def call(
        sql: str | None = None,
        *,
        inputs: dict[str, Any] | LiteralMap | None = None,
        custom: dict[str, Any] | None = None,
        declared: dict[str, LiteralType] | None = None,
        output_prefix: str = str(tmp_path / "out"),
        timeout: float | None = None,
    ) -> Resource:
        template = TaskTemplate(type="duckdb")
        if sql is not None:
            template.sql.CopyFrom(Sql(statement=sql))
        template.custom.update(custom or {})
        for name, kind in (declared or {}).items():
            template.interface.outputs.variables[name].CopyFrom(Variable(type=kind))
        if timeout is not None:
            template.metadata.timeout.FromNanoseconds(int(timeout * 1e9))
        return DuckDBConnector().do(template, output_prefix, None if inputs is None else to_literal_map(inputs))

    return call


@pytest.fixture
def dataset_type() -> LiteralType:
    return DATASET
