"""The fixtures and checks that both conformance suites have."""

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
from connector_core.service.rpcs import MAX_RESPONSE_BYTES
from connector_core.testing.connector_calls import Calls
from connector_core.testing.contracts import Contract, expect
from connector_core.testing.example_task import ExampleTask
from connector_core.testing.flyte_callers import calling
from connector_core.testing.server import serving

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
    "describe",
    "visible_texts",
]

CAN_BE_SENT: Contract = Contract(
    "Every state of a job can be sent to Flyte.",
    why="A state that cannot be written as a message, or is larger than 4 MiB, fails the poll. After five failed "
    "polls Flyte stops polling, and the task hangs.",
    fix="Put only JSON values into custom_info, only TaskLog objects into log_links, and large outputs into files.",
)

HOLDS_NO_SECRET: Contract = Contract(
    "A job's messages, links, custom_info, outputs and logs contain no secret.",
    why="Flyte stores them, and shows them to everybody who can see the execution.",
    fix="Leave credentials out of them; the backend's URL can contain one, too.",
)

NOT_BLOCKED: Contract = Contract(
    "An async method does not block the event loop.",
    why="All calls of the service share one event loop. While one call blocks it, no other call is answered, and "
    "Flyte drops the whole service.",
    fix="Await an async client, or write def instead of async def: a plain function runs in a thread.",
)

AT_THE_SAME_TIME: Contract = Contract(
    "Jobs that run at the same time do not disturb each other.",
    why="One connector object serves all tasks of its type at once, for different users.",
    fix="Keep no job's data in the connector's attributes; put what get needs into the metadata.",
)


class ConnectorSuite:
    """The fixtures that the author of a connector defines, and the checks for both kinds of connector.

    Attributes:
        deadline: The seconds that one call may take; Flyte's default.
        patience: The seconds that the job of an example may take to end.
        at_once: The number of jobs that the checks for concurrency run at a time.
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
        """Return the connector; required."""
        pytest.fail(_required("connector", "the connector under test"))

    @pytest.fixture
    def task_that_succeeds(self) -> ExampleTask:
        """Return a task whose job succeeds soon, with the types of its outputs; required."""
        pytest.fail(_required("task_that_succeeds", "an ExampleTask whose job succeeds soon"))

    @pytest.fixture
    def task_that_fails(self) -> ExampleTask | None:
        """Return a task that fails in every attempt, or None if no task can fail; required."""
        pytest.fail(_required("task_that_fails", "an ExampleTask that cannot succeed, or None"))

    @pytest.fixture
    def task_that_fails_for_now(self) -> ExampleTask | None:
        """Return a task that fails and may succeed in another attempt, or None."""
        return None

    @pytest.fixture
    def secrets(self) -> Mapping[str, str]:
        """Return the secrets that the connector asks for, by key."""
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
        """Provide the calls of the connector, made as the service makes them."""
        if isinstance(connector, type):
            pytest.fail(
                f"The fixture connector returns the class {connector.__name__}; return an instance.", pytrace=False
            )
        if not isinstance(connector, self._kind):
            pytest.fail(
                f"{type(connector).__name__} is not a subclass of {self._kind.__name__}; use the other suite.",
                pytrace=False,
            )
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
        if calls is None:  # Outside the except block: pytest would show its error as well.
            pytest.fail(refused, pytrace=False)
        with closing(calls):
            yield calls

    @Contract(
        "An installed package's connector is found by its task type.",
        why="Flyte looks up a connector by its task type alone. Without an entry point the connector is not found.",
        fix='Add the line TASK_TYPE = "package.module:Connector" to [project.entry-points."flytekit.connectors"], '
        "and install the package again (pip install -e .).",
    )
    def test_it_is_found_by_its_task_type(self, connector: Any) -> None:
        found = ConnectorRegistry().get_connector(connector.task_category.name, connector.task_category.version)
        names = [f"{type(each).__module__}:{type(each).__qualname__}" for each in (found, connector)]
        expect(names[0] == names[1], f"The entry point names {names[0]}, but the fixture returns {names[1]}.")

    @Contract(
        "A connector can be registered without a warning.",
        why="The registry refuses an invalid connector. It warns about metadata that looks like a credential, "
        "because Flyte logs and stores metadata.",
        fix="Call super().__init__(…). Get credentials with get_connector_secret(…) in each call, instead of keeping "
        "them in a field of the metadata.",
    )
    def test_it_can_be_registered(self, connector: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_connector(connector)

    @Contract(
        "A job that can succeed ends in SUCCEEDED.",
        why="Any other terminal phase fails the workflow. Without a terminal phase the workflow waits forever.",
        fix="Translate the backend's job states with convert_to_flyte_phase, or one by one.",
    )
    def test_a_job_succeeds(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        last = calls.run(_run(calls, task_that_succeeds))[-1]
        expect(last.phase is Phase.SUCCEEDED, f"The job ended as {last.phase.name}: {last.message}")

    @Contract(
        "A task that cannot succeed ends in FAILED, or is refused with PermanentError.",
        why="After any other failure Flyte tries again, and the task fails again. Any other exception is reported as "
        "a bug in the connector.",
        fix="Return Resource.failed(…), or raise PermanentError, for a failure that would happen again.",
    )
    def test_a_job_fails(self, calls: Calls, task_that_fails: ExampleTask | None) -> None:
        end = calls.run(_run_failing_task(calls, task_that_fails))
        failed = isinstance(end, PermanentError) or (isinstance(end, Resource) and end.phase is Phase.FAILED)
        expect(failed, f"The job ended with {describe(end)}.")

    @Contract(
        "A failure says why.",
        why="The message is all that Flyte shows of a failed job to the user.",
        fix="Give Resource.failed(…) or PermanentError a sentence that says what was wrong and what would be right.",
    )
    def test_a_failure_says_why(self, calls: Calls, task_that_fails: ExampleTask | None) -> None:
        end = calls.run(_run_failing_task(calls, task_that_fails))
        said = _message(end) if isinstance(end, Exception) else (end.message or "").strip()
        expect(said, f"The job ended with {describe(end)}, without a message.")

    @Contract(
        "A temporary failure ends in RETRYABLE_FAILED, or raises RetryableError.",
        why="Flyte uses the task's retries only then.",
        fix="Return Resource.retryable_failed(…), or raise RetryableError, for a failure that the system caused.",
    )
    def test_a_passing_failure_can_be_retried(self, calls: Calls, task_that_fails_for_now: ExampleTask | None) -> None:
        if task_that_fails_for_now is None:
            pytest.skip("no fixture task_that_fails_for_now")
        end = calls.run(_run_failing_task(calls, task_that_fails_for_now))
        phase = end.phase if isinstance(end, Resource) else None
        retryable = isinstance(end, RetryableError | TransientError) or phase is Phase.RETRYABLE_FAILED
        expect(retryable, f"The job ended with {describe(end)}.")

    @Contract(
        "The outputs have the names and types that the task declares.",
        why="Flyte passes each output by its name to the tasks that need it. It fails the task if an output is "
        "missing or has another type.",
        fix="Return the outputs under their declared names in Resource.succeeded(outputs={…}), or write outputs.pb "
        "under the output prefix.",
    )
    def test_the_outputs_are_the_declared_ones(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def outputs() -> LiteralMap | None:
            attempt = await calls.attempt(task_that_succeeds)
            last = (await calls.run_to_end(attempt))[-1]
            if last.outputs is None:
                return read_outputs(attempt.output_prefix) if task_that_succeeds.outputs else None
            message = await last.to_flyte_idl(output_prefix=attempt.output_prefix)
            return message.outputs

        given, declared = calls.run(outputs()), task_that_succeeds.outputs
        if declared is None:
            pytest.skip("task_that_succeeds declares no outputs")
        names = set() if given is None else set(given.literals)
        expect(names == set(declared), f"The outputs are {sorted(names)}, and the task declares {sorted(declared)}.")
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
                    for state in await calls.run_to_end(attempt):
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
                return [text for state in await _run(calls, example) for text in visible_texts(state)]
            except CallError as error:
                return [str(error)]

        for example in filter(None, (task_that_succeeds, task_that_fails)):
            check_no_secret(secrets, *calls.run(said(example)))

    @AT_THE_SAME_TIME
    def test_jobs_run_at_the_same_time(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        async def together() -> list[list[Resource]]:
            return await asyncio.gather(*(_run(calls, task_that_succeeds) for _ in range(self.at_once)))

        ends = [states[-1] for states in calls.run(together())]
        phases = [end.phase.name for end in ends]
        expect(
            set(phases) == {"SUCCEEDED"}, f"{self.at_once} concurrent jobs of one task ended as {', '.join(phases)}."
        )

    @Contract(
        "A connector works on more than one event loop.",
        why="The service, each local run and each test has its own event loop.",
        fix="Create clients and locks that belong to a loop within the call, or keep one for each running loop.",
    )
    def test_it_works_on_another_event_loop(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        calls.run(_run(calls, task_that_succeeds))
        last = asyncio.run(_run(calls, task_that_succeeds))[-1]
        expect(last.phase is Phase.SUCCEEDED, f"On the second loop the job ended as {last.phase.name}: {last.message}")

    @Contract(
        "A task without inputs and custom is refused with a typed error.",
        why="Flyte sends the task as it was registered, and inputs and custom may be missing. An AttributeError or "
        "KeyError is reported as a bug in the connector, and does not tell the user what is missing.",
        fix="Check for the required values, and raise PermanentError with what is missing.",
    )
    def test_an_empty_task_is_refused_in_words(self, calls: Calls) -> None:
        category = calls.connector.task_category
        template = TaskTemplate(type=category.name, task_type_version=category.version)
        calls.run(_expect_refusal(calls, ExampleTask(), task_template=template, inputs=LiteralMap()))

    @Contract(
        "An input of the wrong type is refused with a typed error.",
        why="The workflow's author has to correct it, but an untyped exception is reported as a bug in the connector.",
        fix='Read inputs with from_literal_map(inputs, {"name": type}), which raises LiteralError.',
    )
    def test_an_input_of_another_type_is_refused_in_words(self, calls: Calls, task_that_succeeds: ExampleTask) -> None:
        names = [*task_that_succeeds.values]
        if not names:
            pytest.skip("task_that_succeeds has no inputs")
        wrong: Literal = to_literal([{"another": "type"}])
        inputs = LiteralMap(literals=dict.fromkeys(names, wrong))
        calls.run(_expect_refusal(calls, task_that_succeeds, inputs=inputs))

    @Contract(
        "A connector does not change the task or its inputs.",
        why="They are the request itself. A second call for the same attempt must see what the first call saw.",
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
            await calls.run_to_end(attempt)
            return [
                name
                for name, message in messages.items()
                if message.SerializeToString(deterministic=True) != before[name]
            ]

        names = calls.run(changed())
        expect(not names, f"The call changed {', '.join(names)}.")

    @Contract(
        "A task runs locally, as with `connectors run`.",
        why="Authors and users try a connector this way, without a cluster.",
        fix="Run the same task with `connectors run`, and read what it prints.",
    )
    def test_a_task_runs_locally(self, calls: Calls, task_that_succeeds: ExampleTask, tmp_path: Path) -> None:
        calls.skip_if_late("do", "create", "get", "delete")
        category = calls.connector.task_category
        prefix = tmp_path / "local"
        prefix.mkdir()
        fields: dict[str, Any] = {"registry": calls.registry, "output_prefix": str(prefix), "timeout": self.patience}
        task = Task(category.name, task_type_version=category.version, **task_that_succeeds.fields(), **fields)
        task(**task_that_succeeds.values)

    @pytest.mark.parametrize("generation", [1, 2], ids=["flyte1", "flyte2"])
    @Contract(
        "A task runs through the gRPC service, for Flyte 1 and for Flyte 2.",
        why="Flyte calls the connector this way: only the metadata passes from one call to the next.",
        fix="Compare what get needs with what create returns; look for a traceback in the service's log.",
    )
    def test_a_task_runs_through_the_service(
        self, calls: Calls, task_that_succeeds: ExampleTask, generation: int
    ) -> None:
        calls.skip_if_late("do", "create", "get")

        async def through(endpoint: str) -> Resource:
            attempt = await calls.attempt(task_that_succeeds)
            connector, arguments = calls.connector, attempt[:4]  # Flyte sends no key.
            async with calling(endpoint, generation, self.deadline) as flyte:
                if isinstance(connector, SyncConnectorBase):
                    return await flyte.do(*arguments)
                meta = await flyte.create(*arguments)
                calls.remember(connector.metadata_type.decode(meta), attempt)
                get = partial(flyte.get, connector.task_category, meta, attempt.output_prefix)
                return (await calls.poll(get))[-1]

        with serving(calls.registry) as endpoint:
            last = calls.run(through(endpoint))
        expect(last.phase is Phase.SUCCEEDED, f"The job ended as {last.phase.name}: {last.message}")


async def _run(calls: Calls, example: ExampleTask) -> list[Resource]:
    return await calls.run_to_end(await calls.attempt(example))


async def _run_failing_task(calls: Calls, example: ExampleTask | None) -> Resource | CallError:
    if example is None:
        pytest.skip("no task can fail")
    return await calls.end_of(await calls.attempt(example))


async def _expect_refusal(calls: Calls, example: ExampleTask, **changed: Any) -> None:
    attempt = (await calls.attempt(example))._replace(**changed)
    operation = calls.do if isinstance(calls.connector, SyncConnectorBase) else calls.create
    try:
        await operation(attempt)
    except (CallError, LiteralError) as error:
        expect(_message(error), f"{type(error).__name__} has no message.")


def _message(error: CallError | LiteralError) -> str:
    """Return the error's message; empty if it is only the name of the class, as without an argument."""
    said = str(error).strip()
    return "" if said == type(error).__name__ else said


async def check_size(state: Resource, prefix: str) -> None:
    """Check that the state can be written as a message that Flyte accepts."""
    size = (await state.to_flyte_idl(output_prefix=prefix)).ByteSize()
    expect(size <= MAX_RESPONSE_BYTES, f"The state {state.phase.name} has {size} bytes.")


def check_no_secret(secrets: Mapping[str, str], *said: str) -> None:
    """Check that the texts contain none of the secrets."""
    if not secrets:
        pytest.skip("no fixture secrets")
    short = [key for key, value in secrets.items() if len(value) < LEAST_MASKED]
    expect(
        not short, f"Too short to search for: {', '.join(short)}. Use secrets of at least {LEAST_MASKED} characters."
    )
    for text in said:
        shown = text
        for value in secrets.values():
            shown = shown.replace(value, "***")
        shown = masked(shown)
        expect(shown == text, f"It says {shown}")


def visible_texts(state: Resource) -> list[str]:
    """Return the texts of a state that Flyte shows or stores."""
    return list(_texts([state.message, state.log_links, state.custom_info, state.outputs]))


def _texts(value: Any) -> Iterator[str]:
    # The repr of a container masks a Secret, although it is sent in plain text.
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


def describe(end: Resource | CallError) -> str:
    """Return a few words on how a job ended."""
    return end.phase.name if isinstance(end, Resource) else f"{type(end).__name__}: {end}"


def _required(fixture: str, what: str) -> str:
    return f"The suite needs the fixture {fixture}: {what}. Define it in your subclass with @pytest.fixture."
