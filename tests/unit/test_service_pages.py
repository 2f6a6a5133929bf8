"""The pages of the metrics port, over real connections."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from connector_core.errors import CannotServe
from connector_core.service.pages import PATHS, Pages

ROWS = [{"task_type": "spark", "version": 0, "state": "loaded"}]


class Service:
    """The state of a service; a test changes it with `monkeypatch`."""

    reason: str | None = None
    rows: list[dict[str, Any]] = ROWS


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    """Serve the pages of `Service`, which is ready."""
    metrics = CollectorRegistry()
    Counter("calls", "Calls.", registry=metrics).inc(7)
    made = Pages(metrics=metrics, readiness=lambda: Service.reason, connectors=lambda: Service.rows, port=0)
    yield made
    made.close()


def ask(pages: Pages, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
    """Return the response and its body."""
    connection = HTTPConnection("127.0.0.1", pages.port, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


class TestMetrics:
    def test_are_in_prometheus_text(self, pages: Pages) -> None:
        response, body = ask(pages, "/metrics")
        assert response.status == 200
        assert (response.getheader("Content-Type") or "").startswith("text/plain; version=")
        assert "calls_total 7.0\n" in body

    def test_are_in_open_metrics_if_the_client_accepts_it(self, pages: Pages) -> None:
        response, body = ask(pages, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
        assert (response.getheader("Content-Type") or "").startswith("application/openmetrics-text")
        assert body.endswith("# EOF\n")

    def test_can_be_filtered(self, pages: Pages) -> None:
        assert ask(pages, "/metrics?name[]=other")[1] == ""


class TestHealth:
    def test_is_good_while_the_process_is_alive(self, pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Service, "reason", "The service is stopping.")
        response, body = ask(pages, "/healthz")
        assert (response.status, body) == (200, "The process is alive.\n")


class TestReadiness:
    def test_is_good_while_the_service_takes_calls(self, pages: Pages) -> None:
        response, body = ask(pages, "/readyz")
        assert (response.status, body) == (200, "The service takes calls.\n")

    def test_says_why_not(self, pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Service, "reason", "The event loop has been blocked for 3.0 s by Größe.get.")
        response, body = ask(pages, "/readyz")
        assert (response.status, body) == (503, "The event loop has been blocked for 3.0 s by Größe.get.\n")


class TestConnectors:
    def test_are_the_current_rows(self, pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Service, "rows", [*ROWS, {"task_type": "ray", "version": 1, "state": "failed"}])
        response, body = ask(pages, "/connectors.json")
        assert (response.status, response.getheader("Content-Type")) == (200, "application/json")
        assert json.loads(body) == Service.rows


class TestAnyPage:
    @pytest.mark.parametrize("path", PATHS)
    def test_answers_head_as_get_without_the_body(self, pages: Pages, path: str) -> None:
        response, body = ask(pages, path, "HEAD")
        assert (response.status, body) == (200, "")
        assert int(response.getheader("Content-Length") or 0) == len(ask(pages, path)[1].encode()) > 0

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
    def test_is_read_only(self, pages: Pages, path: str, method: str) -> None:
        response, body = ask(pages, path, method)
        assert (response.status, body) == (405, "These pages are read-only.\n")
        assert response.getheader("Allow") == "GET, HEAD"

    @pytest.mark.parametrize("path", ["/", "/metric", "/metrics/", "/favicon.ico", "/../etc/passwd", "/%2e%2e"])
    def test_that_does_not_exist_names_those_that_do(self, pages: Pages, path: str) -> None:
        response, body = ask(pages, path)
        sentence = "There is no such page. The pages are /metrics, /healthz, /readyz, /connectors.json.\n"
        assert (response.status, body) == (404, sentence)

    def test_writes_no_line_about_a_request(self, pages: Pages, capfd: pytest.CaptureFixture[str]) -> None:
        for path in (*PATHS, "/none"):
            ask(pages, path)
        assert capfd.readouterr() == ("", "")


class TestThePort:
    def test_answers_while_a_client_says_nothing(self, pages: Pages) -> None:
        with socket.create_connection(("127.0.0.1", pages.port)):
            assert ask(pages, "/healthz")[0].status == 200

    def test_hangs_up_on_a_client_that_says_nothing(
        self, pages: Pages, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("connector_core.service.pages._Handler.timeout", 0.1)
        with socket.create_connection(("127.0.0.1", pages.port), timeout=20) as silent:
            assert silent.recv(1) == b""
        assert capfd.readouterr() == ("", "")

    def test_that_is_in_use_is_refused_in_one_sentence(self, pages: Pages) -> None:
        with pytest.raises(CannotServe, match=rf"Cannot listen on localhost:{pages.port}: the port is in use, or"):
            Pages(metrics=CollectorRegistry(), readiness=str, connectors=list, port=pages.port)

    @pytest.mark.parametrize(("host", "shown"), [("host.invalid", "host.invalid"), ("1::2::3", r"\[1::2::3\]")])
    def test_on_an_address_of_another_machine_is_refused(self, host: str, shown: str) -> None:
        with pytest.raises(CannotServe, match=rf"Cannot listen on {shown}:0: "):
            Pages(metrics=CollectorRegistry(), readiness=str, connectors=list, host=host, port=0)

    def test_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(CannotServe, match="Cannot listen on localhost:70000: "):
            Pages(metrics=CollectorRegistry(), readiness=str, connectors=list, port=70000)

    def test_is_free_after_close(self) -> None:
        before = set(threading.enumerate())
        pages = Pages(metrics=CollectorRegistry(), readiness=str, connectors=list, port=0)
        pages.close()
        with pytest.raises(ConnectionRefusedError):
            ask(pages, "/healthz")
        assert {thread for thread in threading.enumerate() if thread.name == "metrics-port"} <= before

    @pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="This machine has no IPv6.")
    def test_can_be_on_all_addresses_of_both_kinds(self) -> None:
        pages = Pages(metrics=CollectorRegistry(), readiness=lambda: None, connectors=list, host="::", port=0)
        try:
            assert ask(pages, "/readyz")[0].status == 200
        finally:
            pages.close()
