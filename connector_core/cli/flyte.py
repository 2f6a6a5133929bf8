"""The commands that Flyte's own charts start, as an image of this project answers to them.

``pyflyte serve agent`` and ``pyflyte serve connector`` (Flyte 1) and ``c0`` (Flyte 2) are ``connectors serve`` on all
addresses. flytekit and flyte install commands of these names, so this package does not; the Dockerfile does.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from connector_core.cli import main

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["c0", "pyflyte"]


def pyflyte(argv: Sequence[str] | None = None) -> int:
    """``pyflyte serve agent`` and ``pyflyte serve connector``, with flytekit's options.

    Args:
        argv: The arguments after the program's name; None: those of the process.

    Returns:
        The exit status of ``connectors serve``.
    """
    parser = argparse.ArgumentParser(prog="pyflyte", description="Serve connectors; no other command is here.")
    commands = parser.add_subparsers(required=True, metavar="serve")
    kinds = commands.add_parser("serve").add_subparsers(required=True, metavar="agent|connector")
    for kind in ("agent", "connector"):
        _add_options(kinds.add_parser(kind))
    return _serve(parser.parse_args(argv))


def c0(argv: Sequence[str] | None = None) -> int:
    """``c0``, with flyte's options.

    Args:
        argv: As for :func:`pyflyte`.

    Returns:
        As :func:`pyflyte`.
    """
    parser = argparse.ArgumentParser(prog="c0", description="Serve connectors.")
    _add_options(parser)
    return _serve(parser.parse_args(argv))


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", default="8000", help="of the gRPC service (default: %(default)s)")
    parser.add_argument("--prometheus_port", default="9090", help="of metrics and probes (default: %(default)s)")
    parser.add_argument("--modules", action="append", default=[], help="import it, to register connectors")
    parser.add_argument("--worker", help="means nothing here: threads start as they are needed")
    parser.add_argument("--timeout", help="means nothing here: the service ends when it is told to")


def _serve(args: argparse.Namespace) -> int:
    for option in ("worker", "timeout"):
        if getattr(args, option) is not None:
            print(f"--{option} is ignored: it means nothing to this service.", file=sys.stderr)
    modules = [word for module in args.modules for word in ("--module", module)]
    ports = ["--port", args.port, "--metrics-port", args.prometheus_port]
    return main(["serve", "--host", "0.0.0.0", *ports, *modules])
