"""The service's log: one line for each event, whatever is logged."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core import Call, Resource, get_connector_secret
from connector_core.invoke import invoke
from connector_core.service.logs import log_to
from support.connectors import JobMeta, Jobs

log = logging.getLogger("acme.client")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def logged(act: Callable[[], object], *, stream: io.StringIO | None = None, level: int = logging.INFO) -> str:
    """Return the text that is written while `act` runs."""
    stream = stream or io.StringIO()
    with log_to(stream, level):
        act()
    return stream.getvalue()


def document(act: Callable[[], object]) -> dict[str, Any]:
    """Return the only event that is logged, from its JSON."""
    (line,) = logged(act).splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def call(act: Callable[[], object], plain: bool = False, **attributes: Any) -> None:
    """Do something within a connector's `get`."""

    async def get(self: Any, resource_meta: Any) -> Resource:
        act()
        return Resource.running()

    def plain_get(self: Any, resource_meta: Any) -> Resource:
        act()
        return Resource.running()

    connector = type("Acme", (Jobs,), {"get": plain_get if plain else get})(task_type="spark")
    asyncio.run(invoke(Call(connector, "get", **attributes), resource_meta=JobMeta()))


class TestAnEvent:
    def test_has_time_level_logger_and_text(self) -> None:
        before = datetime.now(UTC)
        event = document(lambda: log.warning("%s jobs wait", 3))
        assert (event["level"], event["logger"], event["event"]) == ("warning", "acme.client", "3 jobs wait")
        assert list(event) == ["timestamp", "level", "logger", "event"]
        moment = datetime.fromisoformat(event["timestamp"])
        assert event["timestamp"].endswith("+00:00")
        assert -0.001 <= (moment - before).total_seconds() < 60

    def test_has_the_extra_fields(self) -> None:
        event = document(lambda: log.info("slow", extra={"job": "j-1", "seconds": 3, "task_type": "ray"}))
        assert (event["job"], event["seconds"], event["task_type"]) == ("j-1", 3, "ray")

    def test_has_a_traceback_as_one_text(self) -> None:
        def fail() -> None:
            try:
                raise ValueError("no")
            except ValueError:
                log.exception("It failed.")

        event = document(fail)
        assert event["traceback"].startswith("Traceback (most recent call last):\n")
        assert event["traceback"].endswith("ValueError: no")

    def test_of_a_lower_level_is_not_written(self) -> None:
        assert logged(lambda: log.info("well"), level=logging.WARNING) == ""


class TestDuringACall:
    @pytest.mark.parametrize("plain", [False, True])
    def test_an_event_names_the_call(self, plain: bool) -> None:
        execution = "project:domain:execution:node:0"
        event = document(lambda: call(lambda: log.info("polled"), plain, request_id="8f3a", task_execution=execution))
        assert (event["task_type"], event["operation"]) == ("spark", "get")
        assert (event["request_id"], event["task_execution"]) == ("8f3a", execution)

    def test_unknown_fields_are_left_out(self) -> None:
        assert list(document(lambda: call(lambda: log.info("polled"))))[4:] == ["task_type", "operation"]

    def test_a_secret_is_masked_in_every_field(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("_FSEC_TOKEN", 'hunter"2\nhunter')

        def leak() -> None:
            token = str(get_connector_secret("token"))
            try:
                raise ValueError(token)
            except ValueError:
                log.exception("It is %s.", token, extra={"token": token})

        text = logged(lambda: call(leak))
        assert "hunter" not in text
        event = json.loads(text)
        assert (event["event"], event["token"]) == ("It is ***.", "***")


class TestATerminal:
    def test_gets_keys_and_values(self) -> None:
        text = logged(lambda: log.info("Größe: 3", extra={"job": "j-1"}), stream=Terminal())
        line = r'timestamp=20\S+\+00:00 level=info logger=acme\.client event="Größe: 3" job=j-1\n'
        assert re.fullmatch(line, text)

    @pytest.mark.parametrize("text", ["a b", "a=b", 'say "a"', "", "two\nlines", "\x1b[2Jgone", "\u2028", "\x9b2J\x7f"])
    def test_gets_quotes_around_more_than_one_word(self, text: str) -> None:
        line = logged(lambda: log.info("%s", text), stream=Terminal())
        assert json.loads(line.partition(" event=")[2]) == text


class TestNoText:
    @given(
        st.text() | st.text('\n\r\x0b\x0c\x1b\x7f\x85\x9b\u2028\u2029\ud800="\\ a'),
        st.sampled_from([io.StringIO, Terminal]),
    )
    def test_breaks_a_line_or_reaches_the_terminal_as_a_command(self, text: str, stream: type[io.StringIO]) -> None:
        written = logged(lambda: log.info("%s", text, extra={"job": text}), stream=stream())
        assert written.endswith("\n")
        assert written[:-1].isprintable()


class TestThePreviousHandlers:
    def test_write_nothing_meanwhile_and_are_restored(self) -> None:
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        with log_to(sys.stderr, logging.ERROR):
            assert len(root.handlers) == 1
        assert (root.handlers, root.level) == (handlers, level)
