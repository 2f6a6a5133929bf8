"""Deliberately bad connectors: at least one for each check of the conformance suites."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time
import warnings
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

from connector_core import (
    AsyncConnectorBase,
    ConnectorBase,
    PermanentError,
    Phase,
    Resource,
    TransientError,
    from_literal_map,
    get_connector_secret,
    to_literal,
)
from connector_core.idl import GetTaskLogsResponse, GetTaskLogsResponseBody, GetTaskLogsResponseHeader, LiteralMap
from support.conforming import Double, Wait, WaitMeta, backend, seconds_of


class Bad(NamedTuple):
    """A connector, the check that it fails, and a part of the failure's message."""

    check: str
    seen: str
    connector: type[ConnectorBase]


BAD: list[Bad] = []
"""All bad connectors."""


def breaks(check: str, seen: str) -> Any:
    """Register the class as a bad connector for this check."""

    def note(kind: Any) -> Any:
        BAD.append(Bad(check, seen, kind))
        return kind

    return note


# ----- of both kinds


@breaks("test_it_is_found_by_its_task_type", seen="Cannot find connector for task category: pause_v0.")
class HasNoEntry(Wait):
    """Its task type has no entry."""

    def __init__(self) -> None:
        AsyncConnectorBase.__init__(self, metadata_type=WaitMeta, task_type_name="pause")


@breaks(
    "test_it_is_found_by_its_task_type",
    seen="The entry point names support.conforming:Wait, but the fixture returns support.breaking:HasAnothersEntry.",
)
class HasAnothersEntry(Wait):
    """The entry gives Wait."""


@breaks(
    "test_it_is_found_by_its_task_type",
    seen="names support.conforming:Double, but the fixture returns support.breaking:SyncHasAnothersEntry.",
)
class SyncHasAnothersEntry(Double):
    """The entry gives Double."""


@dataclass
class PasswordMeta(WaitMeta):
    password: str = ""


@breaks("test_it_can_be_registered", seen="fields that look like credentials (password)")
class KeepsAPassword(Wait):
    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__(metadata_type=PasswordMeta)


@breaks("test_it_can_be_registered", seen="does not call super().__init__(task_type_name=…)")
class HasNoName(Double):
    def __init__(self) -> None: ...


class Ends(Wait):
    """Its jobs end as `how` says, at the first poll."""

    how: ClassVar[Any] = Resource.failed("It ended.")

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        state = await super().get(resource_meta, **kwargs)
        return self.change(state) if state.phase is Phase.SUCCEEDED else state

    def change(self, state: Resource) -> Resource:
        how: Resource = self.how
        return how


class Does(Double):
    """Changes the answer."""

    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        return self.change(await super().do(task_template, output_prefix, inputs, **kwargs))

    def change(self, state: Resource) -> Resource:
        raise NotImplementedError


@breaks("test_a_job_succeeds", seen="The job ended as FAILED: It does not work.")
class NeverSucceeds(Ends):
    how = Resource.failed("It does not work.")


@breaks("test_a_job_succeeds", seen="The job ended as FAILED: It does not work.")
class SyncNeverSucceeds(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.failed("It does not work.")


@breaks("test_a_job_fails", seen="RuntimeError: The seconds are negative; wait for 0 or more.")
class RaisesAnything(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().create(*args, **kwargs)
        except Exception as error:
            raise RuntimeError(str(error)) from error


@breaks("test_a_job_fails", seen="The job ended with SUCCEEDED.")
class SyncCannotFail(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        try:
            return await super().do(*args, **kwargs)
        except Exception:
            return Resource.succeeded(outputs={"seconds": 0.0})


@breaks("test_a_failure_says_why", seen="The job ended with FAILED, without a message.")
class FailsInSilence(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().create(*args, **kwargs)
        except Exception:
            return WaitMeta("failed")

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        return Resource(Phase.FAILED)


@breaks("test_a_failure_says_why", seen="The job ended with FAILED, without a message.")
class SyncFailsInSilence(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        return Resource(Phase.FAILED)


@breaks("test_a_failure_says_why", seen="The job ended with PermanentError: PermanentError, without a message.")
class RaisesInSilence(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        raise PermanentError


@breaks("test_a_passing_failure_can_be_retried", seen="The job ended with FAILED.")
class GivesUp(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().create(*args, **kwargs)
        except Exception:
            return WaitMeta("failed")


@breaks("test_a_passing_failure_can_be_retried", seen="The job ended with FAILED.")
class SyncGivesUp(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        return Resource.failed("There is no room.")


@breaks(
    "test_the_outputs_are_the_declared_ones", seen="The outputs are ['duration'], and the task declares ['seconds']."
)
class NamesItsOutputOtherwise(Ends):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(outputs={"duration": 0.0})


@breaks("test_the_outputs_are_the_declared_ones", seen="LiteralError: outputs.seconds: expected float, got str.")
class SyncGivesAnotherType(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(outputs={"seconds": "two"})


@breaks("test_every_state_can_be_sent", seen="Object of type object")
class SendsAnObject(Ends):
    how = Resource.succeeded(custom_info={"client": object()})


@breaks("test_every_state_can_be_sent", seen="Object of type object")
class SyncSendsAnObject(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(custom_info={"client": object()})


@breaks("test_every_state_can_be_sent", seen="The state SUCCEEDED has 5000007 bytes.")
class SendsTooMuch(Ends):
    how = Resource.succeeded(message="x" * 5_000_000)


class FailsLater(Wait):
    """Starts a job that fails instead of refusing the task."""

    def failed(self) -> Resource:
        raise NotImplementedError

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().create(*args, **kwargs)
        except PermanentError:
            return WaitMeta("failed")

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        return self.failed() if resource_meta.job == "failed" else await super().get(resource_meta, **kwargs)


@breaks("test_every_state_can_be_sent", seen="Object of type ValueError")
class FailsWithAnObject(FailsLater):
    def failed(self) -> Resource:
        return Resource(Phase.FAILED, "It failed.", custom_info={"error": ValueError()})


@breaks("test_states_hold_no_secret", seen="It says see https://***@backend")
class ShowsItsToken(Ends):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(message="see https://" + str(get_connector_secret("wait_token")) + "@backend")


@breaks("test_states_hold_no_secret", seen="It says ***")
class SyncShowsItsToken(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(custom_info={"token": get_connector_secret("wait_token")})


@breaks("test_states_hold_no_secret", seen="It says no entry for ***")
class ShowsItsTokenWhenItFails(FailsLater):
    def failed(self) -> Resource:
        return Resource.failed(f"no entry for {get_connector_secret('wait_token')}")


@breaks("test_states_hold_no_secret", seen="It says no entry for ***")
class RaisesItsToken(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().create(*args, **kwargs)
        except PermanentError as error:
            raise PermanentError(f"no entry for {get_connector_secret('wait_token')}") from error


@breaks("test_jobs_run_at_the_same_time", seen="5 concurrent jobs of one task ended as ")
class RemembersOneJob(Wait):
    busy = 0

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        self.busy += 1
        await asyncio.sleep(0.01)
        many, self.busy = self.busy > 1, 0
        meta = await super().create(*args, **kwargs)
        return replace(meta, job="another") if many else meta


@breaks("test_jobs_run_at_the_same_time", seen="5 concurrent jobs of one task ended as ")
class SyncRemembersOneJob(Does):
    busy = 0

    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        self.busy += 1
        await asyncio.sleep(0.01)
        many, self.busy = self.busy > 1, 0
        return Resource.failed("Another one came.") if many else Resource.succeeded(outputs={"seconds": 0.0})


class SharesItsInput:
    """Keeps the inputs of the last call in the connector."""

    inputs: Any = None

    async def shared(self, inputs: Any) -> Any:
        self.inputs = inputs
        await asyncio.sleep(0.01)
        return self.inputs


@breaks("test_different_jobs_do_not_mix", seen="The job is still RUNNING after 1 s.")
class MixesItsInputs(SharesItsInput, Wait):
    async def create(self, task_template: Any, output_prefix: str, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return await super().create(task_template, output_prefix, await self.shared(inputs), *args, **kwargs)


@breaks("test_different_jobs_do_not_mix", seen="Beside jobs that succeed, a long-running one is SUCCEEDED.")
class ForgetsWhatRunsLong(Wait):
    shortest = 1e9

    async def create(self, task_template: Any, output_prefix: str, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        self.shortest = min(self.shortest, seconds_of(inputs))
        return await super().create(task_template, output_prefix, inputs, *args, **kwargs)

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        state = await super().get(resource_meta, **kwargs)
        return Resource.succeeded() if self.shortest == 0 else state


@breaks(
    "test_different_jobs_do_not_mix",
    seen="Beside long-running jobs, those that succeed ended as ['FAILED', 'FAILED'].",
)
class FailsBesideWhatRunsLong(Wait):
    longest = 0.0

    async def create(self, task_template: Any, output_prefix: str, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        self.longest = max(self.longest, seconds_of(inputs))
        return await super().create(task_template, output_prefix, inputs, *args, **kwargs)

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        state = await super().get(resource_meta, **kwargs)
        return Resource.failed("too long") if state.is_terminal and self.longest > 0 else state


@breaks("test_different_jobs_do_not_mix", seen="Of four concurrent tasks, two that succeed ended with PermanentError")
class SyncMixesItsInputs(SharesItsInput, Double):
    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        return await super().do(task_template, output_prefix, await self.shared(inputs), **kwargs)


@breaks("test_the_event_loop_is_not_blocked", seen="in Blocks.get.")
class Blocks(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        time.sleep(0.6)
        return await super().get(resource_meta, **kwargs)


@breaks("test_the_event_loop_is_not_blocked", seen="in BlocksInDelete.delete.")
class BlocksInDelete(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        time.sleep(0.6)


@breaks("test_the_event_loop_is_not_blocked", seen="in BlocksInFind.find.")
class BlocksInFind(Wait):
    async def find(self, idempotency_key: str, **kwargs: Any) -> Any:
        time.sleep(0.6)


@breaks("test_the_event_loop_is_not_blocked", seen="in BlocksInLogs.get_logs.")
class BlocksInLogs(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        time.sleep(0.6)
        return GetTaskLogsResponse()


@breaks("test_the_event_loop_is_not_blocked", seen="in BlocksInMetrics.get_metrics.")
class BlocksInMetrics(Wait):
    async def get_metrics(self, resource_meta: Any, **kwargs: Any) -> Any:
        subprocess.run(["sleep", "0.6"], check=True)


@breaks("test_the_event_loop_is_not_blocked", seen="in SyncBlocks.do.")
class SyncBlocks(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        time.sleep(0.6)
        return await super().do(*args, **kwargs)


class OneLoop:
    """Belongs to the first loop that uses it, as some clients do."""

    loop: asyncio.AbstractEventLoop | None = None

    def use(self) -> None:
        self.loop = self.loop or asyncio.get_running_loop()
        if self.loop is not asyncio.get_running_loop():
            raise RuntimeError("attached to a different loop")


@breaks("test_it_works_on_another_event_loop", seen="RuntimeError: attached to a different loop")
class KeepsItsLoop(OneLoop, Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        self.use()
        return await super().get(resource_meta, **kwargs)


@breaks("test_it_works_on_another_event_loop", seen="RuntimeError: attached to a different loop")
class SyncKeepsItsLoop(OneLoop, Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        self.use()
        return await super().do(*args, **kwargs)


@breaks(
    "test_it_works_on_another_event_loop",
    seen="On the second loop the job ended as FAILED: attached to a different loop",
)
class GivesUpOnAnotherLoop(OneLoop, Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        try:
            self.use()
        except RuntimeError as error:
            return Resource.failed(str(error))
        return await super().get(resource_meta, **kwargs)


@breaks("test_an_empty_task_is_refused_in_words", seen="KeyError: 'seconds'")
class TrustsItsInputs(Wait):
    async def create(self, task_template: Any, output_prefix: str, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return WaitMeta(str(dict(inputs.literals)["seconds"].scalar))


@breaks("test_an_empty_task_is_refused_in_words", seen="KeyError: 'seconds'")
class SyncTrustsItsInputs(Double):
    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        return Resource.succeeded(outputs={"seconds": from_literal_map(inputs)["seconds"]["value"]})


@breaks("test_an_empty_task_is_refused_in_words", seen="PermanentError has no message.")
class RefusesInSilence(Wait):
    async def create(self, task_template: Any, output_prefix: str, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if not inputs.literals:
            raise PermanentError
        return await super().create(task_template, output_prefix, inputs, *args, **kwargs)


@breaks(
    "test_an_input_of_another_type_is_refused_in_words", seen="AttributeError: 'list' object has no attribute 'hex'"
)
class TrustsTheirTypes(Wait):
    async def create(self, task_template: Any, output_prefix: str, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return WaitMeta("job", more=from_literal_map(inputs)["seconds"].hex())


@breaks(
    "test_an_input_of_another_type_is_refused_in_words", seen="AttributeError: 'list' object has no attribute 'hex'"
)
class SyncTrustsTheirTypes(Double):
    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        return Resource.succeeded(message=from_literal_map(inputs)["seconds"].hex())


@breaks("test_the_task_is_left_as_it_is", seen="The call changed task_template.")
class ChangesTheTask(Wait):
    async def create(self, task_template: Any, *args: Any, **kwargs: Any) -> Any:
        task_template.config["seen"] = "yes"
        return await super().create(task_template, *args, **kwargs)


@breaks("test_the_task_is_left_as_it_is", seen="The call changed inputs.")
class SyncChangesTheTask(Double):
    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        inputs.literals["seconds"].CopyFrom(to_literal(1.0))
        return await super().do(task_template, output_prefix, inputs, **kwargs)


@breaks("test_a_task_runs_locally", seen="LiteralError: outputs.seconds is missing; expected float.")
class EndsEmpty(Ends):
    how = Resource.succeeded(outputs={})


@breaks("test_a_task_runs_locally", seen="LiteralError: outputs.seconds: the connector did not return this output.")
class SyncEndsEmpty(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(outputs=LiteralMap())


@breaks("test_a_task_runs_through_the_service", seen="ConnectorExited: Exits.get called sys.exit(3)")
class Exits(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        raise SystemExit(3)


@breaks("test_a_task_runs_through_the_service", seen="ConnectorExited: SyncExits.do called sys.exit(3)")
class SyncExits(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        raise SystemExit(3)


@breaks("test_a_task_runs_through_the_service", seen="The job ended as FAILED: There is no such job.")
class KnowsItsObjects(Wait):
    """Recognizes its metadata by identity, which is lost when it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.metas: list[Any] = []

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        self.metas.append(await super().create(*args, **kwargs))
        return self.metas[-1]

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        if not any(resource_meta is known for known in self.metas):
            return Resource.failed("There is no such job.")
        return await super().get(resource_meta, **kwargs)


@breaks("test_a_task_runs_through_the_service", seen="The job ended as FAILED: not here")
class SyncWantsTheMainThread(Does):
    """Works in the main thread only."""

    def change(self, state: Resource) -> Resource:
        return state if threading.current_thread() is threading.main_thread() else Resource.failed("not here")


# ----- of sync connectors


@breaks("test_do_keeps_the_deadline", seen="do did not end within 1 s.")
class SyncTakesItsTime(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        await asyncio.sleep(60)
        raise AssertionError("nobody waits so long")


async def swallow() -> None:
    """Swallow a few cancellations."""
    for _ in range(10):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


@breaks("test_do_can_be_given_up", seen="do continued after it was cancelled.")
class SyncGoesOn(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        await swallow()
        return Resource.succeeded()


@breaks("test_do_can_be_given_up", seen="do continued after it was cancelled.")
class SyncGoesOnForSomebody(Double):
    async def do(self, *args: Any, **kwargs: Any) -> Resource:
        assert kwargs["task_execution_metadata"].HasField("task_execution_id")
        await swallow()
        return Resource.succeeded()


@breaks("test_a_job_can_be_done_again", seen="The two calls ended as SUCCEEDED and FAILED.")
class SyncWorksOnce(Does):
    done = False

    def change(self, state: Resource) -> Resource:
        again, self.done = self.done, True
        return Resource.failed("It was done already.") if again else state


@breaks("test_the_answer_fits_into_a_task_status", seen="The answer has 300035 bytes.")
class SyncTellsTooMuch(Does):
    def change(self, state: Resource) -> Resource:
        return Resource.succeeded(outputs={"seconds": "1" * 300_000})


# ----- of async connectors


@dataclass
class LargerMeta(WaitMeta):
    pid: int = 0


@breaks("test_metadata_survives_the_wire", seen="pid=3) came back as WaitMeta(")
class ReturnsASubclass(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        return LargerMeta((await super().create(*args, **kwargs)).job, pid=3)


@breaks("test_metadata_is_small", seen="The metadata has 20052 bytes.")
class KeepsEverything(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        return replace(await super().create(*args, **kwargs), more="x" * 20_000)


@breaks("test_metadata_holds_no_secret", seen='"more":"***"}')
class KeepsItsToken(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        return replace(await super().create(*args, **kwargs), more=str(get_connector_secret("wait_token")))


@breaks("test_get_answers_right_after_create", seen="KeyError: ")
class IsLateToKnow(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        raise KeyError(resource_meta.job)


@breaks("test_get_answers_right_after_create", seen="A long-running job is FAILED right after create: no such job")
class DoesNotSeeItYet(Wait):
    polls = 0

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        self.polls += 1
        return Resource.failed("no such job") if self.polls == 1 else await super().get(resource_meta, **kwargs)


class Runs(Wait):
    """Changes the state of a running job."""

    def running(self) -> Resource:
        raise NotImplementedError

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        state = await super().get(resource_meta, **kwargs)
        return state if state.is_terminal else self.running()


@breaks("test_a_running_state_can_be_sent", seen="Object of type object")
class RunsWithAnObject(Runs):
    def running(self) -> Resource:
        return Resource(Phase.RUNNING, custom_info={"client": object()})


@breaks("test_a_running_state_can_be_sent", seen="The state RUNNING has 5000007 bytes.")
class RunsAndTellsTooMuch(Runs):
    def running(self) -> Resource:
        return Resource.running(message="x" * 5_000_000)


@breaks("test_a_running_state_holds_no_secret", seen="It says see https://***@backend")
class RunsAndShowsItsToken(Runs):
    def running(self) -> Resource:
        return Resource.running(message=f"see https://{get_connector_secret('wait_token')}@backend")


class RemembersItsJobs(Wait):
    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[str] = []

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        meta = await super().create(*args, **kwargs)
        self.jobs.append(meta.job)
        return meta


@breaks(
    "test_get_works_in_another_process", seen="In the other process, the running job is FAILED: There is no such job."
)
class AsksItsMemory(RemembersItsJobs):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        if resource_meta.job not in self.jobs:
            return Resource.failed("There is no such job.")
        return await super().get(resource_meta, **kwargs)


@breaks("test_a_terminal_phase_stays", seen="Successive polls returned SUCCEEDED, RUNNING, RUNNING, RUNNING.")
class ForgetsItsEnd(Ends):
    told = False

    def change(self, state: Resource) -> Resource:
        again, self.told = self.told, True
        return Resource.running() if again else state


@breaks("test_the_outputs_stay", seen="The first poll returned ")
class GivesItsOutputsOnce(Ends):
    given = 0

    def change(self, state: Resource) -> Resource:
        self.given += 1
        return Resource.succeeded(outputs={"seconds": float(self.given)})


@breaks("test_concurrent_polls_succeed", seen="of 10 polls returned FAILED.")
class CountsItsPolls(Wait):
    polls = 0

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        self.polls += 1
        return Resource.failed("Too many.") if self.polls > 3 else await super().get(resource_meta, **kwargs)


@breaks("test_get_of_an_unknown_job_ends_it", seen="get returned RUNNING: None")
class BelievesInEveryJob(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        known = backend.look_up(resource_meta.job)
        return await super().get(resource_meta, **kwargs) if known else Resource.running()


@breaks("test_get_of_an_unknown_job_ends_it", seen="get raised TransientError: not seen yet")
class WaitsForEveryJob(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        if backend.look_up(resource_meta.job) is None:
            raise TransientError("not seen yet")
        return await super().get(resource_meta, **kwargs)


@breaks("test_each_job_has_metadata_of_its_own", seen="Two jobs have the same metadata: WaitMeta(job='job', more='').")
class CallsThemAllTheSame(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        return replace(await super().create(*args, **kwargs), job="job")


@breaks("test_create_keeps_the_deadline", seen="create did not end within 1 s.")
class WaitsForTheEnd(Wait):
    async def create(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(60)


@breaks("test_get_keeps_the_deadline", seen="get did not end within 1 s.")
class WaitsForNews(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        await asyncio.sleep(60)
        raise AssertionError("nobody waits so long")


@breaks("test_get_can_be_given_up", seen="get continued after it was cancelled.")
class GoesOn(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        await swallow()
        return Resource.running()


@breaks("test_delete_keeps_the_deadline", seen="delete did not end within 1 s.")
class TakesItsTime(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        await asyncio.sleep(60)


@breaks("test_delete_ends_a_running_job", seen="The job is still RUNNING after 1 s.")
class DeletesNothing(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None: ...


@breaks("test_delete_ends_a_running_job", seen="The deleted job has SUCCEEDED.")
class TakesDeletedForDone(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        ended = backend.has_ended(resource_meta.job)
        return Resource.succeeded() if ended else await super().get(resource_meta, **kwargs)


@breaks("test_delete_ends_a_running_job", seen="get says that the job has ended, but the backend still runs it.")
class PretendsToDelete(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        backend.start(f"deleted-{resource_meta.job}", 0)

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        if backend.look_up(f"deleted-{resource_meta.job}"):
            return Resource.failed("It was ended.")
        return await super().get(resource_meta, **kwargs)


@breaks("test_delete_works_in_another_process", seen="The job is still RUNNING after 1 s.")
class DeletesItsOwn(RemembersItsJobs):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        if resource_meta.job in self.jobs:
            await super().delete(resource_meta, **kwargs)


@breaks("test_delete_leaves_other_jobs_alone", seen="The other job is FAILED: It was ended.")
class DeletesAll(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        for name in backend.names():
            backend.end(name)


@breaks("test_delete_twice_is_a_success", seen="ValueError: the job has ended")
class DeletesOnce(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        if backend.has_ended(resource_meta.job):
            raise ValueError("the job has ended")
        await super().delete(resource_meta, **kwargs)


@breaks("test_delete_leaves_a_job_that_has_ended", seen="It was SUCCEEDED, and is FAILED: There is no such job.")
class RemovesTheJob(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        (backend.directory / resource_meta.job).unlink(missing_ok=True)


@breaks("test_delete_leaves_a_job_that_has_ended", seen="Its outputs were ")
class RemovesTheOutputs(Wait):
    deleted = False

    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        self.deleted = True

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        state = await super().get(resource_meta, **kwargs)
        return Resource.succeeded() if self.deleted else state


@breaks("test_delete_of_an_unknown_job_is_a_success", seen="LookupError: ")
class InsistsOnAJob(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        if backend.look_up(resource_meta.job) is None:
            raise LookupError(resource_meta.job)
        await super().delete(resource_meta, **kwargs)


@breaks(
    "test_a_backend_that_is_away_fails_no_job",
    seen="While the backend was away, get returned FAILED: The backend is away.",
)
class TakesSilenceForAnEnd(Wait):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        try:
            return await super().get(resource_meta, **kwargs)
        except ConnectionError:
            return Resource.failed("The backend is away.")


@breaks(
    "test_a_backend_that_is_away_fails_no_job",
    seen="When the backend was back, the job was FAILED: The backend was away.",
)
class GivesUpAfterSilence(Wait):
    silent = False

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        try:
            state = await super().get(resource_meta, **kwargs)
        except ConnectionError:
            self.silent = True
            raise
        return Resource.failed("The backend was away.") if self.silent else state


@breaks("test_find_gives_the_job_of_a_key", seen="and find returned None.")
class FindsNothing(Wait):
    async def find(self, idempotency_key: str, **kwargs: Any) -> Any:
        return None


@breaks("test_find_gives_a_job_that_has_ended", seen="and find returned None after the job had ended.")
class FindsWhatRuns(Wait):
    async def find(self, idempotency_key: str, **kwargs: Any) -> Any:
        return None if backend.has_ended(idempotency_key) else WaitMeta(idempotency_key)


@breaks("test_find_works_in_another_process", seen="and find in the other process returned None.")
class FindsItsOwn(RemembersItsJobs):
    async def find(self, idempotency_key: str, **kwargs: Any) -> Any:
        return WaitMeta(idempotency_key) if idempotency_key in self.jobs else None


@breaks("test_find_gives_none_for_an_unknown_key", seen="find returned WaitMeta(")
class FindsAnything(Wait):
    async def find(self, idempotency_key: str, **kwargs: Any) -> Any:
        return WaitMeta(idempotency_key)


@breaks("test_logs_of_a_running_job", seen="FileNotFoundError: no log yet")
class HasNoLogYet(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        if not backend.has_ended(resource_meta.job):
            raise FileNotFoundError("no log yet")
        return GetTaskLogsResponse()


@breaks("test_logs_of_a_job_that_has_ended", seen="There is still a token after 1000 pages.")
class LogsWithoutEnd(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        yield GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=["a line"]))
        yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token="more"))


@breaks(
    "test_logs_of_a_job_that_has_ended", seen="The job of task_that_logs wrote 0 lines; it must write at least three."
)
@breaks("test_logs_come_in_pages", seen="The job of task_that_logs wrote 0 lines; it must write at least three.")
class LosesItsLog(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        return GetTaskLogsResponse()


@breaks("test_logs_come_in_pages", seen="2 lines were requested, and 3 were returned.")
class LogsAllAtOnce(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        return GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=["one", "two", "three"]))


@breaks(
    "test_logs_come_in_pages",
    seen="In pages of two: ['one', 'two', 'two', 'three', 'three']; as a whole: ['one', 'two', 'three'].",
)
class LogsWithARepetition(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        start = int(token or 0)
        log = ["one", "two", "three"][start : start + lines if lines else None]
        following = str(start + 1) if lines and start < 2 else ""
        yield GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=log))
        yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token=following))


@breaks("test_logs_hold_no_secret", seen="It says began with ***")
class LogsItsToken(Wait):
    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        line = f"began with {get_connector_secret('wait_token')}"
        return GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=[line]))


@breaks("test_metrics_of_a_running_job", seen="get_metrics returned dict.")
class MeasuresADict(Wait):
    async def get_metrics(self, resource_meta: Any, **kwargs: Any) -> Any:
        return {"cpu": 1}


@breaks("test_a_job_is_ended_through_the_service", seen="answers DeleteTask with UNAVAILABLE: not now")
class CannotDelete(Wait):
    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        raise TransientError("not now")


@breaks("test_a_job_is_ended_through_the_service", seen="The job is still RUNNING after 1 s.")
class DeletesItsObjects(KnowsItsObjects):
    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        return await Wait.get(self, resource_meta, **kwargs)

    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        if any(resource_meta is known for known in self.metas):
            await super().delete(resource_meta, **kwargs)


# ----- for tests of several checks


class Slow(Wait):
    """Takes two seconds to start a job."""

    started = 0

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        type(self).started += 1
        await asyncio.sleep(2)
        return await super().create(*args, **kwargs)


class Deaf(Wait):
    """Swallows every cancellation of get."""

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue


class DeafInLogs(Wait):
    """Swallows every cancellation of get_logs."""

    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        await Deaf.get(Deaf(), resource_meta)


class RaisesASecret(Wait):
    """Raises an error that contains its secret."""

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        raise RuntimeError(f"401 for https://{get_connector_secret('wait_token')}@backend")


class Reluctant(Wait):
    """Refuses to delete a job the first time."""

    refused: ClassVar[set[str]] = set()

    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        if resource_meta.job not in self.refused:
            self.refused.add(resource_meta.job)
            raise TransientError("not now")
        await super().delete(resource_meta, **kwargs)


class KeepsItsTokenAndFindsNothing(FindsNothing, KeepsItsToken):
    """Has its token in the metadata that find is compared with."""
