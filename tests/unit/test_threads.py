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
    """What the functions give or raise, which are called at once."""

    async def main() -> list[Any]:
        return await asyncio.gather(*(threads.run(function) for function in functions), return_exceptions=True)

    return asyncio.run(main())


class Gate:
    """Functions that stay in their threads until the gate is opened."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self._open = threading.Event()

    def __call__(self) -> str:
        self.entered.release()
        assert self._open.wait(TIMEOUT)
        return threading.current_thread().name

    async def wait_for(self, number: int) -> None:
        """Return when as many have begun."""
        for _ in range(number):
            assert await asyncio.to_thread(self.entered.acquire, timeout=TIMEOUT)

    def open(self) -> None:
        """Let them go on."""
        self._open.set()


class TestResults:
    def test_what_is_returned_comes_back(self) -> None:
        assert run(Threads(2, "t"), lambda: 1, lambda: 2, lambda: 3) == [1, 2, 3]

    @pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(3), KeyboardInterrupt()])
    def test_what_is_raised_is_raised(self, error: BaseException) -> None:
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

    def test_nothing_is_kept_of_what_has_been_run(self) -> None:
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
    def test_it_runs_with_the_callers_variables(self) -> None:
        variable = contextvars.ContextVar[str]("variable")

        async def main() -> str:
            variable.set("the caller's")
            return str(await Threads(1, "t").run(variable.get))

        assert asyncio.run(main()) == "the caller's"


class TestHowMany:
    def test_a_free_thread_is_used_before_another_is_started(self) -> None:
        threads = Threads(8, "t")
        assert {run(threads, lambda: threading.current_thread().name)[0] for _ in range(20)} == {"t_1"}

    def test_as_many_run_at_once_as_there_may_be_and_the_rest_wait(self) -> None:
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

    def test_one_that_hangs_does_not_hold_up_the_next(self) -> None:
        async def main() -> None:
            threads, gate = Threads(2, "t"), Gate()
            hanging = asyncio.create_task(threads.run(gate))
            await gate.wait_for(1)
            for number in range(50):
                assert await asyncio.wait_for(threads.run(lambda number=number: number), TIMEOUT) == number
            gate.open()
            await hanging

        asyncio.run(main())

    def test_if_the_system_has_no_more_the_others_do_the_work(self, monkeypatch: pytest.MonkeyPatch) -> None:
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

    def test_if_the_system_has_none_that_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
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
    def test_what_takes_longer_than_it_may_is_not_waited_for(self) -> None:
        async def main() -> None:
            threads, gate = Threads(1, "t"), Gate()
            with pytest.raises(Expired):
                await threads.run(gate, 0.01)
            gate.open()
            assert await threads.run(lambda: "next", TIMEOUT) == "next"

        asyncio.run(main())

    def test_what_waited_too_long_for_a_thread_is_not_run(self) -> None:
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


class TestWhoDoesNotWait:
    def test_what_has_not_begun_is_not_run(self) -> None:
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

    def test_what_has_begun_goes_on_and_its_thread_is_free_again(self) -> None:
        async def main() -> None:
            threads, gate = Threads(1, "t"), Gate()
            first = asyncio.create_task(threads.run(gate))
            await gate.wait_for(1)
            first.cancel()
            await asyncio.sleep(0)
            gate.open()
            assert await threads.run(lambda: "next") == "next"

        asyncio.run(main())

    def test_a_loop_that_is_closed_meanwhile_hurts_nobody(self) -> None:
        threads, gate = Threads(1, "t"), Gate()

        async def begin() -> None:
            running = asyncio.create_task(threads.run(gate))
            await gate.wait_for(1)
            running.cancel()

        asyncio.run(begin())
        gate.open()
        assert run(threads, lambda: "next") == ["next"]
