"""``connectors serve``: the gRPC service, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from importlib import import_module
from typing import TYPE_CHECKING

from connector_core.cli.failing import WrongUse
from connector_core.registry import ConnectorRegistry, default_registry
from connector_core.service import ConnectorServer

if TYPE_CHECKING:
    import argparse

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; the exit status is 0 when all running calls have ended."""
    for module in args.modules:
        _import(module)
    try:
        from uvloop import new_event_loop
    except ImportError:  # It is not made for Windows.
        from asyncio import new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(args, default_registry()))
    return 0


async def _serve(args: argparse.Namespace, registry: ConnectorRegistry) -> None:
    server = ConnectorServer(registry, host=args.host, port=args.port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with server:
        # What is there now stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        count = len(registry.connectors())
        print(f"Serving {count} connector{'' if count == 1 else 's'} on {args.host}:{server.port}.", flush=True)
        await stop.wait()
        gc.unfreeze()
        print("Stopping: running calls may end.", flush=True)


def _import(module: str) -> None:
    """Import a module that registers connectors, as flytekit's do."""
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise WrongUse(f"--module {module} cannot be found: name an importable module of your connectors.") from error
