"""The threads in which plain methods run."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from connector_core.threads import Expired, Threads

TIMEOUT = 60


def run(threads: Threads, *functions: Callable[[], Any]) -> list[Any]:
    """Call the functions at the same time, and return what each returns or raises."""

    async def main() -> list[Any]:
        return await asyncio.gather(*(threads.run(function) for function in functions), return_exceptions=True)

    return asyncio.run(main())


class Gate:
    """A function whose calls stay in their threads until the gate is opened."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self._open = threading.Event()

    def __call__(self) -> str:
        self.entered.release()
        assert self._open.wait(TIMEOUT)
        return threading.current_thread().name

    async def wait_for(self, number: int) -> None:
        """Wait until `number` calls have started."""
        for _ in range(number):
            assert await asyncio.to_thread(self.entered.acquire, timeout=TIMEOUT)

    def open(self) -> None:
        """Let the calls continue."""
        self._open.set()


class TestResults:
    def test_the_result_of_a_function_is_returned(self) -> None:
        assert run(Threads(2, "t"), lambda: 1, lambda: 2, lambda: 3) == [1, 2, 3]

    @pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(3), KeyboardInterrupt()])
    def test_the_error_of_a_function_is_raised(self, error: BaseException) -> None:
        def fail() -> None:
            raise error

        async def main() -> None:
            with pytest.raises(type(error)) as caught:
                await Threads(1, "t").run(fail)
            assert caught.value is error

        asyncio.run(main())

    def test_stop_iteration_is_a_runtime_error(self) -> None:
        (error,) = run(Threads(1, "t"), lambda: next(iter(())))
        assert isinstance(error, RuntimeError)
        assert isinstance(error.__cause__, StopIteration)

    def test_a_function_that_has_run_is_not_kept(self) -> None:
        class Large:
            pass

        threads = Threads(1, "t")
        large = Large()
        seen = weakref.ref(large)
        run(threads, lambda large=large: None)
        del large
        run(threads, lambda: None)
        gc.collect()
        assert seen() is None


class TestContext:
    def test_a_function_runs_with_the_callers_context_variables(self) -> None:
        variable = contextvars.ContextVar[str]("variable")

        async def main() -> str:
            variable.set("the caller's")
            return str(await Threads(1, "t").run(variable.get))

        assert asyncio.run(main()) == "the caller's"


class TestNumberOfThreads:
    def test_a_free_thread_is_used_before_another_is_started(self) -> None:
        threads = Threads(8, "t")
        assert {run(threads, lambda: threading.current_thread().name)[0] for _ in range(20)} == {"t_1"}

    def test_further_functions_wait_when_all_threads_are_busy(self) -> None:
        async def main() -> None:
            threads, gate = Threads(3, "t"), Gate()
            running = [asyncio.create_task(threads.run(gate)) for _ in range(5)]
            await gate.wait_for(3)
            assert threads.waiting == 2
            assert not gate.entered.acquire(blocking=False)
            gate.open()
            assert set(await asyncio.gather(*running)) == {"t_1", "t_2", "t_3"}
            assert threads.waiting == 0

        asyncio.run(main())

    def test_a_function_that_hangs_does_not_delay_the_next(self) -> None:
        async def main() -> None:
            threads, gate = Threads(2, "t"), Gate()
            hanging = asyncio.create_task(threads.run(gate))
            await gate.wait_for(1)
            for number in range(50):
                assert await asyncio.wait_for(threads.run(lambda number=number: number), TIMEOUT) == number
            gate.open()
            await hanging

        asyncio.run(main())

    def test_if_no_further_thread_can_start_the_others_do_the_work(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def main() -> None:
            threads, gate = Threads(4, "t"), Gate()
            first = asyncio.create_task(threads.run(gate))
            await gate.wait_for(1)
            monkeypatch.setattr(threading.Thread, "start", refuse)
            second = asyncio.create_task(threads.run(lambda: "second"))
            await asyncio.sleep(0)
            monkeypatch.undo()
            assert threads.waiting == 1
            gate.open()
            assert await asyncio.gather(first, second) == ["t_1", "second"]

        def refuse(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        asyncio.run(main())

    def test_if_no_thread_can_start_the_error_is_raised(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        threads = Threads(4, "t")
        monkeypatch.setattr(threading.Thread, "start", refuse)
        (error,) = run(threads, lambda: None)
        assert str(error) == "can't start new thread"
        monkeypatch.undo()
        assert run(threads, lambda: 1, lambda: 2) == [1, 2]
        assert threads.waiting == 0


class TestTime:
    def test_a_function_that_exceeds_its_time_limit_is_not_awaited(self) -> None:
        async def main() -> None:
            threads, gate = Threads(1, "t"), Gate()
            with pytest.raises(Expired):
                await threads.run(gate, 0.01)
            gate.open()
            assert await threads.run(lambda: "next", TIMEOUT) == "next"

        asyncio.run(main())

    def test_a_function_that_waited_too_long_for_a_thread_is_not_run(self) -> None:
        async def main() -> None:
            threads, gate, done = Threads(1, "t"), Gate(), list[str]()
            first = asyncio.create_task(threads.run(gate))
            await gate.wait_for(1)
            with pytest.raises(Expired):
                await threads.run(lambda: done.append("late"), 0)
            gate.open()
            await first
            assert await threads.run(done.copy) == []

        asyncio.run(main())


class TestCancelling:
    def test_a_queued_function_is_not_run(self) -> None:
        async def main() -> list[str]:
            threads, gate, done = Threads(1, "t"), Gate(), list[str]()
            first = asyncio.create_task(threads.run(gate))
            await gate.wait_for(1)
            second = asyncio.create_task(threads.run(lambda: done.append("second")))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.sleep(0)
            gate.open()
            await first
            await threads.run(lambda: done.append("third"))
            return done

        assert asyncio.run(main()) == ["third"]

    def test_a_running_function_continues_and_its_thread_is_used_again(self) -> None:
        async def main() -> None:
            threads, gate = Threads(1, "t"), Gate()
            first = asyncio.create_task(threads.run(gate))
            await gate.wait_for(1)
            first.cancel()
            await asyncio.sleep(0)
            gate.open()
            assert await threads.run(lambda: "next") == "next"

        asyncio.run(main())

    def test_the_loop_may_be_closed_while_a_function_runs(self) -> None:
        threads, gate = Threads(1, "t"), Gate()

        async def begin() -> None:
            running = asyncio.create_task(threads.run(gate))
            await gate.wait_for(1)
            running.cancel()

        asyncio.run(begin())
        gate.open()
        assert run(threads, lambda: "next") == ["next"]
