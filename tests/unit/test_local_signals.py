"""Ctrl-C and SIGTERM during a local run."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connector_core import (
    PermanentError,
    Resource,
    ResourceMeta,
)
from support.connectors import DONE, RUNNING, Echo, JobMeta, Jobs, task_of
from support.venvs import unmeasured


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the default output prefixes below a temporary directory."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def handlers() -> Iterator[SimpleNamespace]:
    """Install signal handlers that record the signals."""
    seen: list[int] = []

    def own(signum: int, frame: object) -> None:
        seen.append(signum)

    before = {signum: signal.signal(signum, own) for signum in (signal.SIGINT, signal.SIGTERM)}
    yield SimpleNamespace(own=own, seen=seen)
    for signum, handler in before.items():
        signal.signal(signum, handler)


class TestSignals:
    @pytest.mark.parametrize("steps", [(DONE,), (RUNNING, PermanentError("no"))], ids=["success", "failure"])
    def test_the_handlers_are_restored(self, handlers: SimpleNamespace, steps: Any) -> None:
        during: list[Any] = []
        task = task_of(Jobs(*steps), on_update=lambda resource: during.append(signal.getsignal(signal.SIGINT)))
        try:
            task()
        except PermanentError:
            pass
        assert during[0] is not handlers.own
        assert [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)] == [handlers.own] * 2

    @pytest.mark.parametrize(
        ("signum", "ended"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)], ids=["INT", "TERM"]
    )
    @pytest.mark.parametrize("where", ["script", "running loop"])
    def test_an_interruption_deletes_the_job_once(
        self, handlers: SimpleNamespace, signum: int, ended: type[BaseException], where: str
    ) -> None:
        connector = Jobs(RUNNING)
        polls: list[Resource] = []

        def interrupt(resource: Resource) -> None:
            polls.append(resource)
            if len(polls) == 2:
                os.kill(os.getpid(), signum)

        task = task_of(connector, on_update=interrupt)

        async def main() -> None:
            task()

        def in_a_loop() -> None:
            # asyncio.run would install its own handler for SIGINT.
            loop = asyncio.new_event_loop()
            try:
                loop.run_until_complete(main())
            finally:
                loop.close()

        with pytest.raises(ended) as e:
            (task if where == "script" else in_a_loop)()
        assert connector.deleted == [JobMeta(1)]
        assert signal.getsignal(signum) is handlers.own
        assert handlers.seen == []
        if signum == signal.SIGTERM:
            assert e.value.args == (128 + signal.SIGTERM,)

    def test_an_interruption_before_the_first_step_starts_no_job(
        self, handlers: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start = asyncio.run

        def interrupted(main: Any) -> Any:
            os.kill(os.getpid(), signal.SIGINT)
            return start(main)

        monkeypatch.setattr("asyncio.run", interrupted)
        connector = Jobs(DONE)
        with pytest.raises(KeyboardInterrupt):
            task_of(connector)()
        assert connector.created == []

    def test_an_interruption_ends_the_run_of_the_main_thread_only(self, handlers: SimpleNamespace) -> None:
        connector, go_on, polled = Jobs(RUNNING), threading.Event(), threading.Event()

        def update(resource: Resource) -> None:
            if threading.current_thread() is threading.main_thread():
                os.kill(os.getpid(), signal.SIGINT)
            elif not go_on.is_set():
                polled.set()
            else:
                raise PermanentError("the other run")

        task = task_of(connector, on_update=update)
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(task)
            assert polled.wait(60)
            with pytest.raises(KeyboardInterrupt):
                task()
            assert connector.deleted == [JobMeta(2)]
            go_on.set()
            with pytest.raises(PermanentError, match="the other run"):
                other.result(60)
        assert connector.deleted == [JobMeta(2), JobMeta(1)]

    def test_a_second_interruption_reaches_the_previous_handler(self, handlers: SimpleNamespace) -> None:
        class Interrupted(Jobs):
            async def delete(self, resource_meta: ResourceMeta, **kwargs: Any) -> None:  # type: ignore[override]
                os.kill(os.getpid(), signal.SIGINT)
                await super().delete(resource_meta)

        connector = Interrupted(RUNNING)
        with pytest.raises(KeyboardInterrupt):
            task_of(connector, on_update=lambda resource: os.kill(os.getpid(), signal.SIGINT))()
        assert connector.deleted == [JobMeta(1)]
        assert handlers.seen == [signal.SIGINT]

    def test_an_ignored_signal_stays_ignored(self, handlers: SimpleNamespace) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        steps = [lambda: os.kill(os.getpid(), signal.SIGINT) or RUNNING, DONE]
        assert task_of(Jobs(*steps))() == {"rows": 2}  # type: ignore[arg-type]
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN

    def test_a_handler_that_the_job_installs_is_left_alone(self, handlers: SimpleNamespace) -> None:
        def other(signum: int, frame: object) -> None:
            pass

        task_of(Jobs(DONE), on_update=lambda resource: signal.signal(signal.SIGINT, other))()
        assert signal.getsignal(signal.SIGINT) is other

    def test_a_sync_connectors_run_is_interrupted_too(self, handlers: SimpleNamespace) -> None:
        class Slow(Echo):
            async def do(self, **kwargs: Any) -> Resource:  # type: ignore[override]
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.Event().wait()
                raise AssertionError("The run was not interrupted.")

        with pytest.raises(KeyboardInterrupt):
            task_of(Slow())()

    def test_runs_in_threads_install_no_handlers(self, handlers: SimpleNamespace) -> None:
        during: list[Any] = []
        task = task_of(Jobs(DONE), on_update=lambda resource: during.append(signal.getsignal(signal.SIGINT)))
        thread = threading.Thread(target=task)
        thread.start()
        thread.join(60)
        assert during == [handlers.own]

    def test_a_cancellation_by_the_connector_is_not_an_interruption(self) -> None:
        connector = Jobs(asyncio.CancelledError())
        with pytest.raises(asyncio.CancelledError):
            task_of(connector)()
        assert connector.deleted == [JobMeta(1)]

    def test_the_handler_of_the_specification_can_be_called_directly(self) -> None:
        connector = Jobs(RUNNING)
        task = task_of(connector)
        task.connector_signal_handler(JobMeta(5), signal.SIGINT, None)  # type: ignore[attr-defined]
        assert connector.deleted == [JobMeta(5)]


PROGRAM = """
import asyncio, os, pathlib, signal, sys, time
from dataclasses import dataclass
from connector_core import AsyncConnectorBase, ConnectorRegistry, Resource, ResourceMeta, Task

directory = pathlib.Path(sys.argv[1])
where = sys.argv[2]


@dataclass
class Meta(ResourceMeta):
    pid: int


class Slow(AsyncConnectorBase):
    def __init__(self):
        super().__init__(metadata_type=Meta, task_type_name="slow")

    {prefix}def create(self, **kwargs):
        if where == "create":
            (directory / "ready").touch()
            {wait}
        return Meta(os.getpid())

    {prefix}def get(self, resource_meta):
        (directory / "ready").touch()
        return Resource.running()

    {prefix}def delete(self, resource_meta):
        with (directory / "deleted").open("a") as file:
            file.write(f"{{resource_meta.pid}}\\n")


registry = ConnectorRegistry(discover=False)
registry.register(Slow())
task = Task("slow", registry=registry, output_prefix=str(directory / "out"))
if where == "loop":
    async def main():
        task()

    asyncio.run(main())
else:
    task()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("is_async", [True, False], ids=["async def", "def"])
@pytest.mark.parametrize("where", ["get", "create", "loop"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_a_real_signal_deletes_the_job_of_a_real_process_once(
    tmp_path: Path, signum: int, where: str, is_async: bool
) -> None:
    program = PROGRAM.format(
        prefix="async " if is_async else "", wait="await asyncio.sleep(0.2)" if is_async else "time.sleep(0.2)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path), where],
        env=unmeasured(),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_for_file(tmp_path / "ready", process)
        process.send_signal(signum)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (tmp_path / "deleted").read_text() == f"{process.pid}\n"
    if signum == signal.SIGTERM:
        assert process.returncode == 128 + signal.SIGTERM
    else:
        assert process.returncode == -signal.SIGINT
        assert "KeyboardInterrupt" in stderr


def _wait_for_file(path: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(6000):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    raise AssertionError(f"{path} did not appear")
