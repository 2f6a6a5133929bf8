"""Calling a connector's methods: kinds of methods, arguments, secrets, errors, time limits, threads, logs."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector_core import (
    Call,
    CallTimeout,
    ConnectorError,
    ConnectorRegistry,
    InvalidConnector,
    InvalidResourceMeta,
    Outcome,
    PermanentError,
    Phase,
    Resource,
    RetryableError,
    SecretNotFound,
    TaskCategory,
    TransientError,
    current_call,
    get_connector_secret,
    hookimpl,
)
from connector_core.errors import CallError, ConnectorExited, ConnectorOverloaded, NoCurrentCall
from connector_core.idl import (
    GetTaskLogsResponse,
    GetTaskLogsResponseBody,
)
from connector_core.invoke import invoke, stream_logs
from support.connectors import Echo, JobMeta, Jobs

RUNNING = Resource.running()


def calls(method: Callable[..., Any], operation: str = "get", **attributes: Any) -> Jobs:
    """Return an async connector with one method replaced."""
    return type("Probe", (Jobs,), {operation: method, **attributes})()


def run(connector: Any, operation: str = "get", /, registry: Any = None, call: Any = None, **arguments: Any) -> Any:
    if operation in ("get", "delete", "get_logs", "get_metrics"):
        arguments = {"resource_meta": JobMeta(1), **arguments}
    return asyncio.run(invoke(Call(connector, operation, **(call or {})), registry and registry.plugins, **arguments))


class Recorder:
    """A plugin that keeps the outcomes that the call hooks get."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    @hookimpl
    def connector_core_after_call(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


@pytest.fixture
def recorder(registry: ConnectorRegistry) -> Recorder:
    made = Recorder()
    registry.register_plugin(made)
    return made


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition did not hold within {seconds} s"
        time.sleep(0.002)


class TestKindsOfMethods:
    def test_async_def_runs_on_the_event_loop(self) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            assert threading.current_thread() is threading.main_thread()
            assert asyncio.get_running_loop()
            return RUNNING

        assert run(calls(get)) is RUNNING

    def test_def_runs_in_a_thread(self) -> None:
        def get(self: Any, resource_meta: Any) -> Resource:
            assert threading.current_thread() is not threading.main_thread()
            return RUNNING

        assert run(calls(get)) is RUNNING

    def test_a_decorated_async_method_is_awaited(self) -> None:
        def retried(method: Any) -> Any:
            @functools.wraps(method)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return method(*args, **kwargs)

            return wrapper

        @retried
        async def get(self: Any, resource_meta: Any) -> Resource:
            await asyncio.sleep(0)
            return RUNNING

        assert run(calls(get), output_prefix="p") is RUNNING

    def test_static_and_class_methods_work(self) -> None:
        @staticmethod
        def static(resource_meta: Any) -> Resource:
            return RUNNING

        @classmethod
        async def of_class(cls: Any, resource_meta: Any) -> Resource:
            return RUNNING

        for method in (static, of_class):
            assert run(calls(method)) is RUNNING


class TestArguments:
    def test_a_method_gets_the_arguments_that_its_signature_names(self) -> None:
        def get(self: Any, resource_meta: Any) -> Resource:
            return RUNNING

        assert run(calls(get), output_prefix="s3://b") is RUNNING

    def test_a_method_with_keyword_arguments_gets_all(self) -> None:
        given: dict[str, Any] = {}

        async def get(self: Any, resource_meta: Any, **kwargs: Any) -> Resource:
            given.update(kwargs)
            return RUNNING

        run(calls(get), output_prefix="s3://b", further=1)
        assert given == {"output_prefix": "s3://b", "further": 1}

    @pytest.mark.parametrize("method_takes", ["named", "all"])
    def test_a_decorated_method_gets_the_arguments_that_both_signatures_accept(self, method_takes: str) -> None:
        def narrow(method: Any) -> Any:
            @functools.wraps(method)
            def wrapper(self: Any, resource_meta: Any) -> Any:
                return method(self, resource_meta=resource_meta)

            return wrapper

        def takes_all(self: Any, resource_meta: Any, **kwargs: Any) -> Resource:
            return RUNNING

        def takes_named(self: Any, resource_meta: Any, output_prefix: str = "") -> Resource:
            return RUNNING

        method = narrow(takes_all if method_takes == "all" else takes_named)
        assert run(calls(method), output_prefix="s3://b") is RUNNING

    def test_the_idempotency_key_reaches_create(self) -> None:
        def create(self: Any, task_template: Any, idempotency_key: str) -> JobMeta:
            return JobMeta(int(idempotency_key))

        assert run(calls(create, "create"), "create", task_template=None, idempotency_key="7") == JobMeta(7)


class TestCurrentCall:
    @pytest.mark.parametrize("is_async", [True, False])
    def test_it_is_set_inside_a_method(self, is_async: bool) -> None:
        seen: list[Call] = []

        def get(self: Any, resource_meta: Any) -> Resource:
            seen.append(current_call())
            return RUNNING

        async def aget(self: Any, resource_meta: Any) -> Resource:
            return get(self, resource_meta)

        connector = calls(aget if is_async else get)
        deadline = time.monotonic() + 60
        run(
            connector,
            call={"settings": {"region": "eu"}, "secrets": {"k": "v"}, "idempotency_key": "7", "deadline": deadline},
        )
        (call,) = seen
        assert (call.connector, call.operation, call.idempotency_key) == (connector, "get", "7")
        assert (call.settings, call.secrets, call.deadline) == ({"region": "eu"}, {"k": "v"}, deadline)
        assert call.task_category == TaskCategory("job")
        assert "'v'" not in repr(call)

    def test_outside_a_method_there_is_none(self) -> None:
        with pytest.raises(NoCurrentCall, match=r"^There is no current call: current_call\(\) works only inside"):
            current_call()

    def test_it_is_unset_after_the_call(self) -> None:
        async def main() -> None:
            await invoke(Call(Jobs(RUNNING), "get"), resource_meta=JobMeta())
            with pytest.raises(NoCurrentCall, match="no current call"):
                current_call()

        asyncio.run(main())

    def test_concurrent_calls_each_have_their_own(self) -> None:
        together = threading.Barrier(8)

        def get(self: Any, resource_meta: Any) -> Resource:
            together.wait(30)
            return Resource.running(message=current_call().idempotency_key)

        async def main() -> list[Any]:
            connector = calls(get)
            return await asyncio.gather(
                *(invoke(Call(connector, "get", idempotency_key=str(n)), resource_meta=JobMeta()) for n in range(8))
            )

        assert [resource.message for resource in asyncio.run(main())] == [str(n) for n in range(8)]

    @pytest.mark.parametrize("is_async", [True, False])
    def test_context_variables_of_the_caller_reach_the_method(self, is_async: bool) -> None:
        tenant = contextvars.ContextVar("tenant", default="nobody")

        def get(self: Any, resource_meta: Any) -> Resource:
            return Resource.running(message=tenant.get())

        async def aget(self: Any, resource_meta: Any) -> Resource:
            return get(self, resource_meta)

        async def main() -> Any:
            tenant.set("acme")
            return await invoke(Call(calls(aget if is_async else get), "get"), resource_meta=JobMeta())

        assert asyncio.run(main()).message == "acme"


class TestSecrets:
    """The call's secrets come first, then the hooks', then the environment's."""

    @staticmethod
    def asks(self: Any, resource_meta: Any) -> Resource:
        return Resource.running(message=str(get_connector_secret("key")))

    def test_the_order(self, registry: ConnectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
        class Vault:
            @hookimpl
            def connector_core_secret(self, key: str) -> str:
                return "hook"

        connector = calls(self.asks)
        with pytest.raises(SecretNotFound, match="the variable _FSEC_KEY"):
            run(connector, registry=registry)
        monkeypatch.setenv("_FSEC_KEY", "environment")
        assert run(connector, registry=registry).message == "environment"
        registry.register_plugin(Vault())
        assert run(connector, registry=registry).message == "hook"
        assert run(connector, registry=registry, call={"secrets": {"key": "call"}}).message == "call"

    def test_a_call_does_not_see_the_secrets_of_another(self) -> None:
        connector = calls(self.asks)
        assert run(connector, call={"secrets": {"key": "mine"}}).message == "mine"
        with pytest.raises(SecretNotFound, match="'key'"):
            run(connector, call={"secrets": {"other": "x"}})


class TestResults:
    @pytest.mark.parametrize("rubbish", [None, "RUNNING", 3, {"phase": 2}, JobMeta(1)])
    def test_get_must_return_a_resource(self, rubbish: Any) -> None:
        with pytest.raises(
            InvalidConnector, match=rf"^Probe\.get returned {type(rubbish).__name__}; it must return a Resource\.$"
        ):
            run(calls(lambda self, resource_meta: rubbish))

    def test_do_must_return_a_resource_that_has_ended(self) -> None:
        class Lingers(Echo):
            def do(self, **kwargs: Any) -> Resource:
                return RUNNING

        with pytest.raises(InvalidConnector, match=r"^Lingers\.do returned a resource in the phase RUNNING; a sync"):
            run(Lingers(), "do")

    @pytest.mark.parametrize("phase", [Phase.SUCCEEDED, Phase.FAILED, Phase.ABORTED, Phase.RETRYABLE_FAILED])
    def test_do_may_return_any_terminal_phase(self, phase: Phase) -> None:
        class Ends(Echo):
            def do(self, **kwargs: Any) -> Resource:
                return Resource(phase)

        assert run(Ends(), "do").phase is phase

    @pytest.mark.parametrize("operation", ["create", "find"])
    def test_create_and_find_must_return_the_metadata_type(self, operation: str) -> None:
        connector = calls(lambda self, **kwargs: "job-1", operation)
        with pytest.raises(InvalidConnector, match=rf"^Probe\.{operation} returned str; it must return JobMeta\.$"):
            run(connector, operation)

    def test_find_may_return_none_and_create_may_not(self) -> None:
        assert run(calls(lambda self, **kwargs: None, "find"), "find") is None
        with pytest.raises(InvalidConnector, match="create returned NoneType"):
            run(calls(lambda self, **kwargs: None, "create"), "create")

    @pytest.mark.parametrize("operation", ["delete", "get_metrics"])
    def test_other_results_are_returned_unchanged(self, operation: str) -> None:
        assert run(calls(lambda self, **kwargs: "anything", operation), operation) == "anything"


class Backend(Exception):
    pass


KINDS = pytest.mark.parametrize("is_async", [True, False], ids=["async def", "def"])


def raises(error: BaseException, is_async: bool, **attributes: Any) -> Jobs:
    def get(self: Any, resource_meta: Any) -> Resource:
        raise error

    async def aget(self: Any, resource_meta: Any) -> Resource:
        raise error

    return calls(aget if is_async else get, **attributes)


class TestErrors:
    @KINDS
    @pytest.mark.parametrize("error", [ValueError("bad"), PermanentError("no"), TransientError("later"), Backend()])
    def test_an_error_of_the_method_is_raised(self, error: Exception, is_async: bool) -> None:
        with pytest.raises(type(error)) as e:
            run(raises(error, is_async))
        assert e.value is error

    def test_an_error_can_be_caught_by_its_kind(self) -> None:
        with pytest.raises(RetryableError, match=r"^no quota now$"):
            run(raises(RetryableError("no quota now"), True))
        with pytest.raises(CallError, match=r"^PermanentError$") as e:
            run(raises(PermanentError(code="QUOTA"), True))
        assert e.value.code == "QUOTA"
        with pytest.raises(ConnectorError, match=r"^Probe\.get called sys\.exit"):
            run(raises(SystemExit(), True))

    @KINDS
    def test_sys_exit_is_an_error_of_the_call(
        self, is_async: bool, registry: ConnectorRegistry, recorder: Recorder
    ) -> None:
        with pytest.raises(ConnectorExited, match=r"^Probe\.get called sys\.exit\(3\); raise an error instead\.$") as e:
            run(raises(SystemExit(3), is_async), registry=registry)
        assert e.value.code == 3
        assert recorder.outcomes[0].error is e.value

    @KINDS
    @pytest.mark.parametrize("error", [StopIteration(), StopIteration(3)], ids=repr)
    def test_stop_iteration_does_not_hang_the_call(self, error: BaseException, is_async: bool) -> None:
        with pytest.raises(RuntimeError, match="raised StopIteration"):
            run(raises(error, is_async))

    @KINDS
    def test_exceptions_that_the_connector_declares_transient_become_transient(
        self, is_async: bool, registry: ConnectorRegistry, recorder: Recorder
    ) -> None:
        connector = raises(Backend("503"), is_async, transient_errors=(Backend, ConnectionError))
        with pytest.raises(TransientError, match=r"^Backend: 503$") as e:
            run(connector, registry=registry)
        assert isinstance(e.value.__cause__, Backend)
        assert recorder.outcomes[0].error is e.value

    @pytest.mark.parametrize("error", [PermanentError("no"), InvalidResourceMeta("M", "why")])
    def test_errors_of_connector_core_stay_as_they_are(self, error: Exception) -> None:
        with pytest.raises(type(error)) as e:
            run(raises(error, True, transient_errors=(Exception,)))
        assert e.value is error

    def test_a_timeout_of_the_call_is_not_an_error_of_the_backend(self) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            await asyncio.Event().wait()
            return RUNNING

        with pytest.raises(CallTimeout, match=r"did not end within 0\.01 s"):
            run(calls(get, timeout=0.01, transient_errors=(OSError,)))


class TestTime:
    @KINDS
    def test_a_call_that_exceeds_its_timeout_is_ended(
        self, is_async: bool, registry: ConnectorRegistry, recorder: Recorder
    ) -> None:
        release = threading.Event()

        def get(self: Any, resource_meta: Any) -> Resource:
            release.wait(60)
            return RUNNING

        async def aget(self: Any, resource_meta: Any) -> Resource:
            await asyncio.Event().wait()
            return RUNNING

        try:
            with pytest.raises(CallTimeout, match=r"^Probe\.get did not end within 0\.02 s\.$") as e:
                run(calls(aget if is_async else get, timeout=0.02), registry=registry)
        finally:
            release.set()
        assert (e.value.operation, e.value.seconds) == ("get", 0.02)
        assert recorder.outcomes[0].error is e.value

    def test_the_earlier_of_timeout_and_deadline_counts(self) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            await asyncio.Event().wait()
            return RUNNING

        with pytest.raises(CallTimeout, match=r"^Probe\.get did not end within ") as e:
            run(calls(get, timeout=60.0), call={"deadline": time.monotonic() + 0.05})
        assert e.value.seconds <= 0.05

    def test_a_deadline_that_has_passed_is_a_timeout(self) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            await asyncio.sleep(60)
            return RUNNING

        with pytest.raises(CallTimeout, match=r"^Probe\.get did not end within 0 s\.$"):
            run(calls(get), call={"deadline": time.monotonic() - 5})

    @KINDS
    def test_a_timeout_error_of_the_method_is_not_a_timeout_of_the_call(self, is_async: bool) -> None:
        error = TimeoutError("the backend's own")
        with pytest.raises(TimeoutError, match="the backend's own") as e:
            run(raises(error, is_async, timeout=60.0))
        assert not isinstance(e.value, CallTimeout)

    def test_a_detached_call_continues_past_timeout_and_deadline(self) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            await asyncio.sleep(0.01)
            assert current_call().deadline == 1.0
            return RUNNING

        assert run(calls(get, timeout=0.001), call={"deadline": 1.0, "detached": True}) is RUNNING


class TestCancelling:
    def test_an_async_method_is_cancelled_and_the_hooks_are_called(
        self, registry: ConnectorRegistry, recorder: Recorder
    ) -> None:
        cleaned: list[str] = []

        async def main() -> None:
            entered = asyncio.Event()

            async def get(self: Any, resource_meta: Any) -> Resource:
                entered.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    cleaned.append("cleaned up")
                return RUNNING

            task = asyncio.create_task(invoke(Call(calls(get), "get"), registry.plugins, resource_meta=JobMeta()))
            await entered.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        assert cleaned == ["cleaned up"]
        assert isinstance(recorder.outcomes[0].error, asyncio.CancelledError)

    def test_a_plain_method_continues_in_its_thread(self) -> None:
        entered, release, ended = threading.Event(), threading.Event(), threading.Event()

        def get(self: Any, resource_meta: Any) -> Resource:
            entered.set()
            release.wait(60)
            ended.set()
            return RUNNING

        async def main() -> None:
            task = asyncio.create_task(invoke(Call(calls(get), "get"), resource_meta=JobMeta()))
            await asyncio.to_thread(entered.wait, 30)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not ended.is_set()
            release.set()

        asyncio.run(main())
        assert ended.wait(30)


class Crowd:
    """Counts concurrent visits, and lets the visitors go once there have been `size` at the same time."""

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._full = threading.Event()
        self._size = size
        self.inside = self.most = self.entered = 0

    def visit(self) -> None:
        with self._lock:
            self.inside += 1
            self.entered += 1
            self.most = max(self.most, self.inside)
            if self.inside == self._size:
                self._full.set()
        assert self._full.wait(60), f"there were only {self.most} visits at the same time"
        with self._lock:
            self.inside -= 1


class TestConcurrency:
    def test_a_thousand_plain_calls_fill_the_whole_pool(self) -> None:
        crowd = Crowd(512)

        def get(self: Any, resource_meta: Any) -> Resource:
            crowd.visit()
            return RUNNING

        async def main() -> None:
            connector = calls(get)
            await asyncio.gather(
                *(invoke(Call(connector, "get"), resource_meta=JobMeta()) for _ in range(1000)),
            )

        asyncio.run(main())
        assert (crowd.most, crowd.entered) == (512, 1000)

    def test_a_connector_takes_no_more_than_its_share(self) -> None:
        crowd = Crowd(3)

        def get(self: Any, resource_meta: Any) -> Resource:
            crowd.visit()
            return RUNNING

        async def main() -> None:
            connector = calls(get, max_concurrency=3)
            await asyncio.gather(*(invoke(Call(connector, "get"), resource_meta=JobMeta()) for _ in range(30)))

        asyncio.run(main())
        assert (crowd.most, crowd.entered) == (3, 30)

    def test_its_share_is_counted_over_all_event_loops(self) -> None:
        crowd = Crowd(2)

        def get(self: Any, resource_meta: Any) -> Resource:
            crowd.visit()
            return RUNNING

        connector = calls(get, max_concurrency=2)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: run(connector), range(12)))
        assert (crowd.most, crowd.entered) == (2, 12)

    def test_a_thread_counts_after_the_timeout_of_its_call_until_it_ends(self) -> None:
        release, began = threading.Event(), []

        def get(self: Any, resource_meta: Any) -> Resource:
            began.append(resource_meta)
            release.wait(60)
            return RUNNING

        connector = calls(get, max_concurrency=1, timeout=0.05)
        for _ in range(3):
            with pytest.raises(CallTimeout, match="did not end"):
                run(connector)
        assert len(began) <= 1
        release.set()
        wait_for(lambda: _answers(connector))

    def test_calls_are_refused_at_once_when_too_many_wait(self) -> None:
        release = threading.Event()

        def get(self: Any, resource_meta: Any) -> Resource:
            assert release.wait(60)
            return RUNNING

        async def main() -> list[Any]:
            connector = calls(get, max_concurrency=1)
            waiting = [
                asyncio.create_task(invoke(Call(connector, "get"), resource_meta=JobMeta())) for _ in range(1500)
            ]
            await asyncio.sleep(0)
            with pytest.raises(
                ConnectorOverloaded, match=r"^Probe\.get was not called: \d+ calls already wait for a thread"
            ):
                await invoke(Call(connector, "get"), resource_meta=JobMeta())
            release.set()
            return await asyncio.gather(*waiting, return_exceptions=True)

        ended = asyncio.run(main())
        refused = [outcome for outcome in ended if isinstance(outcome, ConnectorOverloaded)]
        assert len(ended) - len(refused) in (1024, 1025)
        assert {outcome.waiting for outcome in refused} == {1024}

    def test_each_connector_has_a_share_of_its_own(self) -> None:
        release = threading.Event()

        def get(self: Any, resource_meta: Any) -> Resource:
            release.wait(60)
            return RUNNING

        async def main() -> None:
            held = asyncio.create_task(invoke(Call(calls(get, max_concurrency=1), "get"), resource_meta=JobMeta()))
            other = calls(lambda self, resource_meta: RUNNING, max_concurrency=1)
            assert await invoke(Call(other, "get"), resource_meta=JobMeta()) is RUNNING
            release.set()
            await held

        asyncio.run(main())


def _answers(connector: Jobs) -> bool:
    try:
        return run(connector) is RUNNING
    except CallTimeout:
        return False


def page(text: str) -> GetTaskLogsResponse:
    return GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=[text]))


def logs(method: Callable[..., Any], registry: Any = None, *, first: int | None = None, **attributes: Any) -> list[str]:
    """Return the lines that `get_logs` gives, or only the `first` ones."""
    connector = calls(method, "get_logs", **attributes)

    async def read() -> list[str]:
        found: list[str] = []
        stream = stream_logs(
            Call(connector, "get_logs"), registry and registry.plugins, resource_meta=JobMeta(), lines=9, token="t"
        )
        try:
            async for response in stream:
                found += response.body.results
                if len(found) == first:
                    break
        finally:
            await stream.aclose()  # type: ignore[attr-defined]
        return found

    return asyncio.run(read())


class TestLogs:
    def test_a_response_may_be_returned(self) -> None:
        assert logs(lambda self, resource_meta: page("a")) == ["a"]

    def test_a_coroutine_may_return_a_response(self) -> None:
        async def get_logs(self: Any, resource_meta: Any) -> GetTaskLogsResponse:
            return page("a")

        assert logs(get_logs) == ["a"]

    def test_several_responses_may_be_yielded(self) -> None:
        def get_logs(self: Any, resource_meta: Any) -> Iterator[GetTaskLogsResponse]:
            assert threading.current_thread() is not threading.main_thread()
            assert current_call().operation == "get_logs"
            yield page("a")
            assert current_call().operation == "get_logs"
            yield page("b")

        assert logs(get_logs) == ["a", "b"]

    def test_an_async_generator_may_yield_responses(self) -> None:
        async def get_logs(self: Any, resource_meta: Any) -> Any:
            assert current_call().operation == "get_logs"
            yield page("a")
            await asyncio.sleep(0)
            yield page("b")

        assert logs(get_logs) == ["a", "b"]

    @pytest.mark.parametrize("wraps", [True, False])
    def test_an_async_generator_may_be_decorated(self, wraps: bool) -> None:
        async def get_logs(self: Any, resource_meta: Any) -> Any:
            yield page("a")

        def wrapper(self: Any, resource_meta: Any) -> Any:
            return get_logs(self, resource_meta)

        assert logs(functools.wraps(get_logs)(wrapper) if wraps else wrapper) == ["a"]

    def test_a_coroutine_may_return_an_async_generator(self) -> None:
        async def pages() -> Any:
            yield page("a")

        async def get_logs(self: Any, resource_meta: Any) -> Any:
            return pages()

        assert logs(get_logs) == ["a"]

    def test_without_a_response_the_log_has_no_lines(self) -> None:
        def get_logs(self: Any, resource_meta: Any) -> Iterator[GetTaskLogsResponse]:
            yield from ()

        assert logs(get_logs) == []

    def test_get_logs_gets_the_paging(self) -> None:
        def get_logs(self: Any, resource_meta: Any, lines: int, token: str) -> GetTaskLogsResponse:
            return page(f"{lines} {token}")

        assert logs(get_logs) == ["9 t"]

    def test_an_error_between_two_responses_is_raised(self, registry: ConnectorRegistry, recorder: Recorder) -> None:
        def get_logs(self: Any, resource_meta: Any) -> Iterator[GetTaskLogsResponse]:
            yield page("a")
            raise Backend("gone")

        with pytest.raises(TransientError, match="Backend: gone"):
            logs(get_logs, registry, transient_errors=(Backend,))
        assert isinstance(recorder.outcomes[0].error, TransientError)

    def test_sys_exit_is_an_error_of_the_call(self) -> None:
        def exits(self: Any, resource_meta: Any) -> Iterator[GetTaskLogsResponse]:
            yield page("a")
            sys.exit(3)

        async def aexits(self: Any, resource_meta: Any) -> Any:
            yield page("a")
            sys.exit(3)

        for method in (exits, aexits):
            with pytest.raises(ConnectorExited, match=r"^Probe\.get_logs called sys\.exit\(3\)"):
                logs(method)

    def test_the_time_limit_applies_to_each_response(self) -> None:
        async def get_logs(self: Any, resource_meta: Any) -> Any:
            yield page("a")
            await asyncio.Event().wait()

        with pytest.raises(CallTimeout, match=r"^Probe\.get_logs did not end within 0\.05 s"):
            logs(get_logs, timeout=0.05)

    def test_the_reader_may_stop_before_the_end(self, registry: ConnectorRegistry, recorder: Recorder) -> None:
        closed: list[str] = []

        async def get_logs(self: Any, resource_meta: Any) -> Any:
            try:
                yield page("a")
                yield page("b")
            finally:
                await asyncio.sleep(0)
                closed.append("closed")

        assert logs(get_logs, registry, first=1) == ["a"]
        assert closed == ["closed"]
        assert len(recorder.outcomes) == 1
