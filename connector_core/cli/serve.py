"""``connectors serve``: runs the gRPC service until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from connector_core.cli.errors import WrongUse
from connector_core.registry import default_registry
from connector_core.service import ConnectorServer, server_credentials
from connector_core.service.logs import log_to

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import grpc

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Running calls may end first; the exit status is 0."""
    with log_to(sys.stderr, logging.DEBUG if args.verbose else logging.INFO):
        credentials = _credentials(args)
        for module in args.modules:
            _import(module)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(args, credentials))
    return 0


async def _serve(args: argparse.Namespace, credentials: grpc.ServerCredentials | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    registry = default_registry()
    server = ConnectorServer(
        registry, host=args.host, port=args.port, metrics_port=args.metrics_port, credentials=credentials
    )
    async with server:
        # The objects that exist now stay, so the garbage collector need not look at them again.
        gc.collect()
        gc.freeze()
        count = len(registry.connectors())
        _log.info(
            "Serving %s connector%s on %s:%s; probes and metrics on port %s.",
            *(count, "" if count == 1 else "s", args.host, server.port, server.metrics_port),
        )
        await stop.wait()
        gc.unfreeze()
        _log.info("Stopping: new calls are refused, and running calls may end.")


def _credentials(args: argparse.Namespace) -> grpc.ServerCredentials | None:
    if (args.tls_cert is None) != (args.tls_key is None):
        raise WrongUse("--tls-cert and --tls-key belong together; give both.")
    if args.tls_cert is None:
        if args.tls_client_ca is not None:
            raise WrongUse("--tls-client-ca needs a certificate of the service; give --tls-cert and --tls-key too.")
        return None
    return server_credentials(Path(args.tls_cert), Path(args.tls_key), args.tls_client_ca and Path(args.tls_client_ca))


def _import(module: str) -> None:
    """Import a module that registers connectors when it is imported, as flytekit's modules do."""
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise WrongUse(f"--module {module} cannot be found; name an importable module with your connectors.") from error


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        from uvloop import new_event_loop
    except ImportError:  # uvloop does not support Windows.
        return asyncio.new_event_loop
    return new_event_loop


_log = logging.getLogger(__name__)
