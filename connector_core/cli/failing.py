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

__all__ = ["WrongUse", "quiet", "report"]


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
    wrong_use = (WrongUse, ConnectorNotFound, InvalidSetting, LiteralError, TemplateError, PrefixNotWritable)
    return 2 if isinstance(error, wrong_use) else 1


@contextmanager
def quiet() -> Iterator[None]:
    """For a command that shows each failure itself: what the registry logs would be a repetition."""
    logger = logging.getLogger("connector_core")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
