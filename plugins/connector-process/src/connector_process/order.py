"""Turns a task template into an order: the command, its environment, and the settings in ``custom``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connector_core import PermanentError
from connector_core.idl import TaskTemplate
from connector_process.job import Order

__all__ = ["inherited_environment", "order_of"]


def order_of(template: TaskTemplate) -> Order:
    """Return the order of a template.

    Raises:
        PermanentError: if the template has no command, or if a setting is unknown or wrong.
    """
    container = template.container
    command = [*container.command, *container.args]
    if not command or not command[0]:
        raise PermanentError(
            "The task has no command; give the template a container with a command or args "
            "(connectors run process -- COMMAND ARG…).",
            code="NO_COMMAND",
        )
    declared = template.interface.outputs.variables
    return Order(
        command=command,
        env=inherited_environment() | {pair.key: pair.value for pair in container.env},
        gives_stdout=not declared or "stdout" in declared,
        **_settings(template.custom.items()),
    )


def inherited_environment() -> dict[str, str]:
    """Return this process's environment without the secrets of connectors."""
    secret = ("_FSEC_", os.environ.get("FLYTE_SECRETS_ENV_PREFIX") or "_FSEC_")
    return {name: value for name, value in os.environ.items() if not name.startswith(secret)}


def _settings(custom: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    settings: dict[str, Any] = {"cwd": os.getcwd(), "grace_seconds": 5.0, "retryable_exit_codes": []}
    for name, value in custom:
        if name not in _READERS:
            raise PermanentError(
                f"Unknown setting custom.{name}; the settings are: {', '.join(sorted(_READERS))}.",
                code="INVALID_SETTING",
            )
        field, read, expected = _READERS[name]
        plain = _plain(value)
        try:
            settings[field] = read(plain)
        except (TypeError, ValueError):
            raise PermanentError(f"custom.{name} must be {expected}, not {plain!r}.", code="INVALID_SETTING") from None
    return settings


def _plain(value: Any) -> Any:
    """Return a value of a Struct as Python values, with whole numbers as integers."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case Sequence() if not isinstance(value, str):
            return [_plain(item) for item in value]
    return value


def _directory(value: Any) -> str:
    path: str = os.path.abspath(value)
    if not (os.path.isdir(path) and os.access(path, os.X_OK)):
        raise ValueError
    return path


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not 0 <= value <= 3600:
        raise ValueError
    return float(value)


def _exit_codes(value: Any) -> list[int]:
    codes = value if isinstance(value, list) else [value]
    if not all(type(code) is int and 1 <= code <= 255 for code in codes):
        raise ValueError
    return codes


_READERS: Mapping[str, tuple[str, Callable[[Any], Any], str]] = {
    "cwd": ("cwd", _directory, "the path of a directory that can be entered"),
    "grace_seconds": ("grace_seconds", _seconds, "a number of seconds from 0 to 3600"),
    "retryable_exit_code": ("retryable_exit_codes", _exit_codes, "a whole number from 1 to 255, or a list of them"),
}
