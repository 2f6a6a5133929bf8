"""FakeBackend: an HTTP server on this machine that runs jobs as a test scripts them."""

from __future__ import annotations

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["FakeBackend", "FakeJob", "Fault"]


@attrs.frozen
class Fault:
    """A failure of one request.

    Args:
        status: The HTTP status of the answer; None: the connection is closed without one.
        seconds: The seconds before that.
        after: True: the request is carried out, and only its answer is lost.
    """

    status: int | None = 503
    seconds: float = 0.0
    after: bool = False


@attrs.define
class FakeJob:
    """A job of the backend.

    Args:
        request: The body of the request that started it.
        script: The states that are still to come, one for each poll; the last one stays.
        log: The lines of its log.
    """

    request: dict[str, Any]
    script: list[str | Fault]
    log: list[str] = attrs.field(factory=list)

    @property
    def state(self) -> str:
        """The current state."""
        return next((step for step in self.script if isinstance(step, str)), "running")


class FakeBackend:
    """A server with these requests; bodies and answers are JSON.

    ============================  ==========================================================================
    ``POST /jobs``                starts a job: 201 and ``{"id": …}``; the body is kept, its ``tag`` is found
    ``GET /jobs/ID``              200 and ``{"id": …, "state": …}``: the next step of the script; 404
    ``GET /jobs?tag=TAG``         200 and a list of ids
    ``GET /jobs/ID/log``          200 and a list of lines; 404
    ``DELETE /jobs/ID``           204, and the state of a job that runs is ``cancelled``; 404
    ============================  ==========================================================================

    Attributes:
        url: The address of the server.
        jobs: The jobs by id.
        requests: Method and path of each request, in order.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, FakeJob] = {}
        self.requests: list[str] = []
        self._script: list[str | Fault] = ["succeeded"]
        self._log: list[str] = []
        self._faults: dict[str, list[Fault]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url: str = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="fake-backend")

    def script(self, *steps: str | Fault, log: Iterable[str] = ()) -> None:
        """Set the states of the jobs that start from now on, except those whose request has a ``script``.

        Args:
            *steps: A state in the backend's words, or a fault, for each poll; the last one stays. Every state but
                queued, pending and running is terminal.
            log: The lines of their logs.
        """
        self._script = list(steps)
        self._log = list(log)

    def fail(self, method: str, *faults: Fault) -> None:
        """Let the next requests fail.

        Args:
            method: ``POST``, ``GET`` or ``DELETE``.
            *faults: One for each request.
        """
        self._faults.setdefault(method, []).extend(faults)

    def __enter__(self) -> FakeBackend:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int | None, Any]:
        """Return the status (None: hang up) and the answer."""
        with self._lock:
            self.requests.append(f"{method} {path}")
            waiting = self._faults.get(method)
            fault = waiting.pop(0) if waiting else None
        if fault is not None and not fault.after:
            return _broken(fault)
        answer = self._carried_out(method, path, body)
        if fault is not None:
            return _broken(fault)
        return _broken(answer) if isinstance(answer, Fault) else answer

    def _carried_out(self, method: str, path: str, body: bytes) -> tuple[int, Any] | Fault:
        where = urlsplit(path)
        with self._lock:
            match method, where.path.strip("/").split("/"):
                case "POST", ["jobs"]:
                    name = f"job-{next(self._numbers)}"
                    request = json.loads(body or b"{}")
                    self.jobs[name] = FakeJob(request, list(request.get("script", self._script)), list(self._log))
                    return 201, {"id": name}
                case "GET", ["jobs"]:
                    tags = parse_qs(where.query).get("tag", [])
                    return 200, [name for name, job in self.jobs.items() if job.request.get("tag") in tags]
                case _, ["jobs", name, *rest] if name in self.jobs:
                    return _of_job(method, name, self.jobs[name], rest)
        return 404, {"error": f"There is no {where.path}."}


def _of_job(method: str, name: str, job: FakeJob, rest: list[str]) -> tuple[int, Any] | Fault:
    match method, rest:
        case "GET", ["log"]:
            return 200, job.log
        case "GET", []:
            step = job.script.pop(0) if len(job.script) > 1 else job.script[0]
            return step if isinstance(step, Fault) else (200, {"id": name, "state": step})
        case "DELETE", []:
            if len(job.script) > 1 or job.state in _GOING_ON:
                job.script[:] = ["cancelled"]
            return 204, None
    return 404, {"error": f"A job has no {method} {'/'.join(rest)}."}


def _broken(fault: Fault) -> tuple[int | None, Any]:
    time.sleep(fault.seconds)
    return fault.status, {"error": "a fault of the test"}


def _handler(backend: FakeBackend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, answer = backend._answer(self.command, self.path, body)
            self.close_connection = True
            if status is None:
                return
            sent = b"" if status == 204 else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

    return Handler


_GOING_ON = ("queued", "pending", "running")
