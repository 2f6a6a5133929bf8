"""The path of a value, such as ``outputs.rows[3].price``, as errors show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_core.errors import LiteralError
from connector_core.literals.naming import short_repr

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["conversion_error", "join_path", "key_step", "within"]


class within:
    """Put a step before the path of any LiteralError that the block raises.

    Args:
        step: The step into the value, such as ``.price`` or ``[3]``, or a function that returns it. A loop passes a
            function, which is called only if there is an error.
    """

    __slots__ = ("_step",)

    def __init__(self, step: str | Callable[[], str]) -> None:
        self._step = step

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, LiteralError):
            error.path = (self._step if isinstance(self._step, str) else self._step()) + error.path


def key_step(key: Any) -> str:
    """Return the step to the value of a dict."""
    return f".{key}" if type(key) is str else f"[{short_repr(key)}]"


def join_path(path: str, name: Any) -> str:
    """Return the path of a named value of the values at `path`, which may be empty."""
    return f"{path}.{name}" if path else str(name)


def conversion_error(error: Exception, path: str) -> LiteralError:
    """Return the LiteralError for anything that converting the value at `path` raised.

    The caller raises it from ``error.__cause__`` if `error` is a LiteralError, and otherwise from `error`.
    """
    if isinstance(error, LiteralError):
        return LiteralError(error.reason, path=f"{path}{error.path}".removeprefix("."))
    if isinstance(error, RecursionError):
        return LiteralError("nested too deeply.", path=path)
    return LiteralError(f"{type(error).__name__}: {error}.", path=path)
