"""The metrics port: a few pages over HTTP, served by separate threads, which answer while the event loop is blocked.

==================== =================================================================
``/metrics``         the metrics, in Prometheus' format
``/healthz``         200 while the process lives
``/readyz``          200 while the service takes calls; otherwise 503, with the reason
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

__all__ = ["PATHS", "Pages", "address_of"]

PATHS = ("/metrics", "/healthz", "/readyz", "/connectors.json")
"""The paths of the pages."""


class Pages:
    """Serves the pages from construction until :meth:`close`.

    Args:
        metrics: The metrics on the page ``/metrics``.
        readiness: Called for ``/readyz``; returns a sentence that says why the service takes no calls, or None.
        connectors: Called for ``/connectors.json``; returns the rows.
        host: The address to listen on.
        port: The port to listen on; 0: any free port.

    Attributes:
        port: The port that the pages are served on.

    Raises:
        CannotServe: if the process cannot listen on the address.
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
            raise CannotServe(address_of(host, port)) from error
        self._server.set_app(self._application)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics-port", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening. This takes at most half a second."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _application(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        status, headers, body = self._page(environ)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _page(self, environ: WSGIEnvironment) -> _Page:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _text_page(HTTPStatus.METHOD_NOT_ALLOWED, "These pages are read-only.", ("Allow", "GET, HEAD"))
        match environ["PATH_INFO"]:
            case "/metrics":
                return self._metrics_page(environ)
            case "/healthz":
                return _text_page(HTTPStatus.OK, "The process is alive.")
            case "/readyz":
                reason = self._readiness()
                status = HTTPStatus.OK if reason is None else HTTPStatus.SERVICE_UNAVAILABLE
                return _text_page(status, reason or "The service takes calls.")
            case "/connectors.json":
                body = json.dumps(self._connectors(), indent=2).encode() + b"\n"
                return "200 OK", [("Content-Type", "application/json")], body
            case _:
                return _text_page(HTTPStatus.NOT_FOUND, f"There is no such page. The pages are {', '.join(PATHS)}.")

    def _metrics_page(self, environ: WSGIEnvironment) -> _Page:
        started: list[Any] = []
        answer = self._metrics(environ | {"REQUEST_METHOD": "GET"}, lambda *start: started.extend(start))
        return started[0], started[1], b"".join(answer)


def address_of(host: str, port: int) -> str:
    """Return ``host:port``, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


_Page = tuple[str, list[tuple[str, str]], bytes]


def _text_page(status: HTTPStatus, sentence: str, *headers: tuple[str, str]) -> _Page:
    plain = ("Content-Type", "text/plain; charset=utf-8")
    return f"{status} {status.phrase}", [plain, *headers], f"{sentence}\n".encode()


class _Handler(WSGIRequestHandler):
    timeout = 10  # The seconds that a silent client can occupy a thread.

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: probes come every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind the socket. Unlike the base class, do not ask the DNS for the name of this machine."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Log an error. A client that disconnects or stays silent is logged on the debug level only."""
        error = sys.exc_info()[1]
        _log.log(
            logging.DEBUG if isinstance(error, OSError) else logging.ERROR,
            "A page of the metrics port failed.",
            exc_info=error,
        )


_log = logging.getLogger(__name__)
