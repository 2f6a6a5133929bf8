"""BaseAsyncConnectorSuite: the checks for a connector whose job outlives the call."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from connector_core.connector import AsyncConnectorBase, implements
from connector_core.errors import CallError, ConnectorNotFound, PermanentError, RetryableError, TransientError
from connector_core.idl import GetTaskMetricsResponse
from connector_core.meta import metadata_fields
from connector_core.models import Resource
from connector_core.phases import Phase
from connector_core.registry import ConnectorRegistry
from connector_core.secrets import masked
from connector_core.service.watchdog import Watchdog
from connector_core.testing.common_suite import (
    AT_THE_SAME_TIME,
    CAN_BE_SENT,
    HOLDS_NO_SECRET,
    NOT_BLOCKED,
    ConnectorSuite,
    check_no_secret,
    check_size,
    visible_texts,
)
from connector_core.testing.connector_calls import KEEPS_DEADLINE
from connector_core.testing.contracts import Contract, expect
from connector_core.testing.flyte_callers import calling
from connector_core.testing.other_process import call_in_another_process
from connector_core.testing.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from connector_core.meta import ResourceMeta
    from connector_core.testing.connector_calls import Calls
    from connector_core.testing.example_task import ExampleTask

__all__ = ["BaseAsyncConnectorSuite"]


class BaseAsyncConnectorSuite(ConnectorSuite):
    """The checks for an async connector. Subclass it as ``Test…`` in a test module, and define the fixtures.

    ::

        class TestWait(BaseAsyncConnectorSuite):
            @pytest.fixture
            def connector(self):
                return WaitConnector()

            @pytest.fixture
            def task_that_succeeds(self):
                return ExampleTask({"seconds": 0.0}, outputs={"seconds": float})

            @pytest.fixture
            def task_that_fails(self):
                return ExampleTask({"seconds": -1.0})

            @pytest.fixture
            def task_that_runs_long(self):
                return ExampleTask({"seconds": 600.0})

    Optional fixtures: ``task_that_fails_for_now``, ``task_that_logs``, ``metric_queries``, ``backend_away``,
    ``still_runs``, ``unknown_job``, ``secrets``, ``entry_value``.

    Attributes:
        deadline: The seconds that one call may take; Flyte's default.
        patience: The seconds that the job of an example may take to end.
        at_once: The number of jobs that the checks for concurrency run at a time.
        most_metadata: The bytes that the encoded metadata may have.
    """

    _kind = AsyncConnectorBase
    most_metadata: int = 16 * 1024

    @pytest.fixture
    def task_that_runs_long(self) -> ExampleTask:
        """Return a task whose job would run for minutes; required."""
        pytest.fail(
            "The suite needs the fixture task_that_runs_long: an ExampleTask whose job would run for minutes. Define "
            "it in your subclass with @pytest.fixture."
        )

    @pytest.fixture
    def task_that_logs(self, task_that_succeeds: ExampleTask) -> ExampleTask:
        """Return a task whose job writes at least three lines to its log, and ends."""
        return task_that_succeeds

    @pytest.fixture
    def metric_queries(self) -> list[str]:
        """Return the queries for ``get_metrics``, in the connector's own words."""
        return []

    @pytest.fixture
    def backend_away(self) -> AbstractContextManager[None] | None:
        """Return a context manager during which the backend does not answer, or None."""
        return None

    @pytest.fixture
    def still_runs(self) -> Callable[[ResourceMeta], bool] | None:
        """Return a function that asks the backend itself whether it still runs a job; None: ``get`` is trusted."""
        return None

    @pytest.fixture
    def unknown_job(self, calls: Calls, task_that_succeeds: ExampleTask) -> ResourceMeta:
        """Return metadata of a job that the backend does not know.

        By default it is that of a real job, with the long ids replaced that differ between two jobs.
        """

        async def two() -> list[ResourceMeta]:
            return [await calls.create(await calls.attempt(task_that_succeeds)) for _ in range(2)]

        try:
            return _unlike(*calls.run(two()))
        except Exception as error:
            refused = f"The suite cannot start a job to change its id: {type(error).__name__}: {error}"
        pytest.fail(masked(refused), pytrace=False)

    @pytest.fixture
    def entry_value(self, connector: Any) -> str:
        """Return the value of the connector's entry point; its class if it has none."""
        registry, category = ConnectorRegistry(), connector.task_category
        with suppress(ConnectorNotFound):
            if type(registry.get_connector(category.name, category.version)) is type(connector):
                return next(entry.value for entry in registry.entries() if entry.task_type == category.name)
        return f"{type(connector).__module__}:{type(connector).__qualname__}"

    @KEEPS_DEADLINE["create"]
    def test_create_keeps_the_deadline(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        calls.run(_create(calls, task_that_runs_long))

    @KEEPS_DEADLINE["get"]
    def test_get_keeps_the_deadline(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def asked() -> None:
            await calls.get(await _create(calls, task_that_runs_long))

        calls.run(asked())

    @KEEPS_DEADLINE["delete"]
    def test_delete_keeps_the_deadline(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def deleted() -> None:
            await calls.delete(await _create(calls, task_that_runs_long))

        calls.run(deleted())

    @NOT_BLOCKED
    def test_the_event_loop_is_not_blocked(
        self, calls: Calls, task_that_succeeds: ExampleTask, task_that_runs_long: ExampleTask
    ) -> None:
        async def watched() -> str | None:
            attempts = [await calls.attempt(example) for example in (task_that_succeeds, task_that_runs_long)]
            with Watchdog(blocked_after=0.25, looks=25, connector=calls.connector) as watchdog:
                await calls.run_to_end(attempts[0])
                await calls.call_optional_methods(await calls.create(attempts[1]), attempts[1].idempotency_key)
            return watchdog.blocked_at

        where = calls.run(watched())
        expect(where is None, f"The event loop is blocked at {where}.")

    @CAN_BE_SENT
    def test_a_running_state_can_be_sent(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def sent() -> None:
            meta = await _create(calls, task_that_runs_long)
            await check_size(await calls.get(meta), calls.prefix_of(meta))

        calls.run(sent())

    @HOLDS_NO_SECRET
    def test_a_running_state_holds_no_secret(
        self, calls: Calls, task_that_runs_long: ExampleTask, secrets: Mapping[str, str]
    ) -> None:
        async def running() -> Resource:
            return await calls.get(await _create(calls, task_that_runs_long))

        check_no_secret(secrets, *visible_texts(calls.run(running())))

    @AT_THE_SAME_TIME
    def test_different_jobs_do_not_mix(
        self, calls: Calls, task_that_succeeds: ExampleTask, task_that_runs_long: ExampleTask
    ) -> None:
        async def together() -> list[Resource]:
            examples = [task_that_succeeds, task_that_runs_long] * 2
            attempts = [await calls.attempt(example) for example in examples]
            metas = await asyncio.gather(*(calls.create(attempt) for attempt in attempts))
            ends = await asyncio.gather(*(calls.poll_to_end(meta) for meta in metas[::2]))
            return [*(states[-1] for states in ends), *[await calls.get(meta) for meta in metas[1::2]]]

        *ended, third, fourth = calls.run(together())
        phases = [end.phase.name for end in ended]
        expect(set(phases) == {"SUCCEEDED"}, f"Beside long-running jobs, those that succeed ended as {phases}.")
        for running in (third, fourth):
            expect(not running.is_terminal, f"Beside jobs that succeed, a long-running one is {running.phase.name}.")

    @Contract(
        "Metadata that is encoded and decoded is equal to the original.",
        why="Flyte keeps the encoded metadata, and passes it to the process that answers the next call.",
        fix="Give each field a type that the codec supports, and return an object of metadata_type itself.",
    )
    def test_metadata_survives_the_wire(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        meta = calls.run(_create(calls, task_that_succeeds))
        again = calls.connector.metadata_type.decode(meta.encode())
        expect(again == meta and type(again) is type(meta), f"{meta!r} came back as {again!r}.")

    @Contract(
        "Encoded metadata has at most 16 KiB.",
        why="Flyte keeps the metadata of every task in the workflow's own record, which etcd limits to 1.5 MiB: room "
        "for about a hundred tasks.",
        fix="Keep only what identifies the job, and ask the backend for the rest.",
    )
    def test_metadata_is_small(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        size = len(calls.run(_create(calls, task_that_succeeds)).encode())
        expect(size <= self.most_metadata, f"The metadata has {size} bytes.")

    @Contract(
        "Metadata contains no secret.",
        why="Flyte stores and logs metadata, and everybody who can see the execution can read it.",
        fix="Get secrets with get_connector_secret(…) in each call, and leave them out of the metadata.",
    )
    def test_metadata_holds_no_secret(
        self, calls: Calls, task_that_succeeds: ExampleTask, secrets: Mapping[str, str]
    ) -> None:
        check_no_secret(secrets, calls.run(_create(calls, task_that_succeeds)).encode().decode())

    @Contract(
        "get answers right after create.",
        why="Flyte polls the job at once, and counts an error of get for the rest of the job's life.",
        fix="Report QUEUED or INITIALIZING for a job that the backend does not list yet.",
    )
    def test_get_answers_right_after_create(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def first() -> Resource:
            return await calls.get(await _create(calls, task_that_runs_long))

        state = calls.run(first())
        expect(not state.is_terminal, f"A long-running job is {state.phase.name} right after create: {state.message}")

    @Contract(
        "get works in another process, with the metadata alone.",
        why="Successive calls for one job reach different replicas of the service, and replicas restart.",
        fix="Put everything that get needs into the metadata, and nothing into attributes, globals or local files.",
    )
    def test_get_works_in_another_process(
        self, calls: Calls, task_that_runs_long: ExampleTask, entry_value: str
    ) -> None:
        calls.skip_if_late("get")
        meta = calls.run(_create(calls, task_that_runs_long))
        state = call_in_another_process(entry_value, calls.connector, "get", meta.encode(), calls.prefix_of(meta))
        expect(not state.is_terminal, f"In the other process, the running job is {state.phase.name}: {state.message}")

    @Contract(
        "A terminal phase does not change.",
        why="Flyte polls again if an answer was lost, and believes the last answer.",
        fix="Derive the state from the backend's record of the job; do not forget a job after its end was reported.",
    )
    def test_a_terminal_phase_stays(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def phases() -> list[str]:
            meta = await _create(calls, task_that_succeeds)
            last = (await calls.poll_to_end(meta))[-1]
            return [last.phase.name, *[(await calls.get(meta)).phase.name for _ in range(3)]]

        seen = calls.run(phases())
        expect(len(set(seen)) == 1, f"Successive polls returned {', '.join(seen)}.")

    @Contract(
        "The outputs are the same with each poll.",
        why="Flyte polls again if an answer was lost, and a downstream task may have read the first answer.",
        fix="Return what the job has stored; do not return a result only once.",
    )
    def test_the_outputs_stay(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def outputs() -> list[str]:
            meta = await _create(calls, task_that_succeeds)
            await calls.poll_to_end(meta)
            return [await _outputs(calls, meta) for _ in range(2)]

        first, second = calls.run(outputs())
        expect(first == second, f"The first poll returned {first}, the second {second}.")

    @Contract(
        "Concurrent polls of one job all succeed.",
        why="A replica and its successor can poll the same job at the same time.",
        fix="Let get only read.",
    )
    def test_concurrent_polls_succeed(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def polls() -> list[Resource]:
            meta = await _create(calls, task_that_runs_long)
            return await asyncio.gather(*(calls.get(meta) for _ in range(2 * self.at_once)))

        ended = [state for state in calls.run(polls()) if state.is_terminal]
        expect(not ended, f"{len(ended)} of {2 * self.at_once} polls returned {ended and ended[0].phase.name}.")

    @Contract(
        "get of a job that the backend does not know returns FAILED, ABORTED or RETRYABLE_FAILED, or raises "
        "PermanentError.",
        why="Backends forget jobs. Flyte waits forever for a job that is reported as running, and also after five "
        "errors of get.",
        fix="Return Resource.failed(…) or Resource.retryable_failed(…) if the backend says that there is no such job.",
    )
    def test_get_of_an_unknown_job_ends_it(self, calls: Calls, unknown_job: ResourceMeta) -> None:
        try:
            state = calls.run(calls.get(unknown_job))
        except CallError as error:
            expect(not isinstance(error, TransientError), f"get raised {type(error).__name__}: {error}")
            return
        expect(
            state.is_terminal and state.phase is not Phase.SUCCEEDED,
            f"get returned {state.phase.name}: {state.message}",
        )

    @Contract(
        "Two jobs have different metadata.",
        why="Flyte knows a job by its metadata alone. A call that deletes one job must not delete another.",
        fix="Keep the backend's own id of the job in the metadata.",
    )
    def test_each_job_has_metadata_of_its_own(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def two() -> list[ResourceMeta]:
            return [await _create(calls, task_that_runs_long) for _ in range(2)]

        first, second = calls.run(two())
        expect(first != second, f"Two jobs have the same metadata: {first!r}.")

    @Contract(
        "get ends when its call is cancelled.",
        why="Flyte hangs up at its deadline. A call that continues takes the place of another one.",
        fix="Let asyncio.CancelledError pass; do not swallow it in a bare except or in a loop around the call.",
    )
    def test_get_can_be_given_up(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def ended() -> bool:
            meta = await _create(calls, task_that_runs_long)
            return await calls.ends_when_cancelled("get", resource_meta=meta, output_prefix=calls.prefix_of(meta))

        expect(calls.run(ended()), "get continued after it was cancelled.")

    @Contract(
        "delete ends a running job.",
        why="Flyte no longer polls a deleted job: if it is not ended, it runs and costs money forever.",
        fix="Call the backend's own cancel with the job's id, and wait for its answer.",
    )
    def test_delete_ends_a_running_job(
        self, calls: Calls, task_that_runs_long: ExampleTask, still_runs: Callable[[ResourceMeta], bool] | None
    ) -> None:
        async def deleted() -> ResourceMeta:
            meta = await _create(calls, task_that_runs_long)
            await calls.delete(meta)
            return meta

        meta = calls.run(deleted())
        end = calls.run(_end_of_deleted(calls, meta))
        expect(not isinstance(end, Resource) or end.phase is not Phase.SUCCEEDED, "The deleted job has SUCCEEDED.")
        if still_runs is not None:
            gone = calls.run(calls.wait_for(lambda: not still_runs(meta)))
            expect(gone, "get says that the job has ended, but the backend still runs it.")

    @Contract(
        "delete works in another process, with the metadata alone.",
        why="An abort can reach any replica of the service, including one that was started after the job.",
        fix="Put everything that delete needs into the metadata, and nothing into attributes, globals or local files.",
    )
    def test_delete_works_in_another_process(
        self, calls: Calls, task_that_runs_long: ExampleTask, entry_value: str
    ) -> None:
        calls.skip_if_late("delete")
        meta = calls.run(_create(calls, task_that_runs_long))
        call_in_another_process(entry_value, calls.connector, "delete", meta.encode())
        calls.run(_end_of_deleted(calls, meta))

    @Contract(
        "delete of one job does not affect other jobs.",
        why="They belong to other tasks and other users.",
        fix="End the job that the metadata names, not the last one that was started or one with the same name.",
    )
    def test_delete_leaves_other_jobs_alone(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def other() -> Resource:
            kept = await _create(calls, task_that_runs_long)
            await calls.delete(await _create(calls, task_that_runs_long))
            return await calls.get(kept)

        state = calls.run(other())
        expect(not state.is_terminal, f"The other job is {state.phase.name}: {state.message}")

    @Contract(
        "A second delete of a job succeeds.",
        why="Flyte repeats delete until it is answered, and an answer can be lost.",
        fix="Treat the backend's 'no such job' and 'has ended' as success.",
    )
    def test_delete_twice_is_a_success(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def twice() -> None:
            meta = await _create(calls, task_that_runs_long)
            await calls.delete(meta)
            await calls.delete(meta)

        calls.run(twice())

    @Contract(
        "delete of a job that has ended succeeds, and keeps its result.",
        why="Flyte 2 deletes successful jobs when it cleans up, and may ask for the outputs after that.",
        fix="Cancel the job; do not remove its record or its outputs.",
    )
    def test_delete_leaves_a_job_that_has_ended(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def before_and_after() -> None:
            meta = await _create(calls, task_that_succeeds)
            before = (await calls.poll_to_end(meta))[-1]
            outputs = await _outputs(calls, meta)
            await calls.delete(meta)
            now = await calls.get(meta)
            expect(now.phase is before.phase, f"It was {before.phase.name}, and is {now.phase.name}: {now.message}")
            kept = await _outputs(calls, meta)
            expect(kept == outputs, f"Its outputs were {outputs}, and are {kept}.")

        calls.run(before_and_after())

    @Contract(
        "delete of a job that the backend does not know succeeds.",
        why="Flyte repeats delete until it succeeds.",
        fix="Treat the backend's 'no such job' as success.",
    )
    def test_delete_of_an_unknown_job_is_a_success(self, calls: Calls, unknown_job: ResourceMeta) -> None:
        calls.run(calls.delete(unknown_job))

    @Contract(
        "get raises TransientError if the backend does not answer.",
        why="A missing answer says nothing about the job. After a TransientError the service gives Flyte the last "
        "state, and polls again. Any other error counts against the job.",
        fix="List the client's exceptions in the class attribute transient_errors, or raise TransientError.",
    )
    def test_a_backend_that_is_away_fails_no_job(
        self, calls: Calls, task_that_runs_long: ExampleTask, backend_away: AbstractContextManager[None] | None
    ) -> None:
        if backend_away is None:
            pytest.skip("no fixture backend_away")
        meta = calls.run(_create(calls, task_that_runs_long))
        with backend_away:
            try:
                state = calls.run(calls.get(meta))
            except TransientError:
                pass
            else:
                raise AssertionError(f"While the backend was away, get returned {state.phase.name}: {state.message}")
        after = calls.run(calls.get(meta))
        expect(not after.is_terminal, f"When the backend was back, the job was {after.phase.name}: {after.message}")

    @Contract(
        "find returns the job of a key.",
        why="If Flyte requests an attempt again, the attempt gets its first job instead of a second one.",
        fix="Tag the job with the idempotency_key that create receives, and look the tag up.",
    )
    def test_find_gives_the_job_of_a_key(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        _skip_without(calls, "find")

        async def found() -> tuple[ResourceMeta, ResourceMeta | None]:
            attempt = await calls.attempt(task_that_runs_long)
            return await calls.create(attempt), await calls.find(attempt.idempotency_key)

        created, there = calls.run(found())
        expect(there == created, f"create returned {created!r}, and find returned {there!r}.")

    @Contract(
        "find returns the job of a key after the job has ended, too.",
        why="A job can end before Flyte requests its attempt again. A second job would repeat the work.",
        fix="Look for the tag among all jobs, not only among the running ones.",
    )
    def test_find_gives_a_job_that_has_ended(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        _skip_without(calls, "find")

        async def found() -> tuple[ResourceMeta, ResourceMeta | None]:
            attempt = await calls.attempt(task_that_succeeds)
            meta = await calls.create(attempt)
            await calls.poll_to_end(meta)
            return meta, await calls.find(attempt.idempotency_key)

        created, there = calls.run(found())
        expect(there == created, f"create returned {created!r}, and find returned {there!r} after the job had ended.")

    @Contract(
        "find returns the job of a key in another process.",
        why="The replica that started the job may have been killed a moment later.",
        fix="Ask the backend for the tag, not a table in this process.",
    )
    def test_find_works_in_another_process(
        self, calls: Calls, task_that_runs_long: ExampleTask, entry_value: str
    ) -> None:
        _skip_without(calls, "find")

        async def created() -> tuple[str, ResourceMeta]:
            attempt = await calls.attempt(task_that_runs_long)
            return attempt.idempotency_key, await calls.create(attempt)

        key, meta = calls.run(created())
        there = call_in_another_process(entry_value, calls.connector, "find", key.encode())
        expect(there == meta.encode(), f"create returned {meta!r}, and find in the other process returned {there!r}.")

    @Contract(
        "find returns None for a key that no job has.",
        why="find is called before each create. If it raises an error, no job can be started.",
        fix="Return None if the backend has no job with this tag.",
    )
    def test_find_gives_none_for_an_unknown_key(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        _skip_without(calls, "find")

        async def found() -> ResourceMeta | None:
            await _create(calls, task_that_runs_long)  # find must not return this one.
            return await calls.find("0" * 32)

        there = calls.run(found())
        expect(there is None, f"find returned {there!r}.")

    @Contract(
        "The log of a running job can be read.",
        why="Flyte 2 shows it while the job runs.",
        fix="Return what there is so far, even if that is nothing.",
    )
    def test_logs_of_a_running_job(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        _skip_without(calls, "get_logs")

        async def read() -> None:
            await calls.logs(await _create(calls, task_that_runs_long))

        calls.run(read())

    @Contract(
        "The log of a job that has ended can be read to its end.",
        why="Users read the log at that time. A reader requests page after page until there is no token.",
        fix="Read the backend's stored log, and leave the token of the last page empty.",
    )
    def test_logs_of_a_job_that_has_ended(self, calls: Calls, task_that_logs: ExampleTask) -> None:
        _skip_without(calls, "get_logs")
        lines = calls.run(_read_log(calls, task_that_logs, 0))
        expect(len(lines) >= 3, f"The job of task_that_logs wrote {len(lines)} lines; it must write at least three.")

    @Contract(
        "The log's pages have at most the requested number of lines, without gaps or repetitions.",
        why="Flyte requests a number of lines, and continues from the token.",
        fix="Let the token say where the page ended, and start the next page there.",
    )
    def test_logs_come_in_pages(self, calls: Calls, task_that_logs: ExampleTask) -> None:
        _skip_without(calls, "get_logs")
        whole, paged = calls.run(_read_log(calls, task_that_logs, 0)), calls.run(_read_log(calls, task_that_logs, 2))
        expect(len(whole) >= 3, f"The job of task_that_logs wrote {len(whole)} lines; it must write at least three.")
        expect(paged == whole, f"In pages of two: {paged}; as a whole: {whole}.")

    @HOLDS_NO_SECRET
    def test_logs_hold_no_secret(self, calls: Calls, task_that_logs: ExampleTask, secrets: Mapping[str, str]) -> None:
        _skip_without(calls, "get_logs")
        check_no_secret(secrets, *calls.run(_read_log(calls, task_that_logs, 0)))

    @Contract(
        "get_metrics answers while a job runs.",
        why="Flyte 2 shows the metrics beside the job.",
        fix="Return a GetTaskMetricsResponse, even if it is empty.",
    )
    def test_metrics_of_a_running_job(
        self, calls: Calls, task_that_runs_long: ExampleTask, metric_queries: list[str]
    ) -> None:
        _skip_without(calls, "get_metrics")

        async def measured() -> Any:
            meta = await _create(calls, task_that_runs_long)
            return await calls.call("get_metrics", resource_meta=meta, queries=metric_queries)

        response = calls.run(measured())
        expect(isinstance(response, GetTaskMetricsResponse), f"get_metrics returned {type(response).__name__}.")

    @pytest.mark.parametrize("generation", [1, 2], ids=["flyte1", "flyte2"])
    @Contract(
        "A job can be deleted through the gRPC service, by Flyte 1 and by Flyte 2.",
        why="An abort reaches the job this way.",
        fix="Compare what delete needs with what create returns; look for a traceback in the service's log.",
    )
    def test_a_job_is_ended_through_the_service(
        self, calls: Calls, task_that_runs_long: ExampleTask, generation: int
    ) -> None:
        calls.skip_if_late("create", "get", "delete")
        attempt = calls.run(calls.attempt(task_that_runs_long))
        connector, arguments = calls.connector, attempt[:4]  # Flyte sends no key.

        async def through(endpoint: str) -> ResourceMeta:
            async with calling(endpoint, generation, self.deadline) as flyte:
                encoded = await flyte.create(*arguments)
                meta: ResourceMeta = connector.metadata_type.decode(encoded)
                calls.remember(meta, attempt)
                await flyte.delete(connector.task_category, encoded)
                return meta

        with serving(calls.registry) as endpoint:
            meta = calls.run(through(endpoint))
        calls.run(_end_of_deleted(calls, meta))


async def _create(calls: Calls, example: ExampleTask) -> ResourceMeta:
    return await calls.create(await calls.attempt(example))


async def _end_of_deleted(calls: Calls, meta: ResourceMeta) -> Resource | CallError:
    """Return the last state of a deleted job, or the error that says that it is gone."""
    try:
        return (await calls.poll_to_end(meta))[-1]
    except (PermanentError, RetryableError) as error:
        return error


async def _outputs(calls: Calls, meta: ResourceMeta) -> str:
    """Return the outputs of a job that has ended as text, without the paths below the output prefix."""
    prefix = calls.prefix_of(meta)
    message = await (await calls.get(meta)).to_flyte_idl(output_prefix=prefix)
    return re.sub(rf'"(file://)?{re.escape(prefix)}[^"]*"', '"…"', str(message.outputs))


async def _read_log(calls: Calls, example: ExampleTask, lines: int) -> list[str]:
    """Wait for a job to end, and return its whole log, read in pages of `lines` lines."""
    meta = await _create(calls, example)
    await calls.poll_to_end(meta)
    found: list[str] = []
    token = ""
    for _ in range(_MOST_PAGES):
        page = await calls.logs(meta, lines=lines, token=token)
        expect(
            not lines or len(page.lines) <= lines, f"{lines} lines were requested, and {len(page.lines)} were returned."
        )
        found += page.lines
        token = page.token
        if not token:
            return found
    raise AssertionError(f"There is still a token after {_MOST_PAGES} pages.")


def _skip_without(calls: Calls, method: str) -> None:
    if not implements(calls.connector, method):
        pytest.skip(f"the connector has no {method}")


def _unlike(one: ResourceMeta, other: ResourceMeta) -> ResourceMeta:
    """Return the metadata with each long id replaced by another of the same form."""
    changed = {}
    for name in metadata_fields(type(one)):
        mine, others = getattr(one, name), getattr(other, name)
        if isinstance(mine, str) and isinstance(others, str) and mine != others:
            same = next((at for at, pair in enumerate(zip(mine, others, strict=False)) if pair[0] != pair[1]), 0)
            if sum(map(str.isalnum, mine[same:])) >= _LONG:
                changed[name] = mine[:same] + mine[same:].translate(_OTHERS)
    if not changed:
        pytest.fail(
            "The suite cannot make an id that certainly no job has. Define the fixture unknown_job: metadata of a job "
            "that the backend does not know.",
            pytrace=False,
        )
    made = {name: changed.get(name, getattr(one, name)) for name in metadata_fields(type(one))}
    return type(one)(**made)


_LONG = 8
"""The letters and digits in which the ids of two jobs must differ: a changed id then belongs to no job."""

_OTHERS = str.maketrans(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "5678901234bcdefahijklmnopqrstuvwxyzgBCDEFAHIJKLMNOPQRSTUVWXYZG",
)
"""Maps each letter and digit to another; hexadecimal digits stay hexadecimal."""

_MOST_PAGES = 1000
