"""What holds for connectors of both kinds."""

from __future__ import annotations

import asyncio
import warnings
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import text_format
from google.protobuf.message import Message

from connector_core.connector import ConnectorBase, SyncConnectorBase, check_connector
from connector_core.errors import CallError, LiteralError, PermanentError, RetryableError, TransientError
from connector_core.idl import Literal, LiteralMap, TaskTemplate
from connector_core.literals import from_literal_map, to_literal
from connector_core.local.files import read_outputs
from connector_core.local.task import Task
from connector_core.models import Resource
from connector_core.phases import Phase
from connector_core.registry import ConnectorRegistry
from connector_core.secrets import LEAST_MASKED, masked, secret_variable
from connector_core.service.rpcs import MAX_BYTES
from connector_core.testing.callers import calling
from connector_core.testing.calls import Calls
from connector_core.testing.contracts import Contract, holds
from connector_core.testing.examples import ExampleTask
from connector_core.testing.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connector_core.connector import AsyncConnectorBase

__all__ = [
    "AT_THE_SAME_TIME",
    "CAN_BE_SENT",
    "HOLDS_NO_SECRET",
    "NOT_BLOCKED",
    "ConnectorSuite",
    "check_no_secret",
    "check_size",
    "said_in",
    "spelled",
]

CAN_BE_SENT: Contract = Contract(
    "Every state of a job can be sent to Flyte.",
    why="What cannot be written as a message, or has more than 4 MiB, fails the poll; after five of them Flyte "
    "asks no more, and the task hangs.",
    fix="Put only what JSON can hold into custom_info, TaskLog into log_links, and large outputs into files.",
)

HOLDS_NO_SECRET: Contract = Contract(
    "No secret is in what a connector says of a job.",
    why="Flyte shows messages, links and logs to everybody who sees the execution, and stores them.",
    fix="Leave credentials out of messages, links, custom_info, outputs and logs; do not pass the backend's URL on.",
)

NOT_BLOCKED: Contract = Contract(
    "An async method does not block the event loop.",
    why="All calls of the service share one loop: while it waits for one backend nobody is answered, and Flyte "
    "drops the whole service.",
    fix="Await an async client, or write def instead of async def: it then runs in a thread.",
)

AT_THE_SAME_TIME: Contract = Contract(
    "Jobs that run at the same time do not disturb each other.",
    why="One connector object serves all tasks of its type at once, and those of different people.",
    fix="Keep nothing of a job in the connector's attributes; what get needs belongs into the metadata.",
)


class ConnectorSuite:
    """The fixtures that an author gives, and the checks for both kinds of connector.

    Attributes:
        deadline: Seconds that one call may take; Flyte's default.
        patience: Seconds that an example's job may take to end.
        at_once: How many jobs are run at a time to see whether they disturb each other.
    """

    deadline: float = 10.0
    patience: float = 30.0
    at_once: int = 5

    _kind: type[ConnectorBase] = ConnectorBase
    _late: dict[str, str]

    def __init_subclass__(cls) -> None:
        cls._late = {}

    @pytest.fixture
    def connector(self) -> SyncConnectorBase | AsyncConnectorBase:
        """The connector; required."""
        pytest.fail(_give("connector", "the connector that is tested"))

    @pytest.fixture
    def task_that_succeeds(self) -> ExampleTask:
        """A task whose job succeeds soon; required. Say what outputs it gives, with their types."""
        pytest.fail(_give("task_that_succeeds", "an ExampleTask whose job succeeds soon"))

    @pytest.fixture
    def task_that_fails(self) -> ExampleTask | None:
        """A task that cannot succeed, however often it is tried; required. None: no task can fail."""
        pytest.fail(_give("task_that_fails", "an ExampleTask that cannot succeed"))

    @pytest.fixture
    def task_that_fails_for_now(self) -> ExampleTask | None:
        """A task that fails and may succeed another time; None: no job of this connector does."""
        return None

    @pytest.fixture
    def secrets(self) -> Mapping[str, str]:
        """The secrets that the connector asks for, by key."""
        return {}

    @pytest.fixture
    def calls(
        self,
        connector: SyncConnectorBase | AsyncConnectorBase,
        secrets: Mapping[str, str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        request: pytest.FixtureRequest,
    ) -> Iterator[Calls]:
        """The connector, called as the service calls it."""
        if isinstance(connector, type):
            pytest.fail(f"The fixture connector gives the class {connector.__name__}; give an object.", pytrace=False)
        if not isinstance(connector, self._kind):
            pytest.fail(f"{type(connector).__name__} is no {self._kind.__name__}; take the other suite.", pytrace=False)
        for key, value in secrets.items():
            monkeypatch.setenv(secret_variable(key), value)
        calls, refused = None, ""
        try:
            calls = Calls(
                connector,
                tmp_path / "prefixes",
                deadline=self.deadline,
                patience=self.patience,
                check=request.node.nodeid,
                late=self._late,
            )
        except Exception as error:
            refused = f"The connector cannot be registered: {error}"
        if calls is None:  # Not within the except, whose error would be shown once more.
            pytest.fail(refused, pytrace=False)
        with closing(calls):
            yield calls

    @Contract(
        "An installed package's connector is found by its task type.",
        why="Flyte asks for a connector by the task type alone; what has no entry point is not there.",
        fix='Add the line TASK_TYPE = "package.module:Connector" to [project.entry-points."flytekit.connectors"], and '
        "install the package again (pip install -e .).",
    )
    def test_it_is_found_by_its_task_type(self, connector: Any) -> None:
        found = ConnectorRegistry().get_connector(connector.task_category.name, connector.task_category.version)
        names = [f"{type(each).__module__}:{type(each).__qualname__}" for each in (found, connector)]
        holds(names[0] == names[1], f"The entry gives {names[0]}, and the fixture {names[1]}.")

    @Contract(
        "A connector can be registered without a warning.",
        why="What is no connector is refused, and metadata that looks like a credential is logged and stored by Flyte.",
        fix="Call super().__init__(…), and get credentials with get_connector_secret(…) in each call, instead of a "
        "field of the metadata.",
    )
    def test_it_can_be_registered(self, connector: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_connector(connector)

    @Contract(
        "A job that can succeed ends in SUCCEEDED.",
        why="It is what the task is for; any other end fails the workflow, and none keeps it waiting for ever.",
        fix="Translate the backend's words for a job's state with convert_to_flyte_phase, or one by one.",
    )
    def test_a_job_succeeds(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        last = calls.run(_states(calls, task_that_succeeds))[-1]
        holds(last.phase is Phase.SUCCEEDED, f"It ended as {last.phase.name}: {last.message}")

    @Contract(
        "A task that cannot succeed ends in FAILED, or is refused with PermanentError.",
        why="Flyte tries again after everything else, which costs the same failure once more; and an exception of "
        "another kind is taken for a bug in the connector.",
        fix="Return Resource.failed(…), or raise PermanentError, for what would fail again.",
    )
    def test_a_job_fails(self, calls: Calls, task_that_fails: ExampleTask | None) -> None:
        end = calls.run(_ending(calls, task_that_fails))
        failed = isinstance(end, PermanentError) or (isinstance(end, Resource) and end.phase is Phase.FAILED)
        holds(failed, f"It ended with {spelled(end)}.")

    @Contract(
        "A failure says why.",
        why="Flyte shows the message of a failed job, and nothing else of it, to who runs the task.",
        fix="Give Resource.failed(…) or PermanentError a sentence with what was wrong and what would be right.",
    )
    def test_a_failure_says_why(self, calls: Calls, task_that_fails: ExampleTask | None) -> None:
        end = calls.run(_ending(calls, task_that_fails))
        said = _message(end) if isinstance(end, Exception) else (end.message or "").strip()
        holds(said, f"It ended with {spelled(end)}, and without a message.")

    @Contract(
        "A failure that another attempt may not meet is RETRYABLE_FAILED, or RetryableError.",
        why="Only then does Flyte use the task's retries.",
        fix="Return Resource.retryable_failed(…), or raise RetryableError, for what the system did to the job.",
    )
    def test_a_passing_failure_can_be_retried(self, calls: Calls, task_that_fails_for_now: ExampleTask | None) -> None:
        if task_that_fails_for_now is None:
            pytest.skip("no fixture task_that_fails_for_now")
        end = calls.run(_ending(calls, task_that_fails_for_now))
        phase = end.phase if isinstance(end, Resource) else None
        retryable = isinstance(end, RetryableError | TransientError) or phase is Phase.RETRYABLE_FAILED
        holds(retryable, f"It ended with {spelled(end)}.")

    @Contract(
        "The outputs are those that the task declares, of their types.",
        why="Flyte gives each to the task that waits for it, by name, and fails it if one is missing or of another "
        "type.",
        fix="Return them by their declared names in Resource.succeeded(outputs={…}), or write outputs.pb under the "
        "output prefix.",
    )
    def test_the_outputs_are_the_declared_ones(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def outputs() -> LiteralMap | None:
            attempt = await calls.attempt(task_that_succeeds)
            last = (await calls.states(attempt))[-1]
            if last.outputs is None:
                return read_outputs(attempt.output_prefix) if task_that_succeeds.outputs else None
            message = await last.to_flyte_idl(output_prefix=attempt.output_prefix)
            return message.outputs

        given, declared = calls.run(outputs()), task_that_succeeds.outputs
        if declared is None:
            pytest.skip("the task that succeeds declares no outputs")
        names = set() if given is None else set(given.literals)
        holds(names == set(declared), f"It gives {sorted(names)}, and the task declares {sorted(declared)}.")
        if given is not None:
            from_literal_map(given, declared, path="outputs")

    @CAN_BE_SENT
    def test_every_state_can_be_sent(
        self, calls: Calls, task_that_succeeds: ExampleTask, task_that_fails: ExampleTask | None
    ) -> None:
        async def send() -> None:
            for example in filter(None, (task_that_succeeds, task_that_fails)):
                attempt = await calls.attempt(example)
                with suppress(CallError):
                    for state in await calls.states(attempt):
                        await check_size(state, attempt.output_prefix)

        calls.run(send())

    @HOLDS_NO_SECRET
    def test_states_hold_no_secret(
        self,
        calls: Calls,
        task_that_succeeds: ExampleTask,
        task_that_fails: ExampleTask | None,
        secrets: Mapping[str, str],
    ) -> None:
        async def said(example: ExampleTask) -> list[str]:
            try:
                return [text for state in await _states(calls, example) for text in said_in(state)]
            except CallError as error:
                return [str(error)]

        for example in filter(None, (task_that_succeeds, task_that_fails)):
            check_no_secret(secrets, *calls.run(said(example)))

    @AT_THE_SAME_TIME
    def test_jobs_run_at_the_same_time(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def together() -> list[list[Resource]]:
            return await asyncio.gather(*(_states(calls, task_that_succeeds) for _ in range(self.at_once)))

        ends = [states[-1] for states in calls.run(together())]
        phases = [end.phase.name for end in ends]
        holds(set(phases) == {"SUCCEEDED"}, f"{self.at_once} of the same task ended as {', '.join(phases)}.")

    @Contract(
        "A connector works on more than one event loop.",
        why="Each local run has a loop of its own, and so have tests and the service.",
        fix="Make clients and locks that belong to a loop within the call, or keep one for each running loop.",
    )
    def test_it_works_on_another_event_loop(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        calls.run(_states(calls, task_that_succeeds))
        last = asyncio.run(_states(calls, task_that_succeeds))[-1]
        holds(last.phase is Phase.SUCCEEDED, f"On the second loop it ended as {last.phase.name}: {last.message}")

    @Contract(
        "A task that lacks everything is refused with a typed error.",
        why="Flyte sends what somebody has registered: neither inputs nor custom need be there. An AttributeError or "
        "KeyError is reported as a bug in the connector, and says nothing to its user.",
        fix="Check what is needed, and raise PermanentError with what is missing.",
    )
    def test_an_empty_task_is_refused_in_words(self, calls: Calls) -> None:
        category = calls.connector.task_category
        template = TaskTemplate(type=category.name, task_type_version=category.version)
        calls.run(_refused_in_words(calls, ExampleTask(), task_template=template, inputs=LiteralMap()))

    @Contract(
        "An input of another type is refused with a typed error.",
        why="It is a mistake of who wrote the workflow, and an untyped exception is reported as one of the "
        "connector's author.",
        fix='Read inputs with from_literal_map(inputs, {"name": type}), which raises LiteralError.',
    )
    def test_an_input_of_another_type_is_refused_in_words(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        names = [*task_that_succeeds.values]
        if not names:
            pytest.skip("the task that succeeds has no inputs")
        wrong: Literal = to_literal([{"another": "type"}])
        inputs = LiteralMap(literals=dict.fromkeys(names, wrong))
        calls.run(_refused_in_words(calls, task_that_succeeds, inputs=inputs))

    @Contract(
        "A connector leaves the task and its inputs as they are.",
        why="They are the request itself: a second call for the same attempt must see what the first one saw.",
        fix="Copy a message (CopyFrom) before you change it.",
    )
    def test_the_task_is_left_as_it_is(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def changed() -> list[str]:
            attempt = await calls.attempt(task_that_succeeds)
            messages: dict[str, Message] = {
                "task_template": attempt.task_template,
                "inputs": attempt.inputs,
                "task_execution_metadata": attempt.task_execution_metadata,
            }
            before = {name: message.SerializeToString(deterministic=True) for name, message in messages.items()}
            await calls.states(attempt)
            return [
                name
                for name, message in messages.items()
                if message.SerializeToString(deterministic=True) != before[name]
            ]

        names = calls.run(changed())
        holds(not names, f"The call changed {', '.join(names)}.")

    @Contract(
        "A task runs here, as `connectors run` does it.",
        why="It is how analysts and authors try a connector, without a cluster.",
        fix="See what `connectors run` prints for the same task.",
    )
    def test_a_task_runs_locally(self, calls: Calls, task_that_succeeds: ExampleTask, tmp_path: Path) -> None:
        calls.needs("do", "create", "get", "delete")
        category = calls.connector.task_category
        prefix = tmp_path / "local"
        prefix.mkdir()
        fields: dict[str, Any] = {"registry": calls.registry, "output_prefix": str(prefix), "timeout": self.patience}
        task = Task(category.name, task_type_version=category.version, **task_that_succeeds.fields(), **fields)
        task(**task_that_succeeds.values)

    @pytest.mark.parametrize("generation", [1, 2], ids=["flyte1", "flyte2"])
    @Contract(
        "A task runs through the gRPC service, for Flyte 1 and for Flyte 2.",
        why="It is how Flyte calls: with nothing but the metadata from one call to the next.",
        fix="Compare what get needs with what create returns; look at the service's log for a traceback.",
    )
    def test_a_task_runs_through_the_service(
        self, calls: Calls, task_that_succeeds: ExampleTask, generation: int
    ) -> None:
        calls.needs("do", "create", "get")

        async def through(endpoint: str) -> Resource:
            attempt = await calls.attempt(task_that_succeeds)
            connector, arguments = calls.connector, attempt[:4]  # Flyte sends no key.
            async with calling(endpoint, generation, self.deadline) as flyte:
                if isinstance(connector, SyncConnectorBase):
                    return await flyte.do(*arguments)
                meta = await flyte.create(*arguments)
                calls.began(connector.metadata_type.decode(meta), attempt)
                get = partial(flyte.get, connector.task_category, meta, attempt.output_prefix)
                return (await calls.polled(get))[-1]

        with serving(calls.registry) as endpoint:
            last = calls.run(through(endpoint))
        holds(last.phase is Phase.SUCCEEDED, f"It ended as {last.phase.name}: {last.message}")


async def _states(calls: Calls, example: ExampleTask) -> list[Resource]:
    return await calls.states(await calls.attempt(example))


async def _ending(calls: Calls, example: ExampleTask | None) -> Resource | CallError:
    if example is None:
        pytest.skip("no task can fail")
    return await calls.ending(await calls.attempt(example))


async def _refused_in_words(calls: Calls, example: ExampleTask, **changed: Any) -> None:
    attempt = (await calls.attempt(example))._replace(**changed)
    operation = calls.do if isinstance(calls.connector, SyncConnectorBase) else calls.create
    try:
        await operation(attempt)
    except (CallError, LiteralError) as error:
        holds(_message(error), f"{type(error).__name__} says nothing.")


def _message(error: CallError | LiteralError) -> str:
    """What an error says; one that was raised without a message has the name of its class for one."""
    said = str(error).strip()
    return "" if said == type(error).__name__ else said


async def check_size(state: Resource, prefix: str) -> None:
    """A state can be written as a message that Flyte takes."""
    size = (await state.to_flyte_idl(output_prefix=prefix)).ByteSize()
    holds(size <= MAX_BYTES, f"The state {state.phase.name} has {size} bytes.")


def check_no_secret(secrets: Mapping[str, str], *said: str) -> None:
    """None of the secrets that the connector was given is in what it said."""
    if not secrets:
        pytest.skip("no fixture secrets")
    short = [key for key, value in secrets.items() if len(value) < LEAST_MASKED]
    holds(not short, f"Nobody can look for the short {' and '.join(short)}: give {LEAST_MASKED} characters or more.")
    for text in said:
        shown = text
        for value in secrets.values():
            shown = shown.replace(value, "***")
        shown = masked(shown)
        holds(shown == text, f"It says {shown}")


def said_in(state: Resource) -> list[str]:
    """All that a state says to who sees the execution."""
    return list(_texts([state.message, state.log_links, state.custom_info, state.outputs]))


def _texts(value: Any) -> Iterator[str]:
    # The repr of a container does not show a Secret, which travels in plain all the same.
    if isinstance(value, str):
        yield "".join(value)
    elif isinstance(value, Message):
        yield text_format.MessageToString(value, as_utf8=True)
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _texts(each)
    elif value is not None:
        yield repr(value)


def spelled(end: Resource | CallError) -> str:
    """How a job ended, in a few words."""
    return end.phase.name if isinstance(end, Resource) else f"{type(end).__name__}: {end}"


def _give(fixture: str, what: str) -> str:
    return f"The suite wants the fixture {fixture}: {what}. Define it in your subclass, with @pytest.fixture."
