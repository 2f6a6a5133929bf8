"""What Flyte relies on, of the connector for processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from connector_core.testing import BaseAsyncConnectorSuite, ExampleTask
from connector_process import ProcessConnector, ProcessMeta

if TYPE_CHECKING:
    from conftest import Jobs


@pytest.mark.slow
@pytest.mark.usefixtures("jobs")
class TestProcess(BaseAsyncConnectorSuite):
    @pytest.fixture
    def connector(self) -> ProcessConnector:
        return ProcessConnector()

    @pytest.fixture
    def task_that_succeeds(self) -> ExampleTask:
        return ExampleTask(container=["echo", "hello"], outputs={"stdout": str})

    @pytest.fixture
    def task_that_fails(self) -> ExampleTask:
        return ExampleTask(container=["false"])

    @pytest.fixture
    def task_that_fails_for_now(self) -> ExampleTask:
        return ExampleTask(container=["sh", "-c", "exit 75"], custom={"retryable_exit_code": 75})

    @pytest.fixture
    def task_that_runs_long(self) -> ExampleTask:
        return ExampleTask(container=["sleep", "600"])

    @pytest.fixture
    def task_that_logs(self) -> ExampleTask:
        return ExampleTask(container=["seq", "5"])

    @pytest.fixture
    def still_runs(self, jobs: Jobs) -> Callable[[ProcessMeta], bool]:
        return jobs.still_runs
