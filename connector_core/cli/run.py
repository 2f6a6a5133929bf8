"""``connectors run``: a task through its connector, here or on a running service, with its progress and outputs."""

from __future__ import annotations

import json
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_core.cli.draw import plain, print_value
from connector_core.cli.failing import WrongUse
from connector_core.cli.inputs import json_or_text, read_inputs
from connector_core.cli.versions import newest_version
from connector_core.errors import ConnectorNotFound, PermanentError, RetryableError, TaskFailed
from connector_core.literals import from_literal_map
from connector_core.local.task import Task
from connector_core.local.templates import placeholders
from connector_core.models import Resource
from connector_core.phases import Phase
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse

    from rich.text import Text

    from connector_core.idl import LiteralMap

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Run the task; the exit status is 1 when it fails."""
    registry = _registry(args.endpoint)
    inputs, types = read_inputs(args.inputs)
    progress = _Progress(args.task_type, quiet=args.json)
    task = Task(
        args.task_type,
        task_type_version=_version(args, registry),
        inputs=types,
        custom=_pairs("--custom", args.custom),
        config=_pairs("--config", args.config, as_json=False),
        sql=_statement(args),
        container=args.command_line or None,
        timeout=_timeout(args.timeout),
        output_prefix=args.output_prefix,
        registry=registry,
        on_update=progress.update,
    )
    _check_used(task, inputs)
    with progress.live():
        try:
            outputs = from_literal_map(_execute(task, inputs), path="outputs")
        except TaskFailed as failure:
            progress.update(failure.resource)
            if args.json:
                print(_document(args.task_type, progress, {}), file=args.output)
            raise
    if args.json:
        print(_document(args.task_type, progress, outputs), file=args.output)
        return 0
    if not progress.is_live:
        message = progress.resource.message if progress.resource else None
        print(f"{Phase.SUCCEEDED.name} in {progress.seconds:.1f} s{f': {message}' if message else ''}")
    for name in sorted(outputs):
        print_value(name, outputs[name])
    return 0


def _registry(endpoint: str | None) -> ConnectorRegistry:
    if endpoint is None:
        return ConnectorRegistry()
    from connector_core.cli.remote import registry_of

    return registry_of(endpoint)


def _version(args: argparse.Namespace, registry: ConnectorRegistry) -> int:
    try:
        return newest_version(registry, args.task_type)
    except ConnectorNotFound as error:
        if args.endpoint is not None:
            error.add_note(f"The service at {args.endpoint} was asked.")
        raise


def _execute(task: Task, inputs: dict[str, Any]) -> LiteralMap:
    """Run the task; a connector may raise its failure as well as return it, and Flyte is told the same."""
    try:
        return task.execute(**inputs)
    except PermanentError as error:
        raise TaskFailed(task.name, Resource.failed(str(error), code=error.code)) from error
    except RetryableError as error:
        raise TaskFailed(task.name, Resource.retryable_failed(str(error), code=error.code)) from error


class _Progress:
    """Phase, message, links and elapsed time: live on a terminal, a line for each change elsewhere."""

    def __init__(self, task_type: str, *, quiet: bool) -> None:
        self.task_type = task_type
        self.resource: Resource | None = None
        self.links: dict[str, str] = {}
        self._quiet = quiet
        self.is_live = sys.stdout.isatty() and not quiet
        self._started = time.monotonic()
        self._told: tuple[Any, ...] = ()

    @property
    def seconds(self) -> float:
        """Seconds since the task was started."""
        return time.monotonic() - self._started

    def live(self) -> AbstractContextManager[Any]:
        """What keeps the display up to date while the task runs."""
        if not self.is_live:
            return nullcontext()
        from rich.live import Live

        return Live(get_renderable=self._draw, refresh_per_second=8)

    def update(self, resource: Resource) -> None:
        """Take note of the job's state."""
        self.resource = resource
        links = {link.uri: link.name or "log" for link in resource.log_links or () if link.uri not in self.links}
        self.links |= links
        if self.is_live or self._quiet:
            return
        state = (resource.phase, resource.message)
        if state != self._told and not resource.is_terminal:
            self._told = state
            print(f"{resource.phase.name}{f': {resource.message}' if resource.message else ''}", flush=True)
        for uri, name in links.items():
            print(f"{name}: {uri}", flush=True)

    def _draw(self) -> Text:
        from rich.text import Text

        text = Text()
        text.append(f"{self.task_type} ", style="bold")
        text.append(self.resource.phase.name if self.resource else "STARTING", style="cyan")
        text.append(f" {self.seconds:.0f} s", style="dim")
        if self.resource and self.resource.message:
            text.append(f"\n{self.resource.message}")
        for uri, name in self.links.items():
            text.append(f"\n{name}: {uri}", style="dim")
        return text


def _document(task_type: str, progress: _Progress, outputs: dict[str, Any]) -> str:
    resource = progress.resource
    assert resource is not None, "a task ends with the resource that says so"
    error = resource.error
    document = {
        "task_type": task_type,
        "phase": resource.phase.name,
        "message": resource.message,
        "error": {"code": error.code, "retryable": error.retryable, "origin": error.origin} if error else None,
        "log_links": [{"name": name, "uri": uri} for uri, name in progress.links.items()],
        "seconds": round(progress.seconds, 3),
        "outputs": {name: plain(outputs[name]) for name in sorted(outputs)},
    }
    return json.dumps(document, indent=2)


def _pairs(option: str, words: list[str], *, as_json: bool = True) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals):
            raise WrongUse(f"{option} {word!r} cannot be read: write it as NAME=VALUE, such as {option} x=1.")
        if name in pairs:
            raise WrongUse(f"{option} {name} is given twice; give it once.")
        try:
            pairs[name] = json_or_text(text) if as_json else text
        except RecursionError as error:
            raise WrongUse(f"{option} {name} cannot be read: it is nested too deeply.") from error
    return pairs


def _statement(args: argparse.Namespace) -> str | None:
    if args.sql_file is None:
        statement: str | None = args.sql
        return statement
    try:
        return Path(args.sql_file).read_text(encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"--sql-file {args.sql_file} cannot be read: {error.strerror}; name a file of SQL.") from error
    except UnicodeDecodeError as error:
        raise WrongUse(
            f"--sql-file {args.sql_file} cannot be read: it is no UTF-8 text; name a file of SQL."
        ) from error


def _timeout(seconds: float | None) -> float | None:
    if seconds is not None and not 0.001 <= seconds <= 1e9:
        raise WrongUse(f"--timeout {seconds:g} cannot be used: give a number of seconds from 0.001 to 1e9.")
    return seconds


def _check_used(task: Task, inputs: dict[str, Any]) -> None:
    """A command that neither names an input nor reads the file of all inputs was surely meant to."""
    if not task.template.HasField("container"):
        return
    used = placeholders(task.template)
    if used & {"input", "inputprefix"}:
        return
    for name in inputs:
        if f"inputs.{name}" not in used:
            raise WrongUse(f"-i {name} is not used: the command has no {{{{.inputs.{name}}}}} (nor {{{{.input}}}}).")
