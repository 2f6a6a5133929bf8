"""The service counts and times calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from prometheus_client import REGISTRY, generate_latest

from connector_core import Call, ConnectorRegistry, Outcome, PermanentError, Phase, Resource, TransientError
from connector_core.invoke import invoke
from connector_core.service.metrics import Metrics
from support.connectors import Echo, JobMeta, Jobs

Sample = Callable[..., float | None]


@pytest.fixture
def metrics(registry: ConnectorRegistry) -> Metrics:
    """Count the calls of `registry`."""
    made = Metrics(queue_length=lambda: 3, loop_lag=lambda: 0.25)
    registry.register_plugin(made)
    return made


@pytest.fixture
def sample(metrics: Metrics) -> Sample:
    """Return the value of a sample with this name and these labels, or None."""

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"flyte_connector_{name}", labels)

    return value


def call(registry: ConnectorRegistry, connector: Any, operation: str = "get", **arguments: Any) -> Any:
    if operation == "get":
        arguments.setdefault("resource_meta", JobMeta())
    return asyncio.run(invoke(Call(connector, operation), registry.plugins, **arguments))


class TestACallThatSucceeds:
    def test_is_counted_by_task_type_and_operation(self, registry: ConnectorRegistry, sample: Sample) -> None:
        call(registry, Jobs(task_type="spark"))
        call(registry, Jobs(task_type="spark"))
        call(registry, Jobs(task_type="spark"), "delete", resource_meta=JobMeta())
        call(registry, Echo(), "do", task_template=None, output_prefix="")
        assert sample("requests_success_total", task_type="spark", operation="get") == 2
        assert sample("requests_success_total", task_type="spark", operation="delete") == 1
        assert sample("requests_success_total", task_type="echo", operation="do") == 1

    def test_is_timed(self, metrics: Metrics, sample: Sample) -> None:
        for seconds in (0.5, 0.25):
            metrics.connector_core_after_call(Call(Jobs(), "create"), Outcome(seconds, JobMeta()))
        assert sample("request_latency_seconds_count", task_type="job", operation="create") == 2
        assert sample("request_latency_seconds_sum", task_type="job", operation="create") == 0.75

    def test_is_not_a_failure(self, registry: ConnectorRegistry, metrics: Metrics) -> None:
        call(registry, Jobs())
        assert b"requests_failure_total{" not in generate_latest(metrics.registry)


class TestACallThatFails:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (ValueError("no"), "500"),
            (PermanentError("no"), "400"),
            (TransientError("no"), "503"),
            (asyncio.CancelledError(), "499"),
        ],
    )
    def test_is_counted_with_the_http_status_and_timed(
        self, registry: ConnectorRegistry, sample: Sample, error: BaseException, code: str
    ) -> None:
        with pytest.raises(type(error)):
            call(registry, Jobs(error))
        assert sample("requests_failure_total", task_type="job", operation="get", error_code=code) == 1
        assert sample("requests_success_total", task_type="job", operation="get") == 0
        assert sample("request_latency_seconds_count", task_type="job", operation="get") == 1
        assert sample("calls_in_flight", task_type="job") == 0


class TestARequestThatIsRefused:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (grpc.StatusCode.CANCELLED, "499"),
            (grpc.StatusCode.UNKNOWN, "500"),
            (grpc.StatusCode.INVALID_ARGUMENT, "400"),
            (grpc.StatusCode.DEADLINE_EXCEEDED, "504"),
            (grpc.StatusCode.NOT_FOUND, "404"),
            (grpc.StatusCode.ALREADY_EXISTS, "409"),
            (grpc.StatusCode.PERMISSION_DENIED, "403"),
            (grpc.StatusCode.UNAUTHENTICATED, "401"),
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "429"),
            (grpc.StatusCode.FAILED_PRECONDITION, "400"),
            (grpc.StatusCode.ABORTED, "409"),
            (grpc.StatusCode.OUT_OF_RANGE, "400"),
            (grpc.StatusCode.UNIMPLEMENTED, "501"),
            (grpc.StatusCode.INTERNAL, "500"),
            (grpc.StatusCode.UNAVAILABLE, "503"),
            (grpc.StatusCode.DATA_LOSS, "500"),
        ],
        ids=str,
    )
    def test_has_the_http_status_of_the_answer(
        self, metrics: Metrics, sample: Sample, status: grpc.StatusCode, code: str
    ) -> None:
        metrics.request_failed("spark", "get", status)
        assert sample("requests_failure_total", task_type="spark", operation="get", error_code=code) == 1

    def test_for_a_task_type_without_a_connector_cannot_create_a_label(self, metrics: Metrics, sample: Sample) -> None:
        metrics.request_failed(None, "create", grpc.StatusCode.NOT_FOUND)
        assert sample("requests_failure_total", task_type="unknown", operation="create", error_code="404") == 1


class TestPhases:
    def test_are_counted_when_a_connector_returns_a_resource(self, registry: ConnectorRegistry, sample: Sample) -> None:
        jobs = Jobs(Resource.running(), Resource.running(), Resource.succeeded())
        for _ in range(3):
            call(registry, jobs)
        assert sample("phase_total", task_type="job", phase="RUNNING") == 2
        assert sample("phase_total", task_type="job", phase="SUCCEEDED") == 1

    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase])
    def test_have_flytes_names(self, metrics: Metrics, sample: Sample, phase: Phase) -> None:
        metrics.connector_core_after_call(Call(Jobs(), "get"), Outcome(0.1, Resource(phase)))
        assert sample("phase_total", task_type="job", phase=phase.name) == 1

    def test_are_not_counted_for_other_results(self, registry: ConnectorRegistry, metrics: Metrics) -> None:
        call(registry, Jobs(), "delete", resource_meta=JobMeta())
        assert b"phase_total{" not in generate_latest(metrics.registry)


class TestCallsInFlight:
    def test_have_not_ended(self, registry: ConnectorRegistry, sample: Sample) -> None:
        started, go_on = threading.Barrier(3), threading.Event()

        def get(self: Any, resource_meta: Any) -> Resource:
            started.wait(10)
            assert go_on.wait(10)
            return Resource.running()

        connector = type("Slow", (Jobs,), {"get": get})()

        async def two_calls() -> None:
            calls = [
                asyncio.ensure_future(invoke(Call(connector, "get"), registry.plugins, resource_meta=JobMeta()))
                for _ in range(2)
            ]
            await asyncio.to_thread(started.wait, 10)
            assert sample("calls_in_flight", task_type="job") == 2
            go_on.set()
            await asyncio.gather(*calls)

        asyncio.run(two_calls())
        assert sample("calls_in_flight", task_type="job") == 0


class TestTheRest:
    def test_input_bytes_are_a_summary(self, metrics: Metrics, sample: Sample) -> None:
        metrics.input_bytes("spark", 100)
        metrics.input_bytes("spark", 50)
        assert sample("input_literal_bytes_count", task_type="spark") == 2
        assert sample("input_literal_bytes_sum", task_type="spark") == 150

    def test_orphans_and_passing_failures_are_counted(self, metrics: Metrics, sample: Sample) -> None:
        metrics.orphan_deleted("spark")
        metrics.passing_failure("spark")
        metrics.passing_failure("spark")
        assert sample("orphans_deleted_total", task_type="spark") == 1
        assert sample("passing_failures_total", task_type="spark") == 2

    @pytest.mark.usefixtures("metrics")
    def test_the_queue_and_the_event_loop_are_measured_when_the_metrics_are_read(self, sample: Sample) -> None:
        assert sample("thread_queue_length") == 3
        assert sample("event_loop_lag_seconds") == 0.25

    def test_the_process_is_described(self, metrics: Metrics) -> None:
        assert (metrics.registry.get_sample_value("process_resident_memory_bytes") or 0) > 1e6

    def test_several_services_in_one_process_share_nothing(self, metrics: Metrics) -> None:
        other = Metrics(queue_length=lambda: 0, loop_lag=lambda: 0)
        metrics.orphan_deleted("spark")
        assert b"spark" not in generate_latest(other.registry)
        assert b"flyte_connector" not in generate_latest(REGISTRY)
