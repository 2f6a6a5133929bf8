"""Running a task locally: polling, outputs, errors, signals, and deleting the job."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector_core import (
    AsyncConnectorExecutorMixin,
    ConnectorNotFound,
    ConnectorRegistry,
    InvalidConnector,
    InvalidResourceMeta,
    LiteralError,
    PermanentError,
    Resource,
    ResourceMeta,
    SyncConnectorExecutorMixin,
    TaskFailed,
    TaskTimeout,
    TransientError,
    current_call,
    from_literal_map,
    to_literal_map,
)
from connector_core.errors import OutputsUnreadable, PrefixNotWritable
from connector_core.idempotency import idempotency_key
from connector_core.idl import LiteralMap, TaskTemplate
from connector_core.local.files import read_outputs, write_message
from support.connectors import DONE, RUNNING, Echo, JobMeta, Jobs, task_of


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the default output prefixes below a temporary directory."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


class TestWhereItRuns:
    @pytest.mark.parametrize("connector", [Echo, lambda: Jobs(RUNNING, DONE)], ids=["sync", "async"])
    def test_in_a_script(self, connector: Callable[[], Any]) -> None:
        assert task_of(connector())(rows=2) == {"rows": 2}

    @pytest.mark.parametrize("connector", [Echo, lambda: Jobs(RUNNING, DONE)], ids=["sync", "async"])
    def test_while_an_event_loop_is_running(self, connector: Callable[[], Any]) -> None:
        async def main() -> Any:
            return task_of(connector())(rows=2)

        assert asyncio.run(main()) == {"rows": 2}

    @pytest.mark.parametrize("connector", [Echo, lambda: Jobs(RUNNING, DONE)], ids=["sync", "async"])
    def test_on_that_event_loop(self, connector: Callable[[], Any]) -> None:
        outputs = asyncio.run(task_of(connector()).aexecute(rows=2))  # type: ignore[attr-defined]
        assert from_literal_map(outputs) == {"rows": 2}

    def test_in_threads(self) -> None:
        connector = Jobs(DONE)
        task = task_of(connector)
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: task(), range(16)))
        assert results == [{"rows": 2}] * 16
        assert len(connector.created) == 16
        assert connector.deleted == []

    def test_errors_are_raised_while_an_event_loop_is_running(self) -> None:
        async def main() -> Any:
            return task_of(Jobs(Resource.failed("no")))()

        with pytest.raises(TaskFailed, match="no"):
            asyncio.run(main())


class TestArgumentsOfTheConnector:
    def test_create_gets_everything_that_flyte_gives(self, tmp_path: Path) -> None:
        connector = Jobs(DONE)
        task_of(
            connector, name="mine", output_prefix=f"{tmp_path}/out/", container=["{{.inputs.x}}", "{{.outputPrefix}}"]
        )(x=1)
        (created,) = connector.created
        assert created["output_prefix"] == f"{tmp_path}/out"
        assert from_literal_map(created["inputs"]) == {"x": 1}
        assert list(created["task_template"].container.args) == ["1", f"{tmp_path}/out"]
        metadata = created["task_execution_metadata"]
        assert metadata.task_execution_id.task_id.name == "mine"
        assert created["idempotency_key"] == idempotency_key(connector.task_category, metadata)

    def test_each_run_has_a_new_execution_id(self) -> None:
        connector = Jobs(DONE)
        task = task_of(connector)
        task()
        task()
        assert len({created["idempotency_key"] for created in connector.created}) == 2
        assert len({created["output_prefix"] for created in connector.created}) == 2

    def test_the_current_call_has_the_key_too(self) -> None:
        keys: list[str | None] = []

        class Looks(Jobs):
            async def create(self, **kwargs: Any) -> ResourceMeta:  # type: ignore[override]
                keys.extend([kwargs["idempotency_key"], current_call().idempotency_key])
                return JobMeta()

        task_of(Looks(DONE))()
        assert keys[0]
        assert keys[0] == keys[1]

    def test_get_gets_the_output_prefix_and_the_metadata(self, tmp_path: Path) -> None:
        connector = Jobs(RUNNING, DONE)
        task_of(connector, output_prefix=str(tmp_path))()
        assert connector.polled == [{"resource_meta": JobMeta(1), "output_prefix": str(tmp_path)}] * 2

    def test_do_gets_the_execution_id(self) -> None:
        given: dict[str, Any] = {}

        class Looks(Echo):
            def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
                given.update(kwargs)
                return Resource.succeeded(outputs={})

        task_of(Looks())()
        assert given["task_execution_metadata"].HasField("task_execution_id")

    def test_the_inputs_are_written_under_the_prefix(self, tmp_path: Path) -> None:
        task_of(Echo(), output_prefix=str(tmp_path))(x=1)
        written = LiteralMap.FromString((tmp_path / "inputs.pb").read_bytes())
        assert from_literal_map(written) == {"x": 1}
        assert not (tmp_path / "task.pb").exists()

    def test_the_template_is_written_if_a_placeholder_needs_it(self, tmp_path: Path) -> None:
        task_of(Echo(), output_prefix=str(tmp_path), container=["{{.taskTemplatePath}}"])()
        assert (tmp_path / "task.pb").stat().st_size

    def test_a_prefix_that_cannot_be_written_to_starts_no_job(self) -> None:
        connector = Jobs(DONE)
        with pytest.raises(PrefixNotWritable, match=r"nosuch://b/inputs\.pb"):
            task_of(connector, output_prefix="nosuch://b")()
        assert connector.created == []

    def test_a_template_needs_no_id(self, registry: ConnectorRegistry) -> None:
        registry.register(Jobs(DONE))
        template = TaskTemplate(type="job")

        class Bare(AsyncConnectorExecutorMixin):
            name = "bare"

        task = Bare()
        task.template, task.registry = template, registry
        assert from_literal_map(task.execute()) == {"rows": 2}
        assert task.resource_meta == JobMeta(1)


class TestOutputs:
    def test_a_connector_may_give_a_literal_map(self) -> None:
        assert task_of(Jobs(Resource.succeeded(outputs=to_literal_map({"x": 1}))), outputs={"x": int})() == {"x": 1}

    def test_a_missing_output_in_a_literal_map_is_refused(self) -> None:
        with pytest.raises(LiteralError, match=r"^outputs\.y: the connector did not return this output\.$"):
            task_of(Jobs(Resource.succeeded(outputs=to_literal_map({"x": 1}))), outputs={"y": int})()

    def test_an_output_of_a_wrong_type_is_refused(self) -> None:
        with pytest.raises(LiteralError, match=r"^outputs\.x: expected int, got str\.$"):
            task_of(Jobs(Resource.succeeded(outputs={"x": "1"})), outputs={"x": int})()

    def test_empty_outputs_stay_empty(self) -> None:
        assert task_of(Jobs(Resource.succeeded(outputs={})))() == {}

    def test_without_outputs_and_declared_outputs_the_result_is_empty(self) -> None:
        assert task_of(Jobs(Resource.succeeded()))() == {}

    @pytest.mark.parametrize("scheme", ["file", "memory"])
    def test_outputs_that_the_job_wrote_are_read(self, scheme: str, tmp_path: Path) -> None:
        prefix = f"memory://{uuid.uuid4().hex}" if scheme == "memory" else str(tmp_path)

        def write() -> Resource:
            write_message(f"{prefix}/outputs.pb", to_literal_map({"x": 3}))
            return Resource.succeeded()

        assert task_of(Jobs(write), outputs={"x": int}, output_prefix=prefix)() == {"x": 3}
        assert from_literal_map(read_outputs(prefix)) == {"x": 3}

    def test_missing_outputs_are_an_error_and_the_finished_job_is_not_deleted(self) -> None:
        connector = Jobs(Resource.succeeded())
        with pytest.raises(OutputsUnreadable, match="the file does not exist"):
            task_of(connector, outputs={"x": int})()
        assert connector.deleted == []


class TestTheJobIsDeletedOnce:
    def test_not_when_it_succeeded(self) -> None:
        connector = Jobs(RUNNING, DONE)
        task_of(connector)()
        assert connector.deleted == []

    def test_not_when_it_failed_by_itself(self) -> None:
        connector = Jobs(Resource.failed("no"))
        with pytest.raises(TaskFailed, match="no"):
            task_of(connector)()
        assert connector.deleted == []

    @pytest.mark.parametrize("error", [PermanentError("gone"), KeyError("bug")], ids=repr)
    def test_when_polling_fails_permanently(self, error: Exception) -> None:
        connector = Jobs(RUNNING, error)
        with pytest.raises(type(error)) as e:
            task_of(connector)()
        assert e.value is error
        assert connector.deleted == [JobMeta(1)]

    def test_when_get_returns_no_resource(self) -> None:
        connector = Jobs(lambda: "RUNNING")  # type: ignore[arg-type, return-value]
        with pytest.raises(InvalidConnector, match=r"^Jobs\.get returned str; it must return a Resource"):
            task_of(connector)()
        assert connector.deleted == [JobMeta(1)]

    def test_when_the_callback_raises(self) -> None:
        def fail(resource: Resource) -> None:
            raise RuntimeError("no terminal")

        connector = Jobs(RUNNING)
        with pytest.raises(RuntimeError, match="no terminal"):
            task_of(connector, on_update=fail)()
        assert connector.deleted == [JobMeta(1)]

    def test_when_it_exceeds_the_timeout_of_the_task(self) -> None:
        connector = Jobs(RUNNING)
        with pytest.raises(TaskTimeout, match=r"^The task job did not end within 0\.1 s\.$") as e:
            task_of(connector, timeout=0.1)()
        assert (e.value.task, e.value.seconds) == ("job", 0.1)
        assert connector.deleted == [JobMeta(1)]

    def test_a_timeout_of_the_connector_is_not_a_timeout_of_the_task(self) -> None:
        connector = Jobs(TimeoutError("the backend's"))
        with pytest.raises(TimeoutError, match="the backend's") as e:
            task_of(connector, timeout=60)()
        assert not isinstance(e.value, TaskTimeout)
        assert connector.deleted == [JobMeta(1)]

    def test_when_its_metadata_cannot_be_read_back(self) -> None:
        class Odd(Jobs):
            async def create(self, **kwargs: Any) -> ResourceMeta:  # type: ignore[override]
                return JobMeta("seven")  # type: ignore[arg-type]

        connector = Odd(DONE)
        with pytest.raises(InvalidResourceMeta, match=r"^JobMeta\.job_id: expected int, got str\.$"):
            task_of(connector)()
        assert connector.deleted == [JobMeta("seven")]  # type: ignore[arg-type]
        assert connector.polled == []

    def test_when_the_run_is_cancelled(self) -> None:
        async def main() -> None:
            polled = asyncio.Event()
            connector = Jobs(RUNNING)
            task = task_of(connector, on_update=lambda resource: polled.set())
            run = asyncio.create_task(task.aexecute())  # type: ignore[attr-defined]
            await polled.wait()
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            assert connector.deleted == [JobMeta(1)]

        asyncio.run(main())

    def test_when_it_is_cancelled_twice(self) -> None:
        async def main() -> None:
            deleting, go_on = asyncio.Event(), asyncio.Event()

            class Slow(Jobs):
                async def delete(self, resource_meta: ResourceMeta, **kwargs: Any) -> None:  # type: ignore[override]
                    deleting.set()
                    await go_on.wait()
                    await super().delete(resource_meta)

            connector = Slow(PermanentError("no"))
            run = asyncio.create_task(task_of(connector).aexecute())  # type: ignore[attr-defined]
            await deleting.wait()
            run.cancel()
            await asyncio.sleep(0)
            go_on.set()
            with pytest.raises((PermanentError, asyncio.CancelledError)):
                await run
            assert connector.deleted == [JobMeta(1)]

        asyncio.run(main())

    def test_when_the_run_is_cancelled_while_the_job_is_created(self) -> None:
        async def main() -> None:
            creating, go_on = asyncio.Event(), asyncio.Event()

            class Slow(Jobs):
                async def create(self, **kwargs: Any) -> ResourceMeta:  # type: ignore[override]
                    creating.set()
                    await go_on.wait()
                    return JobMeta(7)

            connector = Slow(DONE)
            run = asyncio.create_task(task_of(connector).aexecute())  # type: ignore[attr-defined]
            await creating.wait()
            run.cancel()
            await asyncio.sleep(0)
            assert connector.deleted == []
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await run
            assert connector.deleted == [JobMeta(7)]
            assert connector.polled == []

        asyncio.run(main())

    def test_a_creation_that_fails_while_the_run_is_cancelled_leaves_nothing_to_delete(self) -> None:
        async def main() -> None:
            creating, go_on = asyncio.Event(), asyncio.Event()

            class Slow(Jobs):
                async def create(self, **kwargs: Any) -> ResourceMeta:  # type: ignore[override]
                    creating.set()
                    await go_on.wait()
                    raise PermanentError("no")

            connector = Slow(DONE)
            run = asyncio.create_task(task_of(connector).aexecute())  # type: ignore[attr-defined]
            await creating.wait()
            run.cancel()
            await asyncio.sleep(0)
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await run
            assert connector.deleted == []

        asyncio.run(main())

    def test_a_failed_deletion_is_added_to_the_error_of_the_run(self, caplog: pytest.LogCaptureFixture) -> None:
        class Stuck(Jobs):
            async def delete(self, resource_meta: ResourceMeta, **kwargs: Any) -> None:  # type: ignore[override]
                raise RuntimeError("no route")

        with pytest.raises(PermanentError, match=r"^gone\b") as e:
            task_of(Stuck(PermanentError("gone")))()
        assert e.value.__notes__ == ["The job could not be deleted and may still run: JobMeta(job_id=1): no route"]
        assert "The job JobMeta(job_id=1) could not be deleted and may still run: no route" in caplog.text


class Finder(Jobs):
    """A connector whose create starts a job and fails, and whose find returns the job."""

    found: ResourceMeta | Exception | None = JobMeta(9)

    async def create(self, **kwargs: Any) -> ResourceMeta:  # type: ignore[override]
        self.created.append(kwargs)
        raise TransientError("no answer")

    async def find(self, idempotency_key: str, **kwargs: Any) -> ResourceMeta | None:  # type: ignore[override]
        assert idempotency_key == self.created[0]["idempotency_key"]
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class TestACreationThatFails:
    def test_is_the_error_of_the_run(self) -> None:
        class Fails(Jobs):
            async def create(self, **kwargs: Any) -> ResourceMeta:  # type: ignore[override]
                raise PermanentError("no quota")

        connector = Fails()
        with pytest.raises(PermanentError, match=r"^no quota$"):
            task_of(connector)()
        assert connector.deleted == connector.polled == []

    def test_deletes_the_job_that_the_connector_finds(self) -> None:
        connector = Finder()
        with pytest.raises(TransientError, match="no answer"):
            task_of(connector)()
        assert connector.deleted == [JobMeta(9)]

    def test_deletes_nothing_if_the_connector_finds_no_job(self) -> None:
        connector = Finder()
        connector.found = None
        with pytest.raises(TransientError, match="no answer"):
            task_of(connector)()
        assert connector.deleted == []

    def test_says_so_if_find_fails(self) -> None:
        connector = Finder()
        connector.found = RuntimeError("no route")
        with pytest.raises(TransientError, match="no answer") as e:
            task_of(connector)()
        assert e.value.__notes__ == ["A job may have been started; the connector's `find` failed: no route"]


class TestTheWrongKind:
    @pytest.mark.parametrize(
        ("mixin", "connector", "message"),
        [
            (
                SyncConnectorExecutorMixin,
                Jobs,
                r"^<Jobs job_v0> is not an instance of SyncConnectorBase; use AsyncConnectorExecutorMixin or Task\.$",
            ),
            (
                AsyncConnectorExecutorMixin,
                Echo,
                r"^<Echo echo_v0> is not an instance of AsyncConnectorBase; use SyncConnectorExecutorMixin or Task\.$",
            ),
        ],
    )
    def test_of_connector_is_refused(self, mixin: Any, connector: Any, message: str) -> None:
        made = connector()
        ConnectorRegistry.register(made)
        task = type("Mine", (mixin,), {"name": "mine", "template": TaskTemplate(type=made.task_category.name)})()
        with pytest.raises(InvalidConnector, match=message):
            task.execute()

    def test_a_missing_connector_is_reported(self) -> None:
        task = type(
            "Mine", (AsyncConnectorExecutorMixin,), {"name": "mine", "template": TaskTemplate(type="nothing")}
        )()
        with pytest.raises(ConnectorNotFound, match="nothing_v0"):
            task.execute()


@dataclass
class Unused(ResourceMeta):
    """Metadata of another connector."""


def test_metadata_of_another_type_is_refused() -> None:
    class Mixed(Jobs):
        async def create(self, **kwargs: Any) -> ResourceMeta:  # type: ignore[override]
            return Unused()

    with pytest.raises(InvalidConnector, match=r"^Mixed\.create returned Unused; it must return JobMeta\.$"):
        task_of(Mixed())()
