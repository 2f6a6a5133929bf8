"""What went wrong, for the person at the terminal: one sentence on standard error, and the exit status."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector_core.errors import (
    ConnectorConflict,
    ConnectorDisabled,
    ConnectorError,
    ConnectorFailed,
    ConnectorNotFound,
    InvalidSetting,
    LiteralError,
    PrefixNotWritable,
    TemplateError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WrongUse", "logging_to_stderr", "quiet", "report"]


class WrongUse(ConnectorError):
    """An argument that cannot be used; the message says what would be right."""


def report(error: Exception, *, verbose: bool) -> int:
    """Say what went wrong on standard error.

    Args:
        error: What was raised.
        verbose: Show the traceback too.

    Returns:
        The exit status: 2 for wrong use, 1 otherwise.
    """
    if verbose:
        traceback.print_exception(error)
    text = str(error) or type(error).__name__
    if not isinstance(error, ConnectorError):
        text = f"{type(error).__name__}: {text}\nThis is a bug in the connector or in connector-core"
        text += "." if verbose else "; --verbose shows the traceback."
    print("\n".join([f"connectors: {text}", *getattr(error, "__notes__", ())]), file=sys.stderr)
    if isinstance(error, (ConnectorFailed, ConnectorDisabled, ConnectorConflict)):
        return 1
    if isinstance(error, LiteralError) and error.path.startswith("outputs"):  # Not the user's, but the connector's.
        return 1
    wrong_use = (WrongUse, ConnectorNotFound, InvalidSetting, LiteralError, TemplateError, PrefixNotWritable)
    return 2 if isinstance(error, wrong_use) else 1


@contextmanager
def logging_to_stderr(*, verbose: bool) -> Iterator[None]:
    """What connector-core logs, as sentences on standard error; an exception in full only when that is wanted."""
    handler = _Sentences()
    handler.verbose = verbose
    _logger.addHandler(handler)
    try:
        yield
    finally:
        _logger.removeHandler(handler)


@contextmanager
def quiet() -> Iterator[None]:
    """For a command that shows each failure itself: what the registry logs would be a repetition."""
    level = _logger.level
    _logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        _logger.setLevel(level)


class _Sentences(logging.Handler):
    verbose = False

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        reason = "" if error is None else f" {type(error).__name__}: {error}"
        print(f"connectors: {record.getMessage()}{reason}", file=sys.stderr)
        if error is not None and self.verbose:
            traceback.print_exception(error)


_logger = logging.getLogger("connector_core")
