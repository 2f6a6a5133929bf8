"""Contracts: what a check holds a connector to, and what its failure says."""

from __future__ import annotations

import asyncio
import functools
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from connector_core.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Broken", "Contract", "holds"]

F = TypeVar("F", bound="Callable[..., Any]")


@attrs.frozen
class Contract:
    """What Flyte relies on in a connector. As a decorator it makes a test method a check of it.

    Whatever the method raises becomes a failure that says what the contract is, why it matters, and how to keep it.

    Args:
        rule: What must hold.
        why: Why Flyte needs it.
        fix: What to change in a connector that breaks it.
    """

    rule: str
    why: str = attrs.field(kw_only=True)
    fix: str = attrs.field(kw_only=True)

    def __call__(self, check: F) -> F:
        """The check of this contract."""

        @functools.wraps(check)
        def checked(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            try:
                check(*args, **kwargs)
            except Broken as error:
                raise error.with_traceback(None) from None
            except AssertionError as error:
                raise Broken(self, str(error) or "The check failed.") from None
            except Exception as error:
                own = _from_the_connector(error.__traceback__)
                shown = "".join(traceback.format_exception(error))
                cause = error.with_traceback(own) if own and masked(shown) == shown else None
                raise Broken(self, f"{type(error).__name__}: {error}") from cause

        checked.contract = self  # type: ignore[attr-defined]
        checked.__doc__ = self.rule
        return checked  # type: ignore[return-value]


class Broken(AssertionError):
    """A connector breaks a contract; the message says which, why it matters, and how to mend it."""

    def __init__(self, broken: Contract, seen: str) -> None:
        self.contract: Contract = broken
        text = f"{seen}\n\nContract: {broken.rule}\nWhy: {broken.why}\nFix: {broken.fix}"
        super().__init__(masked(text))


def holds(condition: object, seen: str) -> None:
    """Fail the check, unless the condition is true, with what was seen instead."""
    __tracebackhide__ = True
    if not condition:
        raise AssertionError(seen)


def _from_the_connector(lines: TracebackType | None) -> TracebackType | None:
    """The traceback from the connector's first line on; None: no line of it is the connector's."""
    while lines is not None and lines.tb_frame.f_code.co_filename.startswith(_ON_THE_WAY):
        lines = lines.tb_next
    return lines


_ON_THE_WAY = (str(Path(__file__).parents[1]), str(Path(asyncio.__file__).parent))
