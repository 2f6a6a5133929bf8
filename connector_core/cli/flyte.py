"""The commands that Flyte's own charts start: ``pyflyte serve`` (Flyte 1) and ``c0`` (Flyte 2).

Each is ``connectors serve`` on all addresses. flytekit and flyte install commands with these names, so this package
does not; the Dockerfile does.
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
    """Run ``pyflyte serve agent`` or ``pyflyte serve connector``, with flytekit's options.

    Args:
        argv: The arguments after the program's name; None: those of the process.

    Returns:
        The exit status of ``connectors serve``.
    """
    parser = argparse.ArgumentParser(prog="pyflyte", description="Serve connectors. This pyflyte has no other command.")
    commands = parser.add_subparsers(required=True, metavar="serve")
    kinds = commands.add_parser("serve").add_subparsers(required=True, metavar="agent|connector")
    for kind in ("agent", "connector"):
        _add_options(kinds.add_parser(kind))
    return _serve(parser.parse_args(argv))


def c0(argv: Sequence[str] | None = None) -> int:
    """Run ``c0``, with flyte's options.

    Args:
        argv: The arguments after the program's name; None: those of the process.

    Returns:
        The exit status of ``connectors serve``.
    """
    parser = argparse.ArgumentParser(prog="c0", description="Serve connectors.")
    _add_options(parser)
    return _serve(parser.parse_args(argv))


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", default="8000", help="the gRPC port (default: %(default)s)")
    parser.add_argument(
        "--prometheus_port", default="9090", help="the HTTP port of metrics and probes (default: %(default)s)"
    )
    parser.add_argument("--modules", action="append", default=[], help="import this module, which registers connectors")
    parser.add_argument("--worker", help="ignored: threads start as they are needed")
    parser.add_argument("--timeout", help="ignored: the service runs until it is stopped")


def _serve(args: argparse.Namespace) -> int:
    for option in ("worker", "timeout"):
        if getattr(args, option) is not None:
            print(f"--{option} is ignored: this service does not need it.", file=sys.stderr)
    modules = [word for module in args.modules for word in ("--module", module)]
    ports = ["--port", args.port, "--metrics-port", args.prometheus_port]
    return main(["serve", "--host", "0.0.0.0", *ports, *modules])
