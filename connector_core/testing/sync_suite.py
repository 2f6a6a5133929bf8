"""BaseSyncConnectorSuite: what Flyte relies on in a connector that answers within the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_core.phases import Phase
from connector_core.service.servicers import MOST_CARRIED
from connector_core.testing.contracts import contract, holds
from connector_core.testing.suite import ConnectorSuite

if TYPE_CHECKING:
    from connector_core.models import Resource
    from connector_core.testing.calls import Calls
    from connector_core.testing.examples import ExampleTask

__all__ = ["BaseSyncConnectorSuite"]


class BaseSyncConnectorSuite(ConnectorSuite):
    """Subclass it in a test module, name the class ``Test…``, and give it the fixtures.

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
        deadline: Seconds that one call may take; Flyte's default.
        patience: Seconds that an example's job may take to end.
        at_once: How many jobs are run at a time to see whether they disturb each other.
    """

    @contract(
        "do answers within Flyte's deadline.",
        why="Flyte waits ten seconds, then fails the attempt and does the job again.",
        fix="Write an async connector for a job that takes longer: create, get and delete.",
    )
    def test_do_keeps_the_deadline(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def done() -> Resource:
            return await calls.do(await calls.attempt(task_that_succeeds))

        calls.run(done())

    @contract(
        "do ends when its caller goes.",
        why="Flyte hangs up at its deadline: a call that goes on for nobody takes the place of another's.",
        fix="Let asyncio.CancelledError pass; a bare except or a loop around the call must not swallow it.",
    )
    def test_do_can_be_given_up(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def ended() -> bool:
            attempt = await calls.attempt(task_that_succeeds)
            return await calls.given_up(
                "do", task_template=attempt.task_template, output_prefix=attempt.output_prefix, inputs=attempt.inputs
            )

        holds(calls.run(ended()), "do went on after it was cancelled.")

    @contract(
        "A job can be done again.",
        why="Flyte sends a task again when an answer is lost.",
        fix="Keep nothing in the connector from one call to the next.",
    )
    def test_a_job_can_be_done_again(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def twice() -> list[Phase]:
            attempt = await calls.attempt(task_that_succeeds)
            return [(await calls.do(attempt)).phase for _ in range(2)]

        phases = [phase.name for phase in calls.run(twice())]
        holds(phases == ["SUCCEEDED"] * 2, f"The two ended as {' and '.join(phases)}.")

    @contract(
        "What do returns fits into Flyte 2's task status: 256 KiB.",
        why="Flyte 2 has no service for sync connectors: the whole answer travels as the job's metadata.",
        fix="Write large outputs under the output prefix, and return a File or StructuredDataset.",
    )
    def test_the_answer_fits_into_a_task_status(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def size() -> int:
            attempt = await calls.attempt(task_that_succeeds)
            resource = await calls.do(attempt)
            return (await resource.to_flyte_idl(output_prefix=attempt.output_prefix)).ByteSize()

        seen = calls.run(size())
        holds(seen <= MOST_CARRIED, f"It has {seen} bytes.")
