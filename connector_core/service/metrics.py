"""The service's metrics for Prometheus, as a plugin on the call hooks.

The names, labels and operations of the first four are flytekit's, so that its dashboards continue to work;
``docs/reference/metrics.md`` describes all of them. They have their own registry, because flytekit and flyte register
the same names in prometheus-client's default registry. Callers cannot create labels: a task type becomes a label only
if a connector serves it.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections import Counter as Counts
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, Summary
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector

from connector_core.hookspecs import hookimpl
from connector_core.models import Resource
from connector_core.plain_methods import waiting_calls
from connector_core.service.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from connector_core.call import Call, Outcome
    from connector_core.connector import ConnectorBase
    from connector_core.phases import Phase

__all__ = ["UNKNOWN", "Metrics"]

M = TypeVar("M", Counter, Gauge, Summary)

UNKNOWN = "unknown"
"""The task type under which a request is counted if no connector serves its task type."""


class Metrics(Collector):
    """Counts and times calls; register it with ``registry.register_plugin``.

    Args:
        queue_length: Returns the number of plain methods that wait for a thread; called when the metrics are read.
        loop_lag: Returns the delay of the event loop in seconds; called when the metrics are read.

    Attributes:
        registry: The prometheus-client registry that holds the metrics.
    """

    def __init__(
        self, *, queue_length: Callable[[], float] = waiting_calls, loop_lag: Callable[[], float] = float
    ) -> None:
        self.registry: CollectorRegistry = CollectorRegistry()
        # Every call updates these plain numbers; `collect` turns them into metrics. With prometheus-client's own
        # counters, a GetTask takes 5 % more CPU: the call needs six updates, and each takes a lock. See performance.md.
        self._calls: defaultdict[tuple[ConnectorBase, str], _Calls] = defaultdict(_Calls)
        self._phases: Counts[tuple[ConnectorBase, Phase]] = Counts()
        self.registry.register(self)
        failed = self._make(Counter, "requests_failure", "Requests that failed.", *_BY_OPERATION, "error_code")
        inputs = self._make(Summary, "input_literal_bytes", "Size of the inputs of tasks.", *_BY_TYPE)
        orphans = self._make(Counter, "orphans_deleted", "Jobs deleted because no caller asks for them.", *_BY_TYPE)
        hidden = self._make(Counter, "passing_failures", "Polls that failed temporarily.", *_BY_TYPE)
        self._make(Gauge, "thread_queue_length", "Plain methods that wait for a thread.").set_function(queue_length)
        self._make(Gauge, "event_loop_lag_seconds", "Delay of the event loop.").set_function(loop_lag)
        ProcessCollector(registry=self.registry)
        # Looking a child up by its labels takes longer than counting with it.
        self._failed = cache(failed.labels)
        self._inputs = cache(inputs.labels)
        self._orphans = cache(orphans.labels)
        self._hidden = cache(hidden.labels)

    @hookimpl
    def connector_core_before_call(self, call: Call) -> None:
        """Count the call as in flight."""
        self._calls[call.connector, call.operation].in_flight += 1

    @hookimpl
    def connector_core_after_call(self, call: Call, outcome: Outcome) -> None:
        """Count and time the call."""
        calls = self._calls[call.connector, call.operation]
        calls.in_flight -= 1
        calls.ended += 1
        calls.seconds += outcome.seconds
        if outcome.error is not None:
            # A disconnected caller is not a bug in the connector.
            cancelled = isinstance(outcome.error, CancelledError)
            status = grpc.StatusCode.CANCELLED if cancelled else status_of(outcome.error)
            self.request_failed(call.task_category.name, call.operation, status)
            return
        calls.succeeded += 1
        if isinstance(outcome.result, Resource):
            self._phases[call.connector, outcome.result.phase] += 1

    def request_failed(self, task_type: str | None, operation: str, status: grpc.StatusCode) -> None:
        """Count a request as failed.

        Args:
            task_type: The task type, if a connector serves it; None: counted under :data:`UNKNOWN`.
            operation: As for a :class:`~connector_core.call.Call`.
            status: The status of the answer.
        """
        self._failed(task_type or UNKNOWN, operation, _HTTP_STATUS.get(status, "500")).inc()

    def input_bytes(self, task_type: str, size: int) -> None:
        """Record the size of a task's inputs.

        Args:
            task_type: The task type, which a connector serves.
            size: The size of the literals on the wire, in bytes.
        """
        self._inputs(task_type).observe(size)

    def orphan_deleted(self, task_type: str) -> None:
        """Count a job that was deleted because no caller asks for it any longer.

        Args:
            task_type: The task type, which a connector serves.
        """
        self._orphans(task_type).inc()

    def passing_failure(self, task_type: str) -> None:
        """Count a poll that failed temporarily and was answered with the job's last known state.

        Args:
            task_type: The task type, which a connector serves.
        """
        self._hidden(task_type).inc()

    def collect(self) -> Iterator[Metric]:
        """Turn the numbers that calls update into metrics. prometheus-client calls this when the metrics are read."""
        succeeded = CounterMetricFamily(_PREFIX + "requests_success", "Calls that succeeded.", labels=_BY_OPERATION)
        seconds = SummaryMetricFamily(_PREFIX + "request_latency_seconds", "Duration of calls.", labels=_BY_OPERATION)
        flying = GaugeMetricFamily(_PREFIX + "calls_in_flight", "Calls that have not ended yet.", labels=_BY_TYPE)
        phases = CounterMetricFamily(_PREFIX + "phase", "Returned states of jobs.", labels=["task_type", "phase"])
        in_flight: Counts[str] = Counts()
        for (task_type, operation), calls in self._sums().items():
            succeeded.add_metric([task_type, operation], calls.succeeded)
            seconds.add_metric([task_type, operation], calls.ended, calls.seconds)
            in_flight[task_type] += calls.in_flight
        for task_type, count in in_flight.items():
            flying.add_metric([task_type], count)
        returned: Counts[tuple[str, str]] = Counts()
        for (connector, phase), count in list(self._phases.items()):
            returned[connector.task_category.name, phase.name] += count
        for labels, count in returned.items():
            phases.add_metric(labels, count)
        yield from (succeeded, seconds, flying, phases)

    def _sums(self) -> dict[tuple[str, str], _Calls]:
        """Sum the numbers of all versions of each task type, which have one connector each."""
        sums: defaultdict[tuple[str, str], _Calls] = defaultdict(_Calls)
        for (connector, operation), calls in list(self._calls.items()):
            total = sums[connector.task_category.name, operation]
            total.succeeded += calls.succeeded
            total.ended += calls.ended
            total.seconds += calls.seconds
            total.in_flight += calls.in_flight
        return sums

    def _make(self, kind: type[M], name: str, documentation: str, *labels: str) -> M:
        return kind(_PREFIX + name, documentation, labels, registry=self.registry)


class _Calls:
    """The numbers of one operation of one connector."""

    __slots__ = ("ended", "in_flight", "seconds", "succeeded")

    def __init__(self) -> None:
        self.succeeded = 0
        self.ended = 0
        self.seconds = 0.0
        self.in_flight = 0


_PREFIX = "flyte_connector_"
_BY_TYPE = ["task_type"]
_BY_OPERATION = ["task_type", "operation"]

# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto; other statuses are 500.
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
