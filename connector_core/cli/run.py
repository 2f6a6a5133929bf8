"""``connectors run``: a task through its connector, here, with its progress and its outputs."""

from __future__ import annotations

import json
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_core.cli.draw import plain, print_value
from connector_core.cli.failing import WrongUse
from connector_core.cli.versions import newest_version
from connector_core.errors import TaskFailed
from connector_core.literals import from_literal_map
from connector_core.local.task import Task
from connector_core.local.templates import placeholders
from connector_core.phases import Phase
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse

    from rich.text import Text

    from connector_core.models import Resource

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Run the task; the exit status is 1 when it fails."""
    registry = ConnectorRegistry()
    inputs = _pairs("-i", args.inputs)
    progress = _Progress(args.task_type, quiet=args.json)
    task = Task(
        args.task_type,
        task_type_version=newest_version(registry, args.task_type),
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
            outputs = from_literal_map(task.execute(**inputs), path="outputs")
        except TaskFailed as failure:
            progress.update(failure.resource)
            if args.json:
                _print_json(args.task_type, progress, {})
            raise
    if args.json:
        _print_json(args.task_type, progress, outputs)
        return 0
    print(f"{Phase.SUCCEEDED.name} in {progress.seconds:.1f} s")
    for name in sorted(outputs):
        print_value(name, outputs[name])
    return 0


class _Progress:
    """Phase, message, links and elapsed time: live on a terminal, a line for each change elsewhere."""

    def __init__(self, task_type: str, *, quiet: bool) -> None:
        self.task_type = task_type
        self.resource: Resource | None = None
        self._quiet = quiet
        self._terminal = sys.stdout.isatty() and not quiet
        self._started = time.monotonic()
        self._told: tuple[Any, ...] = ()
        self._links: set[str] = set()

    @property
    def seconds(self) -> float:
        """Seconds since the task was started."""
        return time.monotonic() - self._started

    def live(self) -> AbstractContextManager[Any]:
        """What keeps the display up to date while the task runs."""
        if not self._terminal:
            return nullcontext()
        from rich.live import Live

        return Live(get_renderable=self._draw, transient=True, refresh_per_second=8)

    def update(self, resource: Resource) -> None:
        """Take note of the job's state."""
        self.resource = resource
        if self._terminal or self._quiet or resource.is_terminal:
            return
        state = (resource.phase, resource.message)
        if state != self._told:
            self._told = state
            print(f"{resource.phase.name}{f': {resource.message}' if resource.message else ''}", flush=True)
        for link in resource.log_links or ():
            if link.uri not in self._links:
                self._links.add(link.uri)
                print(f"{link.name or 'log'}: {link.uri}", flush=True)

    def _draw(self) -> Text:
        from rich.text import Text

        text = Text()
        text.append(f"{self.task_type} ", style="bold")
        text.append(self.resource.phase.name if self.resource else "STARTING", style="cyan")
        text.append(f" {self.seconds:.0f} s", style="dim")
        if self.resource and self.resource.message:
            text.append(f"\n{self.resource.message}")
        for link in (self.resource.log_links if self.resource else None) or ():
            text.append(f"\n{link.name or 'log'}: {link.uri}", style="dim")
        return text


def _print_json(task_type: str, progress: _Progress, outputs: dict[str, Any]) -> None:
    resource = progress.resource
    error, links = (resource.error, resource.log_links) if resource else (None, None)
    document = {
        "task_type": task_type,
        "phase": (resource.phase if resource else Phase.SUCCEEDED).name,
        "message": resource.message if resource else None,
        "error": {"code": error.code, "retryable": error.retryable, "origin": error.origin} if error else None,
        "log_links": [{"name": link.name, "uri": link.uri} for link in links or ()],
        "seconds": round(progress.seconds, 3),
        "outputs": plain(outputs),
    }
    print(json.dumps(document, indent=2, ensure_ascii=False))


def _pairs(option: str, words: list[str], *, as_json: bool = True) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals):
            raise WrongUse(f"{option} {word!r} cannot be read: write it as NAME=VALUE, such as {option} x=1.")
        if name in pairs:
            raise WrongUse(f"{option} {name} is given twice; give it once.")
        try:
            pairs[name] = json.loads(text) if as_json else text
        except ValueError:
            pairs[name] = text
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
        raise WrongUse(f"--sql-file {args.sql_file} cannot be read: it is no UTF-8 text.") from error


def _timeout(seconds: float | None) -> float | None:
    if seconds is not None and not 0 < seconds < float("inf"):
        raise WrongUse(f"--timeout {seconds:g} cannot be used: give a number of seconds above 0.")
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
