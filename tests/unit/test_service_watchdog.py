"""The watchdog names the line that blocks the event loop, while it is blocked."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from connector_core import Call, ConnectorRegistry, Resource, hookimpl
from connector_core.invoke import invoke
from connector_core.service.watchdog import Watchdog
from support.connectors import JobMeta, Jobs


class Lines(logging.Handler):
    """Keeps the lines that the watchdog logs; `came` can be acquired once for each line."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []
        self.came = threading.Semaphore(0)

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
        self.came.release()


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Keep the lines that the watchdog logs. A test that waits for one on the event loop blocks it just long enough."""
    handler = Lines()
    logger = logging.getLogger("connector_core.service.watchdog")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def connector(method: Callable[..., Any]) -> Jobs:
    """Return a connector with this method as its `get`."""

    class Acme(Jobs):
        get = method

    return Acme(task_type="acme")


def call(method: Callable[..., Any], registry: ConnectorRegistry | None = None) -> Awaitable[Any]:
    """Call the connector."""
    return invoke(Call(connector(method), "get"), registry and registry.plugins, resource_meta=JobMeta())


def watched(work: Callable[[Watchdog], Awaitable[Any]]) -> Watchdog:
    """Do the work on a watched event loop."""

    async def main() -> Watchdog:
        with Watchdog(blocked_after=0.2) as watchdog:
            await work(watchdog)
        return watchdog

    return asyncio.run(main())


def place(function: Callable[..., Any], text: str) -> str:
    """Return the place of the line with this text in a function."""
    source, first = inspect.getsourcelines(function)
    (index,) = (index for index, line in enumerate(source) if text in line)
    return f"{__file__}:{first + index} in {function.__qualname__}"


class TestAConnectorThatBlocks:
    def test_is_named_with_the_operation_the_line_and_the_remedy(self, lines: Lines) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            lines.came.acquire(timeout=20)
            return Resource.running()

        watched(lambda _: call(get))
        what = f"Acme.get, of the task type acme, at {place(get, 'acquire')}"
        assert re.match(
            rf"The event loop has been blocked for \d\.\d s by {re.escape(what)}\. No call is answered", lines.texts[0]
        )
        assert lines.texts[0].endswith("Await slow operations, or use a plain def, which runs in a thread.")

    def test_is_named_with_the_innermost_line_of_its_own_package(self, lines: Lines) -> None:
        def fetch() -> None:
            lines.came.acquire(timeout=20)

        async def get(self: Any, resource_meta: Any) -> Resource:
            await asyncio.sleep(0)
            fetch()
            return Resource.running()

        watched(lambda _: call(get))
        assert f" by Acme.get, of the task type acme, at {place(fetch, 'acquire')}. " in lines.texts[0]


class TestOtherCode:
    def test_is_named_by_its_line(self, lines: Lines) -> None:
        async def work(watchdog: Watchdog) -> None:
            lines.came.acquire(timeout=20)

        watched(work)
        where = re.escape(f"{threading.__file__}:")
        assert re.match(rf"The event loop .* by the code at {where}\d+ in Condition\.wait\. ", lines.texts[0])

    def test_is_named_with_the_call_that_it_belongs_to(self, lines: Lines, registry: ConnectorRegistry) -> None:
        class Plugin:
            @hookimpl
            def connector_core_before_call(self) -> None:
                lines.came.acquire(timeout=20)

        async def get(self: Any, resource_meta: Any) -> Resource:
            return Resource.running()

        registry.register_plugin(Plugin())
        watched(lambda _: call(get, registry))
        assert " by Acme.get, of the task type acme, at " in lines.texts[0]


class TestThePlaceOfTheLastBlocking:
    def test_is_the_innermost_line_and_the_line_of_the_connector_that_led_there(self, lines: Lines) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            lines.came.acquire(timeout=20)
            return Resource.running()

        where = watched(lambda _: call(get)).blocked_at
        assert where is not None
        innermost = rf"{re.escape(threading.__file__)}:\d+ in Condition\.wait"
        assert re.fullmatch(rf"{innermost}, called at {re.escape(place(get, 'acquire'))}", where)

    def test_is_one_line_if_both_are_the_same(self, lines: Lines) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            while not lines.texts:
                pass
            return Resource.running()

        where = watched(lambda _: call(get)).blocked_at
        assert where in (place(get, "while"), place(get, "pass"))

    def test_has_the_line_of_the_connector_outside_of_a_call_too(self, lines: Lines) -> None:
        def fetch() -> None:
            lines.came.acquire(timeout=20)

        async def main() -> str | None:
            with Watchdog(blocked_after=0.2, connector=connector(fetch)) as watchdog:
                fetch()
            return watchdog.blocked_at

        assert str(asyncio.run(main())).endswith(f", called at {place(fetch, 'acquire')}")


class TestOneBlocking:
    def test_is_one_line_and_another_when_it_ends(self, lines: Lines) -> None:
        async def work(watchdog: Watchdog) -> None:
            lines.came.acquire(timeout=20)
            assert not lines.came.acquire(timeout=0.5)  # Each look would log a line if it did not stop.
            await asyncio.to_thread(lines.came.acquire, timeout=20)

        watched(work)
        assert len(lines.texts) == 2
        assert re.fullmatch(r"The event loop continues; it was blocked for \d\.\d s\.", lines.texts[1])

    def test_is_told_from_the_next(self, lines: Lines) -> None:
        async def work(watchdog: Watchdog) -> None:
            for _ in range(2):
                lines.came.acquire(timeout=20)
                await asyncio.to_thread(lines.came.acquire, timeout=20)

        watched(work)
        assert ["has been blocked" in line for line in lines.texts] == [True, False, True, False]


class TestABlockedLoop:
    def test_is_known_with_the_reason(self, lines: Lines) -> None:
        seen: list[Any] = []

        async def work(watchdog: Watchdog) -> None:
            def look() -> None:
                lines.came.acquire(timeout=20)
                seen.extend([watchdog.blocked, watchdog.lag, watchdog.reason])

            looking = threading.Thread(target=look)
            looking.start()
            looking.join()

        watched(work)
        blocked, lag, reason = seen
        assert blocked is True
        assert lag > 0.1
        assert reason.startswith("The event loop has been blocked for ")

    def test_keeps_its_delay_until_the_next_heartbeat(self, lines: Lines) -> None:
        async def work(watchdog: Watchdog) -> None:
            lines.came.acquire(timeout=20)
            for _ in range(2):  # The heartbeat that is due runs after what has been waiting.
                await asyncio.sleep(0)
            assert not watchdog.blocked
            assert watchdog.lag > 0.1

        watched(work)


class TestAnUnblockedLoop:
    def test_is_not_reported_because_a_plain_method_takes_long(self, lines: Lines) -> None:
        def get(self: Any, resource_meta: Any) -> Resource:
            time.sleep(0.5)
            return Resource.running()

        watched(lambda _: call(get))
        assert not any("Acme" in line for line in lines.texts)

    def test_that_ended_is_not_blocked(self) -> None:
        async def nothing(watchdog: Watchdog) -> None:
            pass

        watchdog = watched(nothing)
        time.sleep(0.3)
        assert (watchdog.blocked, watchdog.reason, watchdog.lag, watchdog.blocked_at) == (False, None, 0.0, None)

    def test_that_is_not_watched_yet_is_not_blocked(self) -> None:
        watchdog = Watchdog()
        assert (watchdog.blocked, watchdog.reason, watchdog.lag, watchdog.blocked_at) == (False, None, 0.0, None)

    def test_leaves_no_thread(self) -> None:
        async def nothing(watchdog: Watchdog) -> None:
            assert "watchdog" in [thread.name for thread in threading.enumerate()]

        watched(nothing)
        assert "watchdog" not in [thread.name for thread in threading.enumerate()]
