"""Tasks that continue when the call that started them has ended."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from connector_core.service.background import BackgroundTasks


class TestWaiting:
    def test_includes_tasks_that_start_meanwhile(self) -> None:
        ended: list[str] = []

        async def main() -> None:
            tasks = BackgroundTasks()

            async def second() -> None:
                await asyncio.sleep(0)
                ended.append("second")

            async def first() -> None:
                await asyncio.sleep(0)
                tasks.start(second())
                ended.append("first")

            tasks.start(first())
            await tasks.wait()

        asyncio.run(main())
        assert ended == ["first", "second"]

    def test_without_a_task_returns_at_once(self) -> None:
        asyncio.run(BackgroundTasks().wait())


class TestATaskThatFails:
    def test_raises_for_its_caller_alone(self) -> None:
        complaints: list[dict[str, Any]] = []

        async def fail() -> None:
            raise ValueError("broken")

        async def main() -> asyncio.Task[None]:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            tasks = BackgroundTasks()
            tasks.start(fail())
            task = tasks.start(fail())
            await tasks.wait()
            await asyncio.sleep(0)
            gc.collect()
            return task

        task = asyncio.run(main())
        assert str(task.exception()) == "broken"
        assert complaints == []

    def test_may_be_cancelled(self) -> None:
        async def main() -> None:
            tasks = BackgroundTasks()
            task = tasks.start(asyncio.sleep(60))
            await asyncio.sleep(0)
            task.cancel()
            await tasks.wait()
            assert task.cancelled()

        asyncio.run(main())
