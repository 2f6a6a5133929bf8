"""The command ``connectors``. Each subcommand's module is imported when it runs, which keeps ``list`` fast."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        argv: The arguments after the program's name; None: those of the process.

    Returns:
        The exit status: 0, 1 for a failed task or an unusable entry, or 2 for wrong use.
    """
    # Not `list(…)`: once the module of that command is imported, the name `list` means that module here.
    words = [*(sys.argv[1:] if argv is None else argv)]
    separator = words.index("--") if "--" in words else len(words)
    parser = _parser()
    try:
        " ".join(words).encode()
    except UnicodeEncodeError as error:
        parser.error(f"the arguments are not UTF-8 text: {error.object!a}")
    args, unknown = parser.parse_known_args(words[:separator])
    args.command_line = words[separator + 1 :]
    if unknown:
        hint = "; write the task's command after --" if args.command == "run" else ""
        args.parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    if args.command_line and args.command != "run":
        args.parser.error(f"`{args.command}` takes no command after --; `run` does")
    # gRPC reads this when it is imported. Without it, gRPC logs each lost connection.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    if args.command == "serve":
        # The thread that waits for calls then reads the connections itself, which takes a sixth less CPU.
        os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")
    # The JSON document goes to `args.output`; what a connector prints must not mix with it.
    args.output = sys.stdout
    try:
        with _logging(args), redirect_stdout(sys.stderr) if args.json else nullcontext():
            import_command = import_module if argv is not None else _import_for_good
            status: int = import_command(f"connector_core.cli.{args.command}").command(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("connectors: interrupted.", file=sys.stderr)
        return 130
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _output_is_closed():
            return 1
        from connector_core.cli.errors import report_error

        return report_error(error, verbose=args.verbose)
    return status


def _import_for_good(name: str) -> ModuleType:
    """Import a module that stays until the process ends.

    Python never searches the imported modules for garbage, which would take a fifth of the time of a short run.
    """
    gc.disable()
    try:
        module = import_module(name)
        gc.freeze()
    finally:
        gc.enable()
    return module


def _logging(args: argparse.Namespace) -> AbstractContextManager[None]:
    """Return the context in which connector-core's log is printed. The service has its own log; a list has none."""
    if args.command == "serve" or (args.command == "list" and not args.load):
        return nullcontext()
    from connector_core.cli.logs import logging_to_stderr

    return logging_to_stderr(verbose=args.verbose)


def _output_is_closed() -> bool:
    """Tell whether the reader of standard output has closed it, as `head` does."""
    try:
        print(flush=True)  # Only writing to a pipe shows that it is closed.
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _parser() -> argparse.ArgumentParser:
    # Each subcommand's parser costs a millisecond, but the usage errors need all of them.
    parser = argparse.ArgumentParser(
        prog="connectors", description="Connectors run jobs in other systems. See what is installed, and run a task."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    parser.add_argument("--verbose", action="store_true", help="show tracebacks")
    # With `prog`, argparse does not format a usage here, for which it would import shutil.
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", prog="connectors")

    def add(name: str, summary: str, *, json: str | None) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary[:1].upper() + summary[1:] + ".")
        command.add_argument("--verbose", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")
        if json is not None:
            command.add_argument("--json", action="store_true", help=json)
        command.set_defaults(parser=command, json=False)
        return command

    listing = add("list", "list the connectors that are installed", json="print a JSON list")
    which = listing.add_mutually_exclusive_group()
    which.add_argument("--load", action="store_true", help="import them, and show kind and name too")
    which.add_argument("--endpoint", metavar="H:P", help="list the connectors of this running service instead")

    show = add("show", "describe one connector", json="print a JSON object")
    show.add_argument("task_type", metavar="TASK_TYPE")

    add("doctor", "load every connector, and say what is wrong and how to repair it", json="print a JSON object")

    run = add("run", "run a task through its connector", json="print a JSON object when the task has ended")
    run.usage = "connectors run TASK_TYPE [options] [-- COMMAND ARG ...]"
    run.add_argument("task_type", metavar="TASK_TYPE")
    run.add_argument("-i", dest="inputs", metavar="NAME[:TYPE]=VALUE", action="append", default=[], help="an input")
    run.add_argument("--custom", metavar="K=V", action="append", default=[], help="a parameter of the connector")
    run.add_argument("--config", metavar="K=V", action="append", default=[], help="a text parameter of the connector")
    statement = run.add_mutually_exclusive_group()
    statement.add_argument("--sql", metavar="TEXT", help="the statement")
    statement.add_argument("--sql-file", metavar="F", help="a file with the statement")
    run.add_argument("--output-prefix", metavar="URI", help="where the task may write files")
    run.add_argument("--timeout", metavar="S", type=float, help="delete the job after S seconds")
    run.add_argument("--endpoint", metavar="H:P", help="run the task on this running service")
    run.epilog = (
        "A value is JSON if it parses as JSON, and text otherwise. An input may have a type, such as int, list[date], "
        "float | None or StructuredDataset. @FILE stands for the content of a file."
    )

    serve = add("serve", "offer the connectors to Flyte, over gRPC", json=None)
    serve.add_argument("--host", default="localhost", help="the address to listen on (default: %(default)s)")
    serve.add_argument(
        "--port", type=_port, default=8000, help="the gRPC port; 0: any free port (default: %(default)s)"
    )
    serve.add_argument(
        "--metrics-port", type=_port, default=9090, help="the HTTP port of probes and metrics (default: %(default)s)"
    )
    serve.add_argument(
        "--module",
        dest="modules",
        metavar="M",
        action="append",
        default=[],
        help="import this module, which registers connectors",
    )
    serve.add_argument("--tls-cert", metavar="F", help="serve with TLS; the certificate, as PEM")
    serve.add_argument("--tls-key", metavar="F", help="its private key, as PEM")
    serve.add_argument("--tls-client-ca", metavar="F", help="require client certificates signed by this CA, as PEM")

    new = add("new", "write a connector package that works without changes", json=None)
    new.add_argument("name", metavar="NAME", help="the name of the package, such as connector-acme")
    kinds = new.add_mutually_exclusive_group()
    kinds.add_argument(
        "--sync",
        dest="kind",
        action="store_const",
        const="sync",
        default="sync",
        help="the job ends within the call (default)",
    )
    kinds.add_argument("--async", dest="kind", action="store_const", const="async", help="the job outlives the call")
    new.add_argument("--output", dest="directory", metavar="DIR", default=".", help="where to write it (default: here)")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a number from 0 to 65535")
    return int(text)


class _Version(argparse.Action):
    """Prints the version, which argparse's own action would need when the parser is built."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from connector_core import __version__

        print(f"connectors {__version__}")
        parser.exit()
