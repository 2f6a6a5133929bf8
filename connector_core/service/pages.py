"""The metrics port: a few pages over HTTP, from threads of their own, so that they answer while the event loop cannot.

==================== =================================================================
``/metrics``         what Prometheus collects
``/healthz``         200 while the process lives
``/readyz``          200 while the service takes calls; otherwise 503, and why it does not
``/connectors.json`` the rows of ``connectors list --json``
==================== =================================================================
"""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
from http import HTTPStatus
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app

from connector_core.errors import CannotServe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

    from prometheus_client import CollectorRegistry

__all__ = ["PATHS", "Pages"]

PATHS = ("/metrics", "/healthz", "/readyz", "/connectors.json")
"""Where the pages are."""


class Pages:
    """Serves the pages, from when it is made until :meth:`close`.

    Args:
        metrics: What ``/metrics`` shows.
        readiness: Asked for ``/readyz``; a sentence that says why the service takes no calls, or None.
        connectors: Asked for ``/connectors.json``: the rows.
        host: The address to listen on.
        port: The port to listen on; 0: any that is free.

    Attributes:
        port: The port that it listens on.

    Raises:
        CannotServe: It cannot listen there.
    """

    def __init__(
        self,
        *,
        metrics: CollectorRegistry,
        readiness: Callable[[], str | None],
        connectors: Callable[[], Sequence[Mapping[str, Any]]],
        host: str = "localhost",
        port: int = 9090,
    ) -> None:
        self._metrics = make_wsgi_app(metrics)
        self._readiness = readiness
        self._connectors = connectors
        try:
            self._server = _Server(host, port)
        except (OSError, OverflowError) as error:
            raise CannotServe(f"[{host}]:{port}" if ":" in host else f"{host}:{port}") from error
        self._server.set_app(self._application)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics-port", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; it takes half a second at most."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _application(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        status, headers, body = self._page(environ)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _page(self, environ: WSGIEnvironment) -> _Page:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _text(HTTPStatus.METHOD_NOT_ALLOWED, "These pages can be read only.", ("Allow", "GET, HEAD"))
        match environ["PATH_INFO"]:
            case "/metrics":
                return self._metrics_page(environ)
            case "/healthz":
                return _text(HTTPStatus.OK, "The process lives.")
            case "/readyz":
                reason = self._readiness()
                status = HTTPStatus.OK if reason is None else HTTPStatus.SERVICE_UNAVAILABLE
                return _text(status, reason or "The service takes calls.")
            case "/connectors.json":
                body = json.dumps(self._connectors(), indent=2).encode() + b"\n"
                return "200 OK", [("Content-Type", "application/json")], body
            case _:
                return _text(HTTPStatus.NOT_FOUND, f"There is no such page; there are {', '.join(PATHS)}.")

    def _metrics_page(self, environ: WSGIEnvironment) -> _Page:
        started: list[Any] = []
        answer = self._metrics(environ | {"REQUEST_METHOD": "GET"}, lambda *start: started.extend(start))
        return started[0], started[1], b"".join(answer)


_Page = tuple[str, list[tuple[str, str]], bytes]


def _text(status: HTTPStatus, sentence: str, *headers: tuple[str, str]) -> _Page:
    plain = ("Content-Type", "text/plain; charset=utf-8")
    return f"{status} {status.phrase}", [plain, *headers], f"{sentence}\n".encode()


class _Handler(WSGIRequestHandler):
    timeout = 10  # Seconds that a silent client holds a thread.

    def log_message(self, format: str, *args: object) -> None:
        """A probe every few seconds is no news."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind, without what the base class does: ask the DNS for the name of this machine."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away, or says nothing, is no news either."""
        error = sys.exc_info()[1]
        _log.log(logging.DEBUG if isinstance(error, OSError) else logging.ERROR, "A page failed.", exc_info=error)


_log = logging.getLogger(__name__)
