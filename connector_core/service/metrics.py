"""What the service counts and times, for Prometheus: a plugin on the call hooks.

The names, labels and operations of the first four are flytekit's, so that dashboards go on working; all are described
in ``docs/reference/metrics.md``. They are in a registry of their own, because flytekit and flyte register the same
names in the process's. Whoever calls cannot make labels: a task type is one only if a connector serves it.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections import Counter as Counts
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector

from connector_core.hookspecs import hookimpl
from connector_core.invoke import waiting_calls
from connector_core.models import Resource
from connector_core.service.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from connector_core.call import Call, Outcome
    from connector_core.connector import ConnectorBase
    from connector_core.phases import Phase

__all__ = ["UNKNOWN", "Metrics"]

UNKNOWN = "unknown"
"""The task type that a request is counted under when no connector serves the one that it asks for."""


class Metrics(Collector):
    """Counts and times calls; register it with ``registry.register_plugin``.

    Args:
        queue_length: How many plain methods wait for a thread, asked whenever the metrics are read.
        loop_lag: Seconds that the event loop is late, asked whenever the metrics are read.

    Attributes:
        registry: Where the metrics are.
    """

    def __init__(
        self, *, queue_length: Callable[[], float] = waiting_calls, loop_lag: Callable[[], float] = float
    ) -> None:
        self.registry: CollectorRegistry = CollectorRegistry()
        # What every call touches is plain numbers, made into metrics when somebody reads them: the library's own
        # counters take a lock each, and together a fifth of what a call costs us. They count on one event loop.
        self._calls: defaultdict[tuple[ConnectorBase, str], _Calls] = defaultdict(_Calls)
        self._inputs: dict[str, tuple[int, int]] = {}
        self._phases: Counts[tuple[ConnectorBase, Phase]] = Counts()
        by_type, by_operation = ["task_type"], ["task_type", "operation"]
        failed = self._counter("requests_failure", "Requests that failed.", [*by_operation, "error_code"])
        orphans = self._counter("orphans_deleted", "Jobs deleted because nobody asked for them any more.", by_type)
        hidden = self._counter("passing_failures", "Failures of a backend that Flyte was not told of.", by_type)
        self._gauge("thread_queue_length", "Plain methods that wait for a thread.").set_function(queue_length)
        self._gauge("event_loop_lag_seconds", "How late the event loop is.").set_function(loop_lag)
        # Finding a child by its labels takes longer than counting with it: each is found once.
        self._failed = cache(failed.labels)
        self._orphans = cache(orphans.labels)
        self._hidden = cache(hidden.labels)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    @hookimpl
    def connector_core_before_call(self, call: Call) -> None:
        """Count it as in flight."""
        self._calls[call.connector, call.operation].in_flight += 1

    @hookimpl
    def connector_core_after_call(self, call: Call, outcome: Outcome) -> None:
        """Count and time it."""
        calls = self._calls[call.connector, call.operation]
        calls.in_flight -= 1
        calls.ended += 1
        calls.seconds += outcome.seconds
        if outcome.error is not None:
            # A caller that has gone is nobody's bug.
            gone = isinstance(outcome.error, CancelledError)
            status = grpc.StatusCode.CANCELLED if gone else status_of(outcome.error)
            self.refused(call.task_category.name, call.operation, status)
            return
        calls.succeeded += 1
        if isinstance(outcome.result, Resource):
            self._phases[call.connector, outcome.result.phase] += 1

    def collect(self) -> Iterator[Metric]:
        """What every call touches, as metrics."""
        by_operation = ["task_type", "operation"]
        succeeded = CounterMetricFamily(_PREFIX + "requests_success", "Calls that succeeded.", labels=by_operation)
        seconds = SummaryMetricFamily(_PREFIX + "request_latency_seconds", "How long calls took.", labels=by_operation)
        flying = GaugeMetricFamily(_PREFIX + "calls_in_flight", "Calls that have not ended yet.", labels=["task_type"])
        phases = CounterMetricFamily(
            _PREFIX + "phase", "States of jobs that connectors returned, by phase.", labels=["task_type", "phase"]
        )
        in_flight: Counts[str] = Counts()
        for (task_type, operation), calls in self._by_task_type().items():
            succeeded.add_metric([task_type, operation], calls.succeeded)
            seconds.add_metric([task_type, operation], calls.ended, calls.seconds)
            in_flight[task_type] += calls.in_flight
        for task_type, count in in_flight.items():
            flying.add_metric([task_type], count)
        seen: Counts[tuple[str, str]] = Counts()
        for (connector, phase), count in list(self._phases.items()):
            seen[connector.task_category.name, phase.name] += count
        for labels, count in seen.items():
            phases.add_metric(labels, count)
        inputs = SummaryMetricFamily(
            _PREFIX + "input_literal_bytes", "The size of the inputs of tasks.", labels=["task_type"]
        )
        for task_type, (number, total) in list(self._inputs.items()):
            inputs.add_metric([task_type], number, total)
        yield from (succeeded, seconds, flying, phases, inputs)

    def refused(self, task_type: str | None, operation: str, status: grpc.StatusCode) -> None:
        """Count a request as failed that no connector was called for.

        Args:
            task_type: The task type, if there is a connector for it; None counts it under :data:`UNKNOWN`.
            operation: As for a :class:`~connector_core.call.Call`.
            status: What was answered.
        """
        self._failed(task_type or UNKNOWN, operation, _HTTP_STATUS.get(status, "500")).inc()

    def input_bytes(self, task_type: str, size: int) -> None:
        """Note how large the inputs of a task are.

        Args:
            task_type: The task type, which a connector serves.
            size: The literals' size on the wire, in bytes.
        """
        count, total = self._inputs.get(task_type, (0, 0))
        self._inputs[task_type] = (count + 1, total + size)

    def orphan_deleted(self, task_type: str) -> None:
        """Count a job that was deleted because nobody asked for it any more.

        Args:
            task_type: The task type, which a connector serves.
        """
        self._orphans(task_type).inc()

    def passing_failure(self, task_type: str) -> None:
        """Count a failure of a backend that was answered with the job's last state.

        Args:
            task_type: The task type, which a connector serves.
        """
        self._hidden(task_type).inc()

    def _by_task_type(self) -> dict[tuple[str, str], _Calls]:
        """Each version of a task type has a connector, and all have one sum."""
        sums: dict[tuple[str, str], _Calls] = {}
        for (connector, operation), calls in list(self._calls.items()):
            total = sums.setdefault((connector.task_category.name, operation), _Calls())
            for name in _Calls.__slots__:
                setattr(total, name, getattr(total, name) + getattr(calls, name))
        return sums

    def _counter(self, name: str, documentation: str, labels: list[str]) -> Counter:
        return Counter(_PREFIX + name, documentation, labels, registry=self.registry)

    def _gauge(self, name: str, documentation: str, labels: list[str] | None = None) -> Gauge:
        return Gauge(_PREFIX + name, documentation, labels or (), registry=self.registry)


class _Calls:
    """Those of one operation of one task type."""

    __slots__ = ("ended", "in_flight", "seconds", "succeeded")

    def __init__(self) -> None:
        self.succeeded = 0
        self.ended = 0
        self.seconds = 0.0
        self.in_flight = 0


_PREFIX = "flyte_connector_"

# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto; what is not here is 500.
_HTTP_STATUS = {
    grpc.StatusCode.CANCELLED: "499",
    grpc.StatusCode.INVALID_ARGUMENT: "400",
    grpc.StatusCode.FAILED_PRECONDITION: "400",
    grpc.StatusCode.OUT_OF_RANGE: "400",
    grpc.StatusCode.UNAUTHENTICATED: "401",
    grpc.StatusCode.PERMISSION_DENIED: "403",
    grpc.StatusCode.NOT_FOUND: "404",
    grpc.StatusCode.ABORTED: "409",
    grpc.StatusCode.ALREADY_EXISTS: "409",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "429",
    grpc.StatusCode.UNIMPLEMENTED: "501",
    grpc.StatusCode.UNAVAILABLE: "503",
    grpc.StatusCode.DEADLINE_EXCEEDED: "504",
}
