"""A call: the name of its execution, and the call that a loop executes now."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from connector_core import Call, Resource
from connector_core.call import execution_name, running_call
from connector_core.idl import TaskExecutionMetadata
from connector_core.invoke import invoke
from support.connectors import JobMeta, Jobs, execution_metadata


class TestExecutionName:
    def test_it_has_project_domain_execution_node_and_attempt(self) -> None:
        assert execution_name(execution_metadata(attempt=2)) == "p:d:n:n0:2"

    def test_without_an_execution_it_is_none(self) -> None:
        assert execution_name(None) is None
        assert execution_name(TaskExecutionMetadata()) is None


class TestRunningCall:
    def test_another_thread_sees_the_call_whose_method_the_loop_executes(self) -> None:
        seen: list[Call | None] = []

        class Probe(Jobs):
            async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
                loop = asyncio.get_running_loop()
                asking = threading.Thread(target=lambda: seen.append(running_call(loop)))
                asking.start()
                asking.join()  # This blocks the loop.
                return Resource.running()

        call = Call(Probe(), "get")

        async def main() -> None:
            await invoke(call, resource_meta=JobMeta())
            seen.append(running_call(asyncio.get_running_loop()))

        asyncio.run(main())
        assert seen == [call, None]

    def test_concurrent_calls_of_one_loop_are_distinguished(self) -> None:
        seen: list[tuple[Call | None, str]] = []

        class Probe(Jobs):
            async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
                await asyncio.sleep(0)
                seen.append((running_call(asyncio.get_running_loop()), self.task_category.name))
                return Resource.running()

        calls = [Call(Probe(task_type=name), "get") for name in ("a", "b")]

        async def main() -> None:
            await asyncio.gather(*(invoke(call, resource_meta=JobMeta()) for call in calls))

        asyncio.run(main())
        assert [(call and call.task_category.name, name) for call, name in seen] == [("a", "a"), ("b", "b")]
