"""Runs a real service during a test, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from connector_core.service import ConnectorServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_core.registry import ConnectorRegistry

__all__ = ["serving"]


@contextmanager
def serving(registry: ConnectorRegistry, *, port: int = 0, **options: Any) -> Iterator[str]:
    """Serve the connectors of `registry` on 127.0.0.1 until the end of the block, and yield ``host:port``.

    Args:
        registry: The registry.
        port: The port to listen on; 0: any free port.
        **options: Further arguments of ConnectorServer.
    """
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stopped = asyncio.Event()
        async with ConnectorServer(registry=registry, host="127.0.0.1", port=port, **options) as server:
            started.set_result((f"127.0.0.1:{server.port}", asyncio.get_running_loop(), stopped))
            await stopped.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="serving", daemon=True)
    thread.start()
    endpoint, loop, stopped = started.result(timeout=60)
    try:
        yield endpoint
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(timeout=60)
        assert not thread.is_alive(), "the service does not stop"
