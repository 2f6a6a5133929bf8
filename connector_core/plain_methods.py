"""Plain ``def`` methods: which methods run in a thread, in which threads, and how many calls may wait for one."""

from __future__ import annotations

import inspect
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from connector_core.errors import ConnectorOverloaded
from connector_core.threads import Expired, Threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_core.call import Call
    from connector_core.connector import ConnectorBase

__all__ = ["call_in_thread", "is_plain", "waiting_calls"]


def is_plain(method: Callable[..., Any]) -> bool:
    """Return whether a method is a plain ``def``. It runs in a thread then, and on the event loop otherwise."""
    return not inspect.iscoroutinefunction(method)


async def call_in_thread(call: Call, function: Callable[[], Any]) -> Any:
    """Call a function in a thread of the call's connector, within the call's time limit, and return its result.

    Raises:
        CallTimeout: if the function did not return within the time limit.
        ConnectorOverloaded: if too many calls already wait for a thread.
        Exception: any exception that the function raised.
    """
    threads = _threads_of(call.connector)
    if threads.waiting >= _MOST_WAITING:
        raise ConnectorOverloaded(type(call.connector).__name__, call.operation, threads.waiting)
    seconds = call.seconds_left
    try:
        return await threads.run(function, seconds)
    except Expired as error:
        raise call.timed_out(seconds) from error


def waiting_calls() -> int:
    """Return the number of calls that wait for a thread of the shared pool."""
    return _shared_threads().waiting


def _threads_of(connector: ConnectorBase) -> Threads:
    """Return the shared threads, or the connector's own if it has a ``max_concurrency``: a limit over all loops."""
    if connector.max_concurrency is None:
        return _shared_threads()
    with _own_threads_lock:
        threads: Threads | None = vars(connector).get(_OWN_THREADS)
        if threads is None:
            threads = vars(connector)[_OWN_THREADS] = Threads(connector.max_concurrency, type(connector).__name__)
    return threads


@lru_cache(maxsize=1)
def _shared_threads() -> Threads:
    return Threads(_THREADS, "connector")


_THREADS = 512
"""Plain methods mostly wait for a backend. Threads start as they are needed, and an idle one is used first."""

_MOST_WAITING = 1024
"""Calls that may wait for a thread. Further calls are refused at once instead of waiting past their deadline."""

_own_threads_lock = threading.Lock()
_OWN_THREADS = "_connector_core_threads"
