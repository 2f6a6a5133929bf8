"""Reports an error to the person at the terminal: one sentence on standard error, and the exit status."""

from __future__ import annotations

import sys

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

__all__ = ["WrongUse", "report_error"]


class WrongUse(ConnectorError):
    """An argument that cannot be used. The message says what to write instead."""


def report_error(error: Exception, *, verbose: bool) -> int:
    """Print an error on standard error.

    Args:
        error: The exception that ended the command.
        verbose: If True, print the traceback too.

    Returns:
        The exit status: 2 for wrong use, 1 for any other error.
    """
    if verbose:
        import traceback

        traceback.print_exception(error)
    text = str(error) or type(error).__name__
    if not isinstance(error, ConnectorError):
        text = f"{type(error).__name__}: {text}\nThis is a bug in the connector or in connector-core"
        text += "." if verbose else "; --verbose shows the traceback."
    print("\n".join([f"connectors: {text}", *getattr(error, "__notes__", ())]), file=sys.stderr)
    return 2 if _is_wrong_use(error) else 1


def _is_wrong_use(error: Exception) -> bool:
    match error:
        case ConnectorFailed() | ConnectorDisabled() | ConnectorConflict():
            return False
        case LiteralError():  # An output that is not of its type is the connector's fault, not the user's.
            return not error.path.startswith("outputs")
    return isinstance(error, (WrongUse, ConnectorNotFound, InvalidSetting, TemplateError, PrefixNotWritable))
