"""The log of a command: sentences on standard error."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["logging_muted", "logging_to_stderr"]


@contextmanager
def logging_to_stderr(*, verbose: bool) -> Iterator[None]:
    """Print what connector-core logs on standard error.

    Args:
        verbose: If True, print the tracebacks of exceptions too.
    """
    handler = _SentenceHandler(verbose)
    _logger.addHandler(handler)
    try:
        yield
    finally:
        _logger.removeHandler(handler)


@contextmanager
def logging_muted() -> Iterator[None]:
    """Log nothing, because the command itself reports each failure of an entry."""
    level = _logger.level
    _logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        _logger.setLevel(level)


class _SentenceHandler(logging.Handler):
    def __init__(self, verbose: bool) -> None:
        super().__init__()
        self._verbose = verbose

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        reason = "" if error is None else f" {type(error).__name__}: {error}"
        print(f"connectors: {record.getMessage()}{reason}", file=sys.stderr)
        if error is not None and self._verbose:
            import traceback

            traceback.print_exception(error)


_logger = logging.getLogger("connector_core")
