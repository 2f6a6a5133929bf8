"""BaseAsyncConnectorSuite: what Flyte relies on in a connector whose job outlives a call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from connector_core.connector import implements
from connector_core.errors import CallError, PermanentError, TransientError
from connector_core.idl import GetTaskMetricsResponse
from connector_core.meta import metadata_fields
from connector_core.models import Resource
from connector_core.phases import Phase
from connector_core.secrets import masked
from connector_core.testing.callers import calling
from connector_core.testing.contracts import contract, holds
from connector_core.testing.elsewhere import call_elsewhere
from connector_core.testing.serving import serving
from connector_core.testing.suite import ConnectorSuite

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from connector_core.meta import ResourceMeta
    from connector_core.testing.calls import Calls
    from connector_core.testing.examples import ExampleTask

__all__ = ["BaseAsyncConnectorSuite"]


class BaseAsyncConnectorSuite(ConnectorSuite):
    """Subclass it in a test module, name the class ``Test…``, and give it the fixtures.

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
    ``unknown_job``, ``secrets``, ``entry_value``. A check whose fixture is missing is skipped.

    Attributes:
        deadline: Seconds that one call may take; Flyte's default.
        patience: Seconds that an example's job may take to end.
        at_once: How many jobs are run at a time to see whether they disturb each other.
        most_metadata: Bytes that the encoded metadata may have.
    """

    most_metadata: int = 16 * 1024

    @pytest.fixture
    def task_that_runs_long(self) -> ExampleTask:
        """A task whose job does not end within the suite's patience by itself; required."""
        pytest.fail(
            "The suite wants the fixture task_that_runs_long: an ExampleTask whose job would run for minutes. Define "
            "it in your subclass, with @pytest.fixture."
        )

    @pytest.fixture
    def task_that_logs(self, task_that_succeeds: ExampleTask) -> ExampleTask:
        """A task whose job writes three lines or more to its log, and ends."""
        return task_that_succeeds

    @pytest.fixture
    def metric_queries(self) -> list[str]:
        """What to measure, in the connector's own words."""
        return []

    @pytest.fixture
    def backend_away(self) -> AbstractContextManager[None] | None:
        """A context manager within which the backend does not answer; None: the suite cannot bring that about."""
        return None

    @pytest.fixture
    def unknown_job(self, calls: Calls, task_that_succeeds: ExampleTask) -> ResourceMeta:
        """Metadata of a job that the backend does not know.

        By default that of a real one, with whatever differs between two jobs replaced.
        """

        async def two() -> list[ResourceMeta]:
            return [await calls.create(await calls.attempt(task_that_succeeds)) for _ in range(2)]

        return _unlike(*calls.run(two()))

    @pytest.fixture
    def entry_value(self, connector: Any) -> str:
        """Where another process finds the connector, as in an entry point."""
        return f"{type(connector).__module__}:{type(connector).__qualname__}"

    @contract(
        "Metadata that was written can be read again, and is the same.",
        why="Flyte keeps the encoded metadata, and gives it to whatever process answers the next call.",
        fix="Give each field a type that the codec carries, and return an object of metadata_type itself.",
    )
    def test_metadata_survives_the_wire(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        meta = calls.run(_created(calls, task_that_succeeds))
        again = calls.connector.metadata_type.decode(meta.encode())
        holds(again == meta and type(again) is type(meta), f"{meta!r} came back as {again!r}.")

    @contract(
        "Encoded metadata is small: 16 KiB at most.",
        why="Flyte keeps that of each task in the workflow's own record, which etcd limits to 1.5 MiB: so a hundred "
        "tasks have room.",
        fix="Keep what identifies the job, and ask the backend for the rest.",
    )
    def test_metadata_is_small(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        size = len(calls.run(_created(calls, task_that_succeeds)).encode())
        holds(size <= self.most_metadata, f"It has {size} bytes.")

    @contract(
        "Metadata holds no secret.",
        why="Flyte stores and logs it, and everybody who sees the execution can read it.",
        fix="Ask for secrets with get_connector_secret(…) in each call, and leave them out of the metadata.",
    )
    def test_metadata_holds_no_secret(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        text = calls.run(_created(calls, task_that_succeeds)).encode().decode()
        holds(masked(text) == text, f"It holds a secret: {masked(text)}")

    @contract(
        "get answers right after create.",
        why="Flyte asks for the job at once, and counts an error of get for the rest of the job's life.",
        fix="Report QUEUED or INITIALIZING for a job that the backend does not list yet.",
    )
    def test_get_answers_right_after_create(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def first() -> Resource:
            return await calls.get(await _created(calls, task_that_runs_long))

        state = calls.run(first())
        holds(not state.is_terminal, f"A job that runs long is {state.phase.name} at once: {state.message}")

    @contract(
        "get works in another process, with the metadata alone.",
        why="Successive calls for one job reach different replicas of the service, which restart too.",
        fix="Put all that get needs into the metadata: nothing into attributes, globals or local files.",
    )
    def test_get_works_in_another_process(
        self, calls: Calls, task_that_runs_long: ExampleTask, entry_value: str
    ) -> None:
        meta = calls.run(_created(calls, task_that_runs_long))
        state = call_elsewhere(entry_value, calls.connector, "get", meta.encode())
        holds(not state.is_terminal, f"There, the job that runs is {state.phase.name}: {state.message}")

    @contract(
        "A job that has ended stays as it ended.",
        why="Flyte asks again when an answer was lost, and takes the last answer for the truth.",
        fix="Tell the state from the backend's record of the job; do not forget a job once it was reported.",
    )
    def test_a_terminal_phase_stays(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def phases() -> list[str]:
            attempt = await calls.attempt(task_that_succeeds)
            meta = await calls.create(attempt)
            last = (await calls.states_of(meta, attempt.output_prefix))[-1]
            return [last.phase.name, *[(await calls.get(meta, attempt.output_prefix)).phase.name for _ in range(3)]]

        seen = calls.run(phases())
        holds(len(set(seen)) == 1, f"One poll after the other said {', '.join(seen)}.")

    @contract(
        "The outputs are the same with each poll.",
        why="Flyte asks again when an answer was lost, and a task downstream may have read the first one.",
        fix="Give what the job has stored; do not hand a result out only once.",
    )
    def test_the_outputs_stay(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def outputs() -> list[Any]:
            attempt = await calls.attempt(task_that_succeeds)
            meta = await calls.create(attempt)
            await calls.states_of(meta, attempt.output_prefix)
            polls = [await calls.get(meta, attempt.output_prefix) for _ in range(2)]
            return [(await each.to_flyte_idl(output_prefix=attempt.output_prefix)).outputs for each in polls]

        first, second = calls.run(outputs())
        holds(first == second, f"First they were {first}, then {second}.")

    @contract(
        "One job may be asked for many times at once.",
        why="A replica that takes over, and the one that it takes over from, ask at the same time.",
        fix="Let get only read.",
    )
    def test_a_job_is_asked_for_many_times_at_once(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def polls() -> list[Resource]:
            meta = await _created(calls, task_that_runs_long)
            return await asyncio.gather(*(calls.get(meta) for _ in range(2 * self.at_once)))

        ended = [state for state in calls.run(polls()) if state.is_terminal]
        holds(not ended, f"{len(ended)} of {2 * self.at_once} polls said {ended and ended[0].phase.name}.")

    @contract(
        "get of a job that the backend does not know ends it: FAILED, ABORTED, RETRYABLE_FAILED, or PermanentError.",
        why="Backends forget jobs. Flyte waits for ever for one that runs, and so it does after five errors of get.",
        fix="Return Resource.failed(…), or retryable_failed(…), where the backend says that there is no such job.",
    )
    def test_get_of_an_unknown_job_ends_it(self, calls: Calls, unknown_job: ResourceMeta) -> None:
        try:
            state = calls.run(calls.get(unknown_job))
        except CallError as error:
            holds(not isinstance(error, TransientError), f"It raised {type(error).__name__}: {error}")
            return
        holds(state.is_terminal and state.phase is not Phase.SUCCEEDED, f"It is {state.phase.name}: {state.message}")

    @contract(
        "Each job has metadata of its own.",
        why="Metadata is all that Flyte knows of a job: to end one must not end another.",
        fix="Keep the backend's own id of the job in the metadata.",
    )
    def test_each_job_has_metadata_of_its_own(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def two() -> list[ResourceMeta]:
            return [await _created(calls, task_that_runs_long) for _ in range(2)]

        first, second = calls.run(two())
        holds(first != second, f"Two jobs have the same: {first!r}.")

    @contract(
        "create returns while the job goes on, within Flyte's deadline.",
        why="Flyte waits ten seconds. A create that takes longer fails the attempt, though the job runs.",
        fix="Submit the job, return its id, and leave the waiting to get.",
    )
    def test_create_keeps_the_deadline(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        calls.run(_created(calls, task_that_runs_long))

    @contract(
        "get answers within Flyte's deadline.",
        why="Flyte waits ten seconds, and after five errors asks no more: the task hangs.",
        fix="Ask for the state once, and return it; do not wait for the job to go on.",
    )
    def test_get_keeps_the_deadline(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def asked() -> None:
            await calls.get(await _created(calls, task_that_runs_long))

        calls.run(asked())

    @contract(
        "get ends when its caller goes.",
        why="Flyte hangs up at its deadline: a call that goes on for nobody takes the place of another's.",
        fix="Let asyncio.CancelledError pass; a bare except or a loop around the call must not swallow it.",
    )
    def test_get_can_be_given_up(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def ended() -> bool:
            meta = await _created(calls, task_that_runs_long)
            return await calls.given_up("get", resource_meta=meta, output_prefix="")

        holds(calls.run(ended()), "get went on after it was cancelled.")

    @contract(
        "delete answers within Flyte's deadline.",
        why="Flyte waits ten seconds, and asks again until it is answered.",
        fix="Ask the backend to end the job; if that takes long, raise TransientError and be asked again.",
    )
    def test_delete_keeps_the_deadline(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def deleted() -> None:
            await calls.delete(await _created(calls, task_that_runs_long))

        calls.run(deleted())

    @contract(
        "delete of a running job really ends it.",
        why="Nobody looks after it any more: it would go on, and cost, for ever.",
        fix="Call the backend's own cancel with the job's id, and wait for its answer.",
    )
    def test_delete_ends_a_running_job(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def last() -> Resource | CallError:
            meta = await _created(calls, task_that_runs_long)
            await calls.get(meta)
            await calls.delete(meta)
            return await _end_of(calls, meta)

        end = calls.run(last())
        holds(not isinstance(end, Resource) or end.phase is not Phase.SUCCEEDED, "The deleted job has SUCCEEDED.")

    @contract(
        "delete works in another process, with the metadata alone.",
        why="An abort reaches any replica of the service, also one that was started after the job.",
        fix="Put all that delete needs into the metadata: nothing into attributes, globals or local files.",
    )
    def test_delete_works_in_another_process(
        self, calls: Calls, task_that_runs_long: ExampleTask, entry_value: str
    ) -> None:
        meta = calls.run(_created(calls, task_that_runs_long))
        call_elsewhere(entry_value, calls.connector, "delete", meta.encode())
        calls.run(_end_of(calls, meta))

    @contract(
        "delete of one job leaves the others alone.",
        why="They belong to other tasks, and to other people.",
        fix="End the job that the metadata names, and not what was started last or bears the same name.",
    )
    def test_delete_leaves_other_jobs_alone(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def other() -> Resource:
            kept = await _created(calls, task_that_runs_long)
            await calls.delete(await _created(calls, task_that_runs_long))
            return await calls.get(kept)

        state = calls.run(other())
        holds(not state.is_terminal, f"The other job is {state.phase.name}: {state.message}")

    @contract(
        "delete twice is a success.",
        why="Flyte deletes again until it is answered, and an answer can be lost.",
        fix="Take the backend's 'no such job' and 'has ended' for a success.",
    )
    def test_delete_twice_is_a_success(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        async def twice() -> None:
            meta = await _created(calls, task_that_runs_long)
            await calls.delete(meta)
            await calls.delete(meta)

        calls.run(twice())

    @contract(
        "delete of a job that has ended is a success, and leaves its result.",
        why="Flyte 2 deletes on clean-up what has succeeded, and may have to ask for the outputs after that.",
        fix="Cancel the job; do not remove its record or its outputs.",
    )
    def test_delete_leaves_a_job_that_has_ended(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def after() -> list[Resource]:
            attempt = await calls.attempt(task_that_succeeds)
            meta = await calls.create(attempt)
            before = (await calls.states_of(meta, attempt.output_prefix))[-1]
            await calls.delete(meta)
            return [before, await calls.get(meta, attempt.output_prefix)]

        before, now = calls.run(after())
        holds(now.phase is before.phase, f"It was {before.phase.name}, and is {now.phase.name}: {now.message}")

    @contract(
        "delete of a job that the backend does not know is a success.",
        why="Flyte deletes until that is answered with success: an error here is asked for again and again.",
        fix="Take the backend's 'no such job' for a success.",
    )
    def test_delete_of_an_unknown_job_is_a_success(self, calls: Calls, unknown_job: ResourceMeta) -> None:
        calls.run(calls.delete(unknown_job))

    @contract(
        "A backend that does not answer is a TransientError of get.",
        why="It says nothing about the job. The service then gives Flyte the last state, and asks again; any other "
        "error counts against the job.",
        fix="Name the client's exceptions in the class attribute transient_errors, or raise TransientError.",
    )
    def test_a_backend_that_is_away_fails_no_job(
        self, calls: Calls, task_that_runs_long: ExampleTask, backend_away: AbstractContextManager[None] | None
    ) -> None:
        if backend_away is None:
            pytest.skip("no fixture backend_away")
        meta = calls.run(_created(calls, task_that_runs_long))
        with backend_away:
            try:
                state = calls.run(calls.get(meta))
            except TransientError:
                pass
            else:
                raise AssertionError(f"Without its backend, it says {state.phase.name}: {state.message}")
        after = calls.run(calls.get(meta))
        holds(not after.is_terminal, f"When the backend was back, the job was {after.phase.name}: {after.message}")

    @contract(
        "find gives the job of a key.",
        why="It is how an attempt that is asked for again gets its job, instead of a second one.",
        fix="Tag the job with the idempotency_key that create is given, and look the tag up.",
    )
    def test_find_gives_the_job_of_a_key(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        _needs(calls, "find")

        async def found() -> tuple[ResourceMeta, ResourceMeta | None]:
            attempt = await calls.attempt(task_that_runs_long)
            return await calls.create(attempt), await calls.find(attempt.idempotency_key)

        created, there = calls.run(found())
        holds(there == created, f"create returned {created!r}, and find {there!r}.")

    @contract(
        "find gives the job of a key in another process.",
        why="The replica that began the job may be gone, killed in the very moment.",
        fix="Ask the backend for the tag, and not a table of this process.",
    )
    def test_find_works_in_another_process(
        self, calls: Calls, task_that_runs_long: ExampleTask, entry_value: str
    ) -> None:
        _needs(calls, "find")

        async def created() -> tuple[str, ResourceMeta]:
            attempt = await calls.attempt(task_that_runs_long)
            return attempt.idempotency_key, await calls.create(attempt)

        key, meta = calls.run(created())
        there = call_elsewhere(entry_value, calls.connector, "find", key.encode())
        holds(there == meta.encode(), f"create returned {meta!r}, and find, there, {there!r}.")

    @contract(
        "find gives None for a key that no job has.",
        why="It is asked before each create: an error would keep every job from being started.",
        fix="Return None where the backend has nothing with this tag.",
    )
    def test_find_gives_none_for_an_unknown_key(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        _needs(calls, "find")

        async def found() -> ResourceMeta | None:
            await _created(calls, task_that_runs_long)  # It is not that one either.
            return await calls.find("0" * 32)

        there = calls.run(found())
        holds(there is None, f"It gave {there!r}.")

    @contract(
        "The log of a running job can be read.",
        why="Flyte 2 shows it while the job runs.",
        fix="Return what there is so far, be it nothing.",
    )
    def test_logs_of_a_running_job(self, calls: Calls, task_that_runs_long: ExampleTask) -> None:
        _needs(calls, "get_logs")

        async def read() -> None:
            await calls.logs(await _created(calls, task_that_runs_long))

        calls.run(read())

    @contract(
        "The log of a job that has ended can be read, and has an end.",
        why="That is when people look, and whoever reads page by page goes on until there is no token.",
        fix="Read the backend's stored log, and leave the token of the last page empty.",
    )
    def test_logs_of_a_job_that_has_ended(self, calls: Calls, task_that_logs: ExampleTask) -> None:
        _needs(calls, "get_logs")
        lines = calls.run(_log(calls, task_that_logs, 0))
        holds(len(lines) >= 3, f"task_that_logs gave {len(lines)} lines; let it write three or more.")

    @contract(
        "The log comes in pages: of as many lines as are asked for, without a gap or a repetition.",
        why="Flyte asks for a number of lines, and goes on from the token.",
        fix="Let the token say where the page ended, and start there.",
    )
    def test_logs_come_in_pages(self, calls: Calls, task_that_logs: ExampleTask) -> None:
        _needs(calls, "get_logs")
        whole, paged = calls.run(_log(calls, task_that_logs, 0)), calls.run(_log(calls, task_that_logs, 2))
        holds(len(whole) >= 3, f"task_that_logs gave {len(whole)} lines; let it write three or more.")
        holds(paged == whole, f"In pages of two: {paged}; as a whole: {whole}.")

    @contract(
        "Metrics are answered while a job runs.",
        why="Flyte 2 shows them beside the job.",
        fix="Return a GetTaskMetricsResponse, be it an empty one.",
    )
    def test_metrics_of_a_running_job(
        self, calls: Calls, task_that_runs_long: ExampleTask, metric_queries: list[str]
    ) -> None:
        _needs(calls, "get_metrics")

        async def measured() -> Any:
            meta = await _created(calls, task_that_runs_long)
            return await calls.call("get_metrics", resource_meta=meta, queries=metric_queries)

        response = calls.run(measured())
        holds(isinstance(response, GetTaskMetricsResponse), f"It returned {type(response).__name__}.")

    @pytest.mark.parametrize("generation", [1, 2], ids=["flyte1", "flyte2"])
    @contract(
        "A job can be ended through the gRPC service, by Flyte 1 and by Flyte 2.",
        why="It is how an abort reaches the job.",
        fix="Compare what delete needs with what create returns; look at the service's log for a traceback.",
    )
    def test_a_job_is_ended_through_the_service(
        self, calls: Calls, task_that_runs_long: ExampleTask, generation: int
    ) -> None:
        attempt = calls.run(calls.attempt(task_that_runs_long))
        with serving(calls.registry) as endpoint, calling(endpoint, generation, calls.connector) as flyte:
            meta = flyte.create(attempt)
            flyte.delete(meta)
        calls.run(_end_of(calls, calls.connector.metadata_type.decode(meta)))


async def _created(calls: Calls, example: ExampleTask) -> ResourceMeta:
    return await calls.create(await calls.attempt(example))


async def _end_of(calls: Calls, meta: ResourceMeta) -> Resource | CallError:
    """How a job ends that was deleted: its last state, or an error that says that it is gone."""
    try:
        return (await calls.states_of(meta))[-1]
    except PermanentError as error:
        return error


async def _log(calls: Calls, example: ExampleTask, lines: int) -> list[str]:
    """The whole log of a job that has ended, read in pages of so many lines."""
    meta = await _created(calls, example)
    await calls.states_of(meta)
    found: list[str] = []
    token = ""
    for _ in range(_MOST_PAGES):
        page = await calls.logs(meta, lines=lines, token=token)
        holds(not lines or len(page.lines) <= lines, f"{lines} lines were asked for, and {len(page.lines)} came.")
        found += page.lines
        token = page.token
        if not token:
            return found
    raise AssertionError(f"There is still a token after {_MOST_PAGES} pages.")


def _needs(calls: Calls, method: str) -> None:
    if not implements(calls.connector, method):
        pytest.skip(f"the connector has no {method}")


def _unlike(one: ResourceMeta, other: ResourceMeta) -> ResourceMeta:
    """The metadata with what identifies its job replaced by another of the same form."""
    changed = {}
    for name in metadata_fields(type(one)):
        values = getattr(one, name), getattr(other, name)
        if values[0] != values[1] and isinstance(values[0], str | int):
            changed[name] = _rotated(*values) if isinstance(values[0], str) else values[0] + 1_000_003
    holds(
        changed,
        "The suite cannot tell from two jobs what identifies one; give the fixture unknown_job: metadata of a job that "
        "the backend does not know.",
    )
    made = {name: changed.get(name, getattr(one, name)) for name in metadata_fields(type(one))}
    return type(one)(**made)


def _rotated(text: str, other: str) -> str:
    """The text, with each digit and letter beyond what the two have in common replaced by another one."""
    same = next((index for index, pair in enumerate(zip(text, other, strict=False)) if pair[0] != pair[1]), 0)
    return text[:same] + text[same:].translate(_OTHERS)


_OTHERS = str.maketrans("0123456789abcdefABCDEF", "5678901234bcdefaBCDEFA")
_MOST_PAGES = 1000
