"""What Flyte relies on, of the connector for DuckDB."""

from __future__ import annotations

from typing import Any

import pytest

from connector_core.testing import BaseSyncConnectorSuite, ExampleTask
from connector_duckdb import DuckDBConnector


class TestDuckDB(BaseSyncConnectorSuite):
    @pytest.fixture
    def connector(self) -> DuckDBConnector:
        return DuckDBConnector()

    @pytest.fixture
    def task_that_succeeds(self) -> ExampleTask:
        outputs = {"rows": list[dict[str, Any]]}
        return ExampleTask(
            {"least": 2}, sql="SELECT n FROM (SELECT unnest([1, 2, 3]) AS n) WHERE n >= $least", outputs=outputs
        )

    @pytest.fixture
    def task_that_fails(self) -> ExampleTask:
        return ExampleTask(sql="SELEC 1")
