"""The service's log: one line for each event, ``key=value`` for people and JSON for programs.

It includes the loggers of libraries and connectors. An event that is logged while a connector's method runs
names the call. No text can break a line, and the secrets that connectors received are masked.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from connector_core.call import current_call
from connector_core.errors import NoCurrentCall
from connector_core.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["log_to"]


@contextmanager
def log_to(stream: TextIO, level: int = logging.INFO) -> Iterator[None]:
    """Write the process's log only to a stream: as ``key=value`` to a terminal, as JSON to any other stream.

    Args:
        stream: The stream.
        level: The lowest level that is written, such as ``logging.INFO``.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Formatter(_key_value if stream.isatty() else _json))
    root = logging.getLogger()
    handlers, level_before = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(level)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level_before)


class _Formatter(logging.Formatter):
    def __init__(self, line: Callable[[Mapping[str, str | int]], str]) -> None:
        super().__init__()
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields_of_call(),
            **{name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD},
            "traceback": self.formatException(record.exc_info) if record.exc_info else None,
        }
        known = {name: value for name, value in fields.items() if value is not None}
        return self._line(
            {name: value if isinstance(value, int) else masked(str(value)) for name, value in known.items()}
        )


def _fields_of_call() -> dict[str, str | None]:
    """Return the fields that identify the running call, if any."""
    try:
        call = current_call()
    except NoCurrentCall:
        return {}
    return {
        "task_type": call.task_category.name,
        "operation": call.operation,
        "request_id": call.request_id,
        "task_execution": call.task_execution,
    }


def _json(fields: Mapping[str, str | int]) -> str:
    return json.dumps(fields)


def _key_value(fields: Mapping[str, str | int]) -> str:
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in fields.items())


def _quoted(text: str) -> str:
    """Quote the text unless it is one word, and escape what a terminal would interpret."""
    if re.fullmatch(r'[^\s"=]+', text) and text.isprintable():
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


# Formatting a record adds two more.
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "message"}
