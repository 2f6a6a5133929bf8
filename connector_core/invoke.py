"""The one way in which a connector's method is called, here and in the service.

``async def`` runs on the event loop, ``def`` in a pool of threads that all connectors share; either way with the
context variables of the caller, within the connector's ``timeout`` and the call's deadline, between the call hooks, and
with its result checked. What the method knows beyond its arguments is in :func:`current_call`.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import inspect
import json
import threading
import time
import types
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
)
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from connector_core.connector import AsyncConnectorBase, ConnectorBase
from connector_core.errors import (
    CallTimeout,
    ConnectorError,
    ConnectorExited,
    ConnectorOverloaded,
    InvalidConnector,
    NoCurrentCall,
    TransientError,
)
from connector_core.models import Resource, TaskCategory
from connector_core.secrets import secret_sources
from connector_core.threads import Expired, Threads

if TYPE_CHECKING:
    from connector_core.idl import GetTaskLogsResponse, TaskExecutionMetadata
    from connector_core.registry import ConnectorRegistry

__all__ = ["Call", "Outcome", "current_call", "idempotency_key", "invoke", "stream_logs", "threads_wanted"]


class Call(msgspec.Struct, frozen=True, eq=False):
    """One invocation of one method of a connector.

    Args:
        connector: The connector.
        operation: The method's name: ``create``, ``get``, ``delete``, ``do``, ``find``, ``get_logs``, ``get_metrics``.
        secrets: What the caller sent to be used in this call (Flyte 2's ``connection.secrets``).
        settings: The caller's settings for this call (Flyte 2's ``connection.configs``).
        deadline: When the caller stops waiting, on the clock of ``time.monotonic``; None: it does not.
        idempotency_key: Names the attempt, where the caller said which it is.
        detached: True: neither the deadline nor the connector's ``timeout`` ends it, only whoever waits for it.
        request_id: Names the request in the service's log and in what it answers when it fails.
        task_execution: ``project:domain:execution:node:attempt``, where the caller said which it is; for the log.
    """

    connector: ConnectorBase
    operation: str
    secrets: Mapping[str, str] = {}
    settings: Mapping[str, str] = {}
    deadline: float | None = None
    idempotency_key: str | None = None
    detached: bool = False
    request_id: str | None = None
    task_execution: str | None = None

    @property
    def task_category(self) -> TaskCategory:
        """The connector's task category."""
        return self.connector.task_category

    def __repr__(self) -> str:
        return f"Call({self.connector!r}, {self.operation!r})"  # Never the secrets.


class Outcome(NamedTuple):
    """How a call ended.

    Args:
        seconds: How long it took.
        result: What the method returned.
        error: What it raised, or None.
    """

    seconds: float
    result: Any = None
    error: BaseException | None = None


def current_call() -> Call:
    """The call that the running connector method serves, in its thread or task.

    Raises:
        NoCurrentCall: No connector method is running here.
    """
    call = _current.get()
    if call is None:
        raise NoCurrentCall
    return call


def idempotency_key(category: TaskCategory, metadata: TaskExecutionMetadata | None) -> str | None:
    """The name of one attempt of one task execution: 32 hexadecimal digits, fit for a label or a tag anywhere.

    Args:
        category: The connector's task category.
        metadata: Whose ``task_execution_id`` says which attempt; None, or one without the id, gives None.
    """
    if metadata is None or not metadata.HasField("task_execution_id"):
        return None
    identifier = metadata.task_execution_id
    task, node = identifier.task_id, identifier.node_execution_id
    execution = node.execution_id
    parts = [
        *(category.name, category.version),
        *(task.org, task.project, task.domain, task.name, task.version),
        *(execution.org, execution.project, execution.domain, execution.name, node.node_id),
        identifier.retry_attempt,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


async def invoke(call: Call, registry: ConnectorRegistry | None = None, /, **arguments: Any) -> Any:
    """Call a connector's method.

    Args:
        call: Which method of which connector, and what ``current_call()`` gives inside it.
        registry: Whose call hooks and secrets apply; None: none.
        **arguments: Keyword arguments; the method is given those that its signature accepts.

    Returns:
        What the method returned: a Resource, metadata of the connector's type, None from ``delete``, a response.

    Raises:
        CallTimeout: It took longer than the connector's ``timeout`` or the deadline.
        ConnectorExited: It called ``sys.exit``.
        ConnectorOverloaded: It is a plain ``def``, and too many wait for a thread already.
        InvalidConnector: It returned something else than the interface asks for.
        TransientError: It raised one, or one of the connector's ``transient_errors``.
        Exception: Whatever else it raised.
    """
    with _Observed(call, registry) as observed, _InCall(call, registry):
        observed.result = result = await _answer(call, getattr(call.connector, call.operation), arguments)
        _check_result(call, result)
    return result


async def stream_logs(
    call: Call, registry: ConnectorRegistry | None = None, /, **arguments: Any
) -> AsyncGenerator[GetTaskLogsResponse, None]:
    """Call ``get_logs``, which may return one response or yield several, from ``def`` or ``async def``.

    Args:
        call: As for :func:`invoke`; the time limit holds for each response.
        registry: As for :func:`invoke`.
        **arguments: ``resource_meta``, ``lines``, ``token``.

    Raises:
        Exception: As :func:`invoke` does.
    """
    with _Observed(call, registry):
        method = getattr(call.connector, call.operation)
        if inspect.isasyncgenfunction(inspect.unwrap(method)):
            responses = method(**_accepted(_signature_of(method), arguments))
        else:
            with _InCall(call, registry):
                responses = await _answer(call, method, arguments)
        if not isinstance(responses, (AsyncIterator, Iterator)):
            yield responses
            return
        try:
            while True:
                with _InCall(call, registry):
                    response = await _next(call, responses)
                if response is _END:
                    return
                yield response
        finally:  # Whoever reads may stop before the end.
            if isinstance(responses, AsyncGenerator):
                await responses.aclose()


def threads_wanted() -> int:
    """How many calls wait for a thread of the shared pool just now."""
    return _threads().waiting


class _Observed:
    """The call hooks around a call, and the exceptions of the connector's backend in our own terms."""

    __slots__ = ("_call", "_registry", "_started", "result")

    def __init__(self, call: Call, registry: ConnectorRegistry | None) -> None:
        self._call = call
        self._registry = registry
        self._started = time.monotonic()
        self.result: Any = None

    def __enter__(self) -> _Observed:
        if self._registry is not None:
            self._registry.call_hook("connector_core_before_call", call=self._call)
        return self

    def __exit__(self, kind: object, raised: BaseException | None, traceback: object) -> None:
        error = raised
        transient = () if raised is None else self._call.connector.transient_errors
        # A ConnectorError says itself what it is, be it an OSError too, as CallTimeout is.
        if transient and isinstance(raised, transient) and not isinstance(raised, ConnectorError):
            error = TransientError(f"{type(raised).__name__}: {raised}")
        if self._registry is not None:
            outcome = Outcome(time.monotonic() - self._started, self.result, error)
            self._registry.call_hook("connector_core_after_call", call=self._call, outcome=outcome)
        if error is not None and error is not raised:
            raise error from raised


async def _limited(call: Call, working: Coroutine[Any, Any, Any]) -> Any:
    """What `working` gives, if it does within the time that the call has."""
    seconds = _seconds_of(call)
    if seconds is None:
        return await working
    try:
        waits_for = working.send(None)
    except StopIteration as done:  # What does not wait needs no timer, which costs as much as the rest.
        return done.value
    timer = asyncio.timeout(seconds)
    try:
        async with timer:
            return await _goes_on(working, waits_for)
    except TimeoutError as error:
        if timer.expired():
            raise _timeout(call, seconds) from error
        raise


@types.coroutine
def _goes_on(working: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    """Await a coroutine that has been started, and waits for this."""
    while True:
        try:
            given = yield waits_for
        except BaseException as error:
            step = partial(working.throw, error)
        else:
            step = partial(working.send, given)
        try:
            waits_for = step()
        except StopIteration as done:
            return done.value


def _seconds_of(call: Call) -> float | None:
    limit = call.connector.timeout
    if call.detached or call.deadline is None:
        return None if call.detached else limit
    remaining = call.deadline - time.monotonic()
    return remaining if limit is None else min(limit, remaining)


def _timeout(call: Call, seconds: float) -> CallTimeout:
    return CallTimeout(type(call.connector).__name__, call.operation, max(seconds, 0))


class _InCall:
    """Where ``current_call()`` and the secrets are those of the call."""

    __slots__ = ("_asked", "_call", "_current", "_registry")

    def __init__(self, call: Call, registry: ConnectorRegistry | None) -> None:
        self._call = call
        self._registry = registry

    def __enter__(self) -> None:
        sent, registry = self._call.secrets.get, self._registry
        self._current = _current.set(self._call)
        self._asked = secret_sources.set((sent,) if registry is None else (sent, registry.secret))

    def __exit__(self, kind: object, raised: BaseException | None, traceback: object) -> None:
        secret_sources.reset(self._asked)
        _current.reset(self._current)
        if isinstance(raised, SystemExit):  # An error of this call, and not the end of the process.
            raise ConnectorExited(type(self._call.connector).__name__, self._call.operation, raised.code) from raised


def _answer(call: Call, method: Callable[..., Any], arguments: Mapping[str, Any]) -> Coroutine[Any, Any, Any]:
    """What the method gives, within the time that the call has."""
    signature = _signature_of(method)
    arguments = _accepted(signature, arguments)
    if signature.is_coroutine:
        return _limited(call, method(**arguments))
    return _plain_answer(call, partial(method, **arguments))


async def _plain_answer(call: Call, function: Callable[[], Any]) -> Any:
    result = await _in_thread(call, function)
    # A decorator may hide an async method behind a plain function: what it returns still has to be awaited.
    return await _limited(call, _awaited(result)) if isinstance(result, Awaitable) else result


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _next(call: Call, responses: Iterator[Any] | AsyncIterator[Any]) -> Coroutine[Any, Any, Any]:
    if isinstance(responses, AsyncIterator):
        return _limited(call, _awaited(anext(responses, _END)))
    return _in_thread(call, partial(next, responses, _END))


async def _in_thread(call: Call, function: Callable[[], Any]) -> Any:
    threads = _threads_of(call.connector)
    if threads.waiting >= _MOST_WAITING:
        raise ConnectorOverloaded(type(call.connector).__name__, call.operation, threads.waiting)
    seconds = _seconds_of(call)
    try:
        return await threads.run(function, seconds)
    except Expired as error:
        raise _timeout(call, seconds or 0) from error


def _threads_of(connector: ConnectorBase) -> Threads:
    """Those that all share, or those of a connector with a limit, which holds on all event loops together."""
    if connector.max_concurrency is None:
        return _threads()
    with _limited_lock:
        threads: Threads | None = vars(connector).get(_LIMITED)
        if threads is None:
            threads = vars(connector)[_LIMITED] = Threads(connector.max_concurrency, type(connector).__name__)
    return threads


class _Signature(NamedTuple):
    names: frozenset[str] | None
    """The keyword arguments that the function accepts, and each that it decorates; None: all of them."""
    is_coroutine: bool


def _accepted(signature: _Signature, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    names = signature.names
    return arguments if names is None else {name: value for name, value in arguments.items() if name in names}


def _signature_of(method: Callable[..., Any]) -> _Signature:
    return _signature(getattr(method, "__func__", method))


@lru_cache(maxsize=4096)
def _signature(function: Callable[..., Any]) -> _Signature:
    accepted: frozenset[str] | None = None
    layer: Callable[..., Any] | None = function
    while layer is not None:
        parameters = inspect.signature(layer, follow_wrapped=False).parameters.values()
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            names = frozenset(parameter.name for parameter in parameters)
            accepted = names if accepted is None else accepted & names
        layer = getattr(layer, "__wrapped__", None)
    return _Signature(accepted, inspect.iscoroutinefunction(function))


def _check_result(call: Call, result: Any) -> None:
    connector, operation = call.connector, call.operation
    if operation in ("get", "do"):
        if not isinstance(result, Resource):
            raise _wrong(call, f"{type(result).__name__}; it must return a Resource.")
        if operation == "do" and not result.is_terminal:
            raise _wrong(
                call,
                f"a resource in the phase {result.phase.name}; a sync connector's job has ended when the call returns: "
                "SUCCEEDED, FAILED, RETRYABLE_FAILED or ABORTED.",
            )
    elif operation in ("create", "find") and isinstance(connector, AsyncConnectorBase):
        expected = connector.metadata_type
        if not isinstance(result, expected) and not (operation == "find" and result is None):
            raise _wrong(call, f"{type(result).__name__}; it must return {expected.__name__}.")


def _wrong(call: Call, result: str) -> InvalidConnector:
    return InvalidConnector(f"{type(call.connector).__name__}.{call.operation} returned {result}")


@lru_cache(maxsize=1)
def _threads() -> Threads:
    return Threads(_THREADS, "connector")


_THREADS = 512
"""Plain methods mostly wait for a backend. Threads start as they are needed, and an idle one is used first."""

_MOST_WAITING = 1024
"""For a thread of one pool: whoever comes after them is refused at once, and does not wait past his deadline."""

_END: Any = object()
_current: contextvars.ContextVar[Call | None] = contextvars.ContextVar("current_call", default=None)
_limited_lock = threading.Lock()
_LIMITED = "_connector_core_threads"
