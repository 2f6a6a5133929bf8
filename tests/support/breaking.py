"""A deliberately bad connector for each check of the conformance suites: it breaks that contract.

The name of each class is that of the check without ``test_``, for the kind of connector that it extends.
"""

from __future__ import annotations

import asyncio
import time
import warnings
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from connector_core import (
    AsyncConnectorBase,
    Phase,
    Resource,
    SyncConnectorBase,
    TransientError,
    from_literal_map,
    get_connector_secret,
    to_literal,
)
from connector_core.idl import GetTaskLogsResponse, GetTaskLogsResponseBody, GetTaskLogsResponseHeader, LiteralMap
from support.conforming import Double, Wait, WaitMeta, backend

SYNC: dict[str, type[SyncConnectorBase]] = {}
"""The bad sync connectors by the check that each fails."""

ASYNC: dict[str, type[AsyncConnectorBase]] = {}
"""The bad async connectors by the check that each fails."""


def breaks(check: str) -> Any:
    """The class is the bad connector for this check."""

    def note(kind: Any) -> Any:
        known: Any = SYNC if issubclass(kind, SyncConnectorBase) else ASYNC
        assert check not in known
        known[check] = kind
        return kind

    return note


# ----- of either kind


@breaks("test_it_is_found_by_its_task_type")
class HasNoEntry(Wait):
    """The entry gives Wait."""


@breaks("test_it_is_found_by_its_task_type")
class SyncHasNoEntry(Double):
    """The entry gives Double."""


@dataclass
class PasswordMeta(WaitMeta):
    password: str = ""


@breaks("test_it_can_be_registered")
class KeepsAPassword(Wait):
    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__(metadata_type=PasswordMeta)


@breaks("test_it_can_be_registered")
class HasNoName(Double):
    def __init__(self) -> None: ...


class Ends(Wait):
    """A job ends as `how` says as soon as it is asked for."""

    how: ClassVar[Any] = Resource.failed("It ended.")

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        state = await super().get(resource_meta, **kwargs)
        return self.change(state) if state.phase is Phase.SUCCEEDED else state

    def change(self, state: Resource) -> Resource:
        how: Resource = self.how
        return how


class Does(Double):
    """The answer is changed."""

    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        return self.change(await super().do(task_template, output_prefix, inputs, **kwargs))

    def change(self, state: Resource) -> Resource:
        raise NotImplementedError


@breaks("test_a_job_succeeds")
class NeverSucceeds(Ends):
    how = Resource.failed("It does not work.")


@breaks("test_a_job_succeeds")
class SyncNeverSucceeds(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.failed("It does not work.")


@breaks("test_a_job_fails")
class RaisesAnything(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().create(*args, **kwargs)
        except Exception as error:
            raise RuntimeError(str(error)) from error


@breaks("test_a_job_fails")
class SyncCannotFail(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        try:
            return await super().do(*args, **kwargs)
        except Exception:
            return Resource.succeeded(outputs={"seconds": 0.0})


@breaks("test_a_failure_says_why")
class FailsInSilence(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().create(*args, **kwargs)
        except Exception:
            return WaitMeta("failed")

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        return Resource(Phase.FAILED)


@breaks("test_a_failure_says_why")
class SyncFailsInSilence(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        return Resource(Phase.FAILED)


@breaks("test_a_passing_failure_can_be_retried")
class GivesUp(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().create(*args, **kwargs)
        except Exception:
            return WaitMeta("failed")


@breaks("test_a_passing_failure_can_be_retried")
class SyncGivesUp(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        return Resource.failed("There is no room.")


@breaks("test_the_outputs_are_the_declared_ones")
class NamesItsOutputOtherwise(Ends):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(outputs={"duration": 0.0})


@breaks("test_the_outputs_are_the_declared_ones")
class SyncGivesAnotherType(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(outputs={"seconds": "two"})


@breaks("test_every_state_can_be_sent")
class SendsAnObject(Ends):
    how = Resource.succeeded(custom_info={"client": object()})


@breaks("test_every_state_can_be_sent")
class SyncSendsAnObject(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(custom_info={"client": object()})


@breaks("test_states_hold_no_secret")
class ShowsItsToken(Ends):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(message="see https://" + str(get_connector_secret("wait_token")) + "@backend")


@breaks("test_states_hold_no_secret")
class SyncShowsItsToken(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(custom_info={"token": str(get_connector_secret("wait_token"))})


@breaks("test_jobs_run_at_the_same_time")
class RemembersOneJob(Wait):
    busy = 0

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        self.busy += 1
        await asyncio.sleep(0.01)
        many, self.busy = self.busy > 1, 0
        meta = await super().create(*args, **kwargs)
        return replace(meta, job="another") if many else meta


@breaks("test_jobs_run_at_the_same_time")
class SyncRemembersOneJob(Does):
    busy = 0

    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        self.busy += 1
        await asyncio.sleep(0.01)
        many, self.busy = self.busy > 1, 0
        return Resource.failed("Another one came.") if many else Resource.succeeded(outputs={"seconds": 0.0})


@breaks("test_the_event_loop_is_not_blocked")
class Blocks(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        time.sleep(1)
        return await super().get(resource_meta, **kwargs)


@breaks("test_the_event_loop_is_not_blocked")
class SyncBlocks(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        time.sleep(1)
        return await super().do(*args, **kwargs)


class OneLoop:
    """Belongs to the first loop that uses it, as many a client does."""

    loop: asyncio.AbstractEventLoop | None = None

    def use(self) -> None:
        self.loop = self.loop or asyncio.get_running_loop()
        if self.loop is not asyncio.get_running_loop():
            raise RuntimeError("attached to a different loop")


@breaks("test_it_works_on_another_event_loop")
class KeepsItsLoop(OneLoop, Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        self.use()
        return await super().get(resource_meta, **kwargs)


@breaks("test_it_works_on_another_event_loop")
class SyncKeepsItsLoop(OneLoop, Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        self.use()
        return await super().do(*args, **kwargs)


@breaks("test_an_empty_task_is_refused_in_words")
class TrustsItsInputs(Wait):
    async def create(self, task_template: Any, output_prefix: str, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return WaitMeta(str(dict(inputs.literals)["seconds"].scalar))


@breaks("test_an_empty_task_is_refused_in_words")
class SyncTrustsItsInputs(Double):
    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        return Resource.succeeded(outputs={"seconds": from_literal_map(inputs)["seconds"]["value"]})


@breaks("test_an_input_of_another_type_is_refused_in_words")
class TrustsTheirTypes(Wait):
    async def create(self, task_template: Any, output_prefix: str, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return WaitMeta("job", more=from_literal_map(inputs)["seconds"].hex())


@breaks("test_an_input_of_another_type_is_refused_in_words")
class SyncTrustsTheirTypes(Double):
    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        return Resource.succeeded(message=from_literal_map(inputs)["seconds"].hex())


@breaks("test_the_task_is_left_as_it_is")
class ChangesTheTask(Wait):
    async def create(self, task_template: Any, *args: Any, **kwargs: Any) -> Any:
        task_template.config["seen"] = "yes"
        return await super().create(task_template, *args, **kwargs)


@breaks("test_the_task_is_left_as_it_is")
class SyncChangesTheTask(Double):
    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        inputs.literals["seconds"].CopyFrom(to_literal(1.0))
        return await super().do(task_template, output_prefix, inputs, **kwargs)


@breaks("test_a_task_runs_locally")
class EndsEmpty(Ends):
    how = Resource.succeeded(outputs={})


@breaks("test_a_task_runs_locally")
class SyncEndsEmpty(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(outputs=LiteralMap())


@breaks("test_a_task_runs_through_the_service")
class Exits(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        raise SystemExit(3)


@breaks("test_a_task_runs_through_the_service")
class SyncExits(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        raise SystemExit(3)


# ----- of sync connectors


@breaks("test_do_keeps_the_deadline")
class SyncTakesItsTime(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        await asyncio.sleep(60)
        raise AssertionError("nobody waits so long")


async def swallow() -> None:
    """Go on when cancelled, a few times."""
    for _ in range(10):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


@breaks("test_do_can_be_given_up")
class SyncGoesOn(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        await swallow()
        return Resource.succeeded()


@breaks("test_a_job_can_be_done_again")
class SyncWorksOnce(Does):
    done = False

    def change(self, state: Resource) -> Resource:
        again, self.done = self.done, True
        return Resource.failed("It was done already.") if again else state


@breaks("test_the_answer_fits_into_a_task_status")
class SyncTellsTooMuch(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(outputs={"seconds": "1" * 300_000})


# ----- of async connectors


@dataclass
class LargerMeta(WaitMeta):
    pid: int = 0


@breaks("test_metadata_survives_the_wire")
class ReturnsASubclass(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        return LargerMeta((await super().create(*args, **kwargs)).job, pid=3)


@breaks("test_metadata_is_small")
class KeepsEverything(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        return replace(await super().create(*args, **kwargs), more="x" * 20_000)


@breaks("test_metadata_holds_no_secret")
class KeepsItsToken(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        return replace(await super().create(*args, **kwargs), more=str(get_connector_secret("wait_token")))


@breaks("test_get_answers_right_after_create")
class IsLateToKnow(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        raise KeyError(resource_meta.job)


class RemembersItsJobs(Wait):
    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[str] = []

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        meta = await super().create(*args, **kwargs)
        self.jobs.append(meta.job)
        return meta


@breaks("test_get_works_in_another_process")
class AsksItsMemory(RemembersItsJobs):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        if resource_meta.job not in self.jobs:
            return Resource.failed("There is no such job.")
        return await super().get(resource_meta, **kwargs)


@breaks("test_a_terminal_phase_stays")
class ForgetsItsEnd(Ends):
    told: ClassVar[set[int]] = set()

    def change(self, state: Resource) -> Resource:
        again = id(self) in self.told
        self.told.add(id(self))
        return Resource.running() if again else state


@breaks("test_the_outputs_stay")
class GivesItsOutputsOnce(Ends):
    given = 0

    def change(self, state: Resource) -> Resource:
        self.given += 1
        return Resource.succeeded(outputs={"seconds": float(self.given)})


@breaks("test_a_job_is_asked_for_many_times_at_once")
class CountsItsPolls(Wait):
    polls = 0

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        self.polls += 1
        return Resource.failed("Too many.") if self.polls > 3 else await super().get(resource_meta, **kwargs)


@breaks("test_get_of_an_unknown_job_ends_it")
class BelievesInEveryJob(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        known = backend.look_up(resource_meta.job)
        return await super().get(resource_meta, **kwargs) if known else Resource.running()


@breaks("test_each_job_has_metadata_of_its_own")
class CallsThemAllTheSame(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        return replace(await super().create(*args, **kwargs), job="job")


@breaks("test_create_keeps_the_deadline")
class WaitsForTheEnd(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(60)


@breaks("test_get_keeps_the_deadline")
class WaitsForNews(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        await asyncio.sleep(60)
        raise AssertionError("nobody waits so long")


@breaks("test_get_can_be_given_up")
class GoesOn(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        await swallow()
        return Resource.running()


@breaks("test_delete_keeps_the_deadline")
class TakesItsTime(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        await asyncio.sleep(60)


@breaks("test_delete_ends_a_running_job")
class DeletesNothing(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None: ...


@breaks("test_delete_works_in_another_process")
class DeletesItsOwn(RemembersItsJobs):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        if resource_meta.job in self.jobs:
            await super().delete(resource_meta, **kwargs)


@breaks("test_delete_leaves_other_jobs_alone")
class DeletesAll(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        for name in backend.names():
            backend.end(name)


@breaks("test_delete_twice_is_a_success")
class DeletesOnce(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        if backend.has_ended(resource_meta.job):
            raise ValueError("the job has ended")
        await super().delete(resource_meta, **kwargs)


@breaks("test_delete_leaves_a_job_that_has_ended")
class RemovesTheJob(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        (backend.directory / resource_meta.job).unlink(missing_ok=True)


@breaks("test_delete_of_an_unknown_job_is_a_success")
class InsistsOnAJob(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        if backend.look_up(resource_meta.job) is None:
            raise LookupError(resource_meta.job)
        await super().delete(resource_meta, **kwargs)


@breaks("test_a_backend_that_is_away_fails_no_job")
class TakesSilenceForAnEnd(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        try:
            return await super().get(resource_meta, **kwargs)
        except ConnectionError:
            return Resource.failed("The backend is away.")


@breaks("test_find_gives_the_job_of_a_key")
class FindsNothing(Wait):
    async def find(self, idempotency_key: str, **kwargs: Any) -> Any:
        return None


@breaks("test_find_works_in_another_process")
class FindsItsOwn(RemembersItsJobs):
    async def find(self, idempotency_key: str, **kwargs: Any) -> Any:
        return WaitMeta(idempotency_key) if idempotency_key in self.jobs else None


@breaks("test_find_gives_none_for_an_unknown_key")
class FindsAnything(Wait):
    async def find(self, idempotency_key: str, **kwargs: Any) -> Any:
        return WaitMeta(idempotency_key)


@breaks("test_logs_of_a_running_job")
class HasNoLogYet(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        if not backend.has_ended(resource_meta.job):
            raise FileNotFoundError("no log yet")
        return GetTaskLogsResponse()


@breaks("test_logs_of_a_job_that_has_ended")
class LogsWithoutEnd(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        yield GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=["a line"]))
        yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token="more"))


@breaks("test_logs_come_in_pages")
class LogsAllAtOnce(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        return GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=["one", "two", "three"]))


@breaks("test_metrics_of_a_running_job")
class MeasuresADict(Wait):
    async def get_metrics(self, resource_meta: Any, **kwargs: Any) -> Any:
        return {"cpu": 1}


@breaks("test_a_job_is_ended_through_the_service")
class CannotDelete(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        raise TransientError("not now")
