"""Calls a connector's method. The service, a local run and the test kit all call connectors through this module.

An ``async def`` method runs on the event loop, a ``def`` method in a thread, both with the caller's context variables.
The connector's ``timeout`` and the call's deadline limit the time. The call hooks run before and after.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_core.call import Outcome, current, running
from connector_core.connector import AsyncConnectorBase
from connector_core.errors import (
    ConnectorError,
    ConnectorExited,
    InvalidConnector,
    TransientError,
)
from connector_core.models import Resource
from connector_core.plain_methods import call_in_thread, is_plain
from connector_core.secrets import secret_sources

if TYPE_CHECKING:
    from connector_core.call import Call
    from connector_core.idl import GetTaskLogsResponse
    from connector_core.plugins import Plugins

__all__ = ["invoke", "stream_logs"]


async def invoke(call: Call, plugins: Plugins | None = None, /, **arguments: Any) -> Any:
    """Call a connector's method.

    Args:
        call: Which method of which connector; ``current_call()`` returns it inside the method.
        plugins: The plugins whose call hooks and secrets apply; None: no plugins.
        **arguments: Keyword arguments. The method receives those that its signature accepts.

    Returns:
        What the method returned: a Resource, metadata of the connector's type, None from ``delete``, a response.

    Raises:
        CallTimeout: if the method took longer than the connector's ``timeout`` or the deadline.
        ConnectorExited: if the method called ``sys.exit``.
        ConnectorOverloaded: if the method is a plain ``def`` and too many calls wait for a thread already.
        InvalidConnector: if the method returned a value that the interface does not allow.
        TransientError: if the method raised it, or one of the connector's ``transient_errors``.
        Exception: any other exception that the method raised.
    """
    with running(call), _Observed(call, plugins) as observed, _Inside(call, plugins):
        observed.result = result = await _call_method(call, getattr(call.connector, call.operation), arguments)
        _check_result(call, result)
    return result


async def stream_logs(
    call: Call, plugins: Plugins | None = None, /, **arguments: Any
) -> AsyncGenerator[GetTaskLogsResponse, None]:
    """Call ``get_logs``, which returns one response or yields several, from ``def`` or ``async def``.

    Args:
        call: As for :func:`invoke`; the time limit applies to each response.
        plugins: As for :func:`invoke`.
        **arguments: ``resource_meta``, ``lines``, ``token``.

    Raises:
        Exception: as for :func:`invoke`.
    """
    with running(call), _Observed(call, plugins):
        method = getattr(call.connector, call.operation)
        if inspect.isasyncgenfunction(inspect.unwrap(method)):
            responses = method(**_accepted(_signature_of(method), arguments))
        else:
            with _Inside(call, plugins):
                responses = await _call_method(call, method, arguments)
        if not isinstance(responses, (AsyncIterator, Iterator)):
            yield responses
            return
        try:
            while True:
                with _Inside(call, plugins):
                    response = await _next(call, responses)
                if response is _END:
                    return
                yield response
        finally:  # The reader may stop before the end.
            if isinstance(responses, AsyncGenerator):
                await responses.aclose()


# The two context managers are classes: entering and leaving a generator costs each call 2.5 us instead of 0.4 us.


class _Observed:
    """Runs the call hooks, and turns the connector's ``transient_errors`` into TransientError."""

    __slots__ = ("_call", "_plugins", "_started", "result")

    def __init__(self, call: Call, plugins: Plugins | None) -> None:
        self._call = call
        self._plugins = plugins
        self.result: Any = None

    def __enter__(self) -> _Observed:
        self._started = time.monotonic()
        if self._plugins is not None:
            self._plugins.call("connector_core_before_call", call=self._call)
        return self

    def __exit__(self, kind: object, raised: BaseException | None, traceback: object) -> None:
        error = raised
        transient = () if raised is None else self._call.connector.transient_errors
        # A ConnectorError is already specific, even if it is an OSError too, as CallTimeout is.
        if transient and isinstance(raised, transient) and not isinstance(raised, ConnectorError):
            error = TransientError(f"{type(raised).__name__}: {raised}")
        if self._plugins is not None:
            outcome = Outcome(time.monotonic() - self._started, self.result, error)
            self._plugins.call("connector_core_after_call", call=self._call, outcome=outcome)
        if error is not None and error is not raised:
            raise error from raised


class _Inside:
    """Sets the context for ``current_call()`` and the secrets, and keeps ``sys.exit`` from ending the process."""

    __slots__ = ("_call", "_outer_call", "_outer_sources", "_plugins")

    def __init__(self, call: Call, plugins: Plugins | None) -> None:
        self._call = call
        self._plugins = plugins

    def __enter__(self) -> None:
        sent, plugins = self._call.secrets.get, self._plugins
        self._outer_call = current.set(self._call)
        self._outer_sources = secret_sources.set((sent,) if plugins is None else (sent, plugins.secret))

    def __exit__(self, kind: object, raised: BaseException | None, traceback: object) -> None:
        secret_sources.reset(self._outer_sources)
        current.reset(self._outer_call)
        if isinstance(raised, SystemExit):
            raise ConnectorExited(type(self._call.connector).__name__, self._call.operation, raised.code) from raised


async def _call_method(call: Call, method: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    signature = _signature_of(method)
    arguments = _accepted(signature, arguments)
    if not signature.is_plain:
        return await _in_time(call, method(**arguments))
    result = await call_in_thread(call, partial(method, **arguments))
    # A decorator may hide an async method behind a plain function: its result must still be awaited.
    return await _in_time(call, result) if isinstance(result, Awaitable) else result


def _next(call: Call, responses: Iterator[Any] | AsyncIterator[Any]) -> Coroutine[Any, Any, Any]:
    if isinstance(responses, AsyncIterator):
        return _in_time(call, anext(responses, _END))
    return call_in_thread(call, partial(next, responses, _END))


async def _in_time(call: Call, awaitable: Awaitable[Any]) -> Any:
    """Await the coroutine within the call's time limit."""
    seconds = call.seconds_left
    timer = asyncio.timeout(seconds)
    try:
        async with timer:
            return await awaitable
    except TimeoutError as error:
        if timer.expired():
            raise call.timed_out(seconds) from error
        raise


class _Signature(NamedTuple):
    names: frozenset[str] | None
    """The keyword arguments that the function and every function that it decorates accept; None: any."""
    is_plain: bool


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
    return _Signature(accepted, is_plain(function))


def _check_result(call: Call, result: Any) -> None:
    connector, operation = call.connector, call.operation
    if operation in ("get", "do"):
        if not isinstance(result, Resource):
            raise _wrong_result(call, f"{type(result).__name__}; it must return a Resource.")
        if operation == "do" and not result.is_terminal:
            raise _wrong_result(
                call,
                f"a resource in the phase {result.phase.name}; a sync connector's job has ended when the call returns: "
                "SUCCEEDED, FAILED, RETRYABLE_FAILED or ABORTED.",
            )
    elif operation in ("create", "find") and isinstance(connector, AsyncConnectorBase):
        expected = connector.metadata_type
        if not isinstance(result, expected) and not (operation == "find" and result is None):
            raise _wrong_result(call, f"{type(result).__name__}; it must return {expected.__name__}.")


def _wrong_result(call: Call, result: str) -> InvalidConnector:
    return InvalidConnector(f"{type(call.connector).__name__}.{call.operation} returned {result}")


_END: Any = object()
