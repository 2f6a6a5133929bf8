"""``connectors run``: runs a task through its connector, here or on a running service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_core.cli.draw import json_value, print_value
from connector_core.cli.errors import WrongUse
from connector_core.cli.pairs import json_or_text, read_pairs
from connector_core.cli.progress import Progress
from connector_core.cli.versions import default_version
from connector_core.errors import ConnectorNotFound, PermanentError, RetryableError, TaskFailed
from connector_core.literals import from_literal_map
from connector_core.local.task import Task
from connector_core.local.templates import placeholders
from connector_core.models import Resource
from connector_core.phases import Phase
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse

    from connector_core.idl import LiteralMap

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Run the task, and print its progress and outputs. The exit status is 1 if it fails."""
    registry = _registry(args.endpoint)
    inputs, types = _inputs(args.inputs)
    progress = Progress(args.task_type, quiet=args.json)
    task = Task(
        args.task_type,
        task_type_version=_version(args, registry),
        inputs=types,
        custom=read_pairs("--custom", args.custom, lambda text, _: json_or_text(text)),
        config=read_pairs("--config", args.config, lambda text, _: text),
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


def _inputs(words: list[str]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    if not words:
        return {}, None
    from connector_core.cli.inputs import read_inputs

    return read_inputs(words)


def _version(args: argparse.Namespace, registry: ConnectorRegistry) -> int:
    try:
        return default_version(registry, args.task_type)
    except ConnectorNotFound as error:
        if args.endpoint is not None:
            error.add_note(f"This is the answer of the service at {args.endpoint}.")
        raise


def _execute(task: Task, inputs: dict[str, Any]) -> LiteralMap:
    """Run the task. A connector may also raise a failure instead of returning it, which is the same for Flyte."""
    try:
        return task.execute(**inputs)
    except PermanentError as error:
        raise TaskFailed(task.name, Resource.failed(str(error), code=error.code)) from error
    except RetryableError as error:
        raise TaskFailed(task.name, Resource.retryable_failed(str(error), code=error.code)) from error


def _document(task_type: str, progress: Progress, outputs: dict[str, Any]) -> str:
    resource = progress.resource
    assert resource is not None, "the run ended without a resource"
    error = resource.error
    document = {
        "task_type": task_type,
        "phase": resource.phase.name,
        "message": resource.message,
        "error": {"code": error.code, "retryable": error.retryable, "origin": error.origin} if error else None,
        "log_links": [{"name": name, "uri": uri} for uri, name in progress.links.items()],
        "seconds": round(progress.seconds, 3),
        "outputs": {name: json_value(outputs[name]) for name in sorted(outputs)},
    }
    return json.dumps(document, indent=2)


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
            f"--sql-file {args.sql_file} cannot be read: it is not UTF-8 text; name a file of SQL."
        ) from error


def _timeout(seconds: float | None) -> float | None:
    if seconds is not None and not 0.001 <= seconds <= 1e9:
        raise WrongUse(f"--timeout {seconds:g} cannot be used: give a number of seconds from 0.001 to 1e9.")
    return seconds


def _check_used(task: Task, inputs: dict[str, Any]) -> None:
    """Refuse an input that the command neither names nor reads from the file of all inputs."""
    if not task.template.HasField("container"):
        return
    used = placeholders(task.template)
    if used & {"input", "inputprefix"}:
        return
    for name in inputs:
        if f"inputs.{name}" not in used:
            raise WrongUse(f"-i {name} is not used: the command has neither {{{{.inputs.{name}}}}} nor {{{{.input}}}}.")
