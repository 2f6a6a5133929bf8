"""BaseSyncConnectorSuite: the checks for a connector whose job ends within the call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connector_core.connector import SyncConnectorBase
from connector_core.models import Resource
from connector_core.phases import Phase
from connector_core.service.answers import MOST_CARRIED
from connector_core.service.watchdog import Watchdog
from connector_core.testing.common_suite import AT_THE_SAME_TIME, NOT_BLOCKED, ConnectorSuite, describe
from connector_core.testing.connector_calls import KEEPS_DEADLINE, arguments_of_do
from connector_core.testing.contracts import Contract, expect

if TYPE_CHECKING:
    from connector_core.errors import CallError
    from connector_core.testing.connector_calls import Calls
    from connector_core.testing.example_task import ExampleTask

__all__ = ["BaseSyncConnectorSuite"]


class BaseSyncConnectorSuite(ConnectorSuite):
    """The checks for a sync connector. Subclass it as ``Test…`` in a test module, and define the fixtures.

    ::

        class TestGreeting(BaseSyncConnectorSuite):
            @pytest.fixture
            def connector(self):
                return GreetingConnector()

            @pytest.fixture
            def task_that_succeeds(self):
                return ExampleTask({"name": "world"}, outputs={"greeting": str})

            @pytest.fixture
            def task_that_fails(self):
                return ExampleTask({"name": ""})

    Optional fixtures: ``task_that_fails_for_now``, ``secrets``. A check whose fixture is missing is skipped.

    Attributes:
        deadline: The seconds that one call may take; Flyte's default.
        patience: The seconds that the job of an example may take to end.
        at_once: The number of jobs that the checks for concurrency run at a time.
    """

    _kind = SyncConnectorBase

    @KEEPS_DEADLINE["do"]
    def test_do_keeps_the_deadline(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def done() -> Resource:
            return await calls.do(await calls.attempt(task_that_succeeds))

        calls.run(done())

    @NOT_BLOCKED
    def test_the_event_loop_is_not_blocked(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def watched() -> str | None:
            attempt = await calls.attempt(task_that_succeeds)
            with Watchdog(blocked_after=0.25, looks=25, connector=calls.connector) as watchdog:
                await calls.do(attempt)
            return watchdog.blocked_at

        where = calls.run(watched())
        expect(where is None, f"The event loop is blocked at {where}.")

    @Contract(
        "do ends when its call is cancelled.",
        why="Flyte hangs up at its deadline. A call that continues takes the place of another one.",
        fix="Let asyncio.CancelledError pass; do not swallow it in a bare except or in a loop around the call.",
    )
    def test_do_can_be_given_up(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def ended() -> bool:
            return await calls.ends_when_cancelled("do", **arguments_of_do(await calls.attempt(task_that_succeeds)))

        expect(calls.run(ended()), "do continued after it was cancelled.")

    @AT_THE_SAME_TIME
    def test_different_jobs_do_not_mix(
        self, calls: Calls, task_that_succeeds: ExampleTask, task_that_fails: ExampleTask | None
    ) -> None:
        if task_that_fails is None:
            pytest.skip("no task can fail")

        async def together() -> list[Resource | CallError]:
            examples = [task_that_succeeds, task_that_fails] * 2
            attempts = [await calls.attempt(example) for example in examples]
            return await asyncio.gather(*(calls.end_of(attempt) for attempt in attempts))

        ends = calls.run(together())
        succeeded = [isinstance(end, Resource) and end.phase is Phase.SUCCEEDED for end in ends]
        expect(
            succeeded == [True, False] * 2,
            f"Of four concurrent tasks, two that succeed ended with {' and '.join(map(describe, ends[::2]))}, and two "
            f"that fail ended with {' and '.join(map(describe, ends[1::2]))}.",
        )

    @Contract(
        "A job can be done again.",
        why="Flyte sends a task again if an answer is lost.",
        fix="Keep nothing in the connector from one call to the next.",
    )
    def test_a_job_can_be_done_again(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def twice() -> list[Phase]:
            attempt = await calls.attempt(task_that_succeeds)
            return [(await calls.do(attempt)).phase for _ in range(2)]

        phases = [phase.name for phase in calls.run(twice())]
        expect(phases == ["SUCCEEDED"] * 2, f"The two calls ended as {' and '.join(phases)}.")

    @Contract(
        "The answer of do fits into Flyte 2's task status of 256 KiB.",
        why="Flyte 2 has no service for sync connectors: the whole answer travels as the job's metadata.",
        fix="Write large outputs under the output prefix, and return a File or StructuredDataset.",
    )
    def test_the_answer_fits_into_a_task_status(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def size() -> int:
            attempt = await calls.attempt(task_that_succeeds)
            resource = await calls.do(attempt)
            return (await resource.to_flyte_idl(output_prefix=attempt.output_prefix)).ByteSize()

        seen = calls.run(size())
        expect(seen <= MOST_CARRIED, f"The answer has {seen} bytes.")
