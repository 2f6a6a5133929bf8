"""Contract: the rule that a check enforces, and the text of its failure."""

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

__all__ = ["Broken", "Contract", "expect"]

F = TypeVar("F", bound="Callable[..., Any]")


@attrs.frozen
class Contract:
    """A rule for connectors that Flyte relies on. As a decorator, it makes a test method a check of the rule.

    Any exception in the method becomes a failure that states the rule, why it matters, and how to keep it.

    Args:
        rule: The rule.
        why: The reason why Flyte needs it.
        fix: The change that makes a connector keep it.
    """

    rule: str
    why: str = attrs.field(kw_only=True)
    fix: str = attrs.field(kw_only=True)

    def __call__(self, check: F) -> F:
        """Make the test method a check of this contract."""

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
    """A connector breaks a contract; the message states the contract, why it matters, and how to keep it."""

    def __init__(self, broken: Contract, seen: str) -> None:
        self.contract: Contract = broken
        text = f"{seen}\n\nContract: {broken.rule}\nWhy: {broken.why}\nFix: {broken.fix}"
        super().__init__(masked(text))


def expect(condition: object, seen: str) -> None:
    """Fail the check unless the condition is true.

    Args:
        condition: The condition.
        seen: A sentence that says what the check saw instead.

    Raises:
        AssertionError: if the condition is false.
    """
    __tracebackhide__ = True
    if not condition:
        raise AssertionError(seen)


def _from_the_connector(lines: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the connector's first line on; None if no line is the connector's."""
    while lines is not None and lines.tb_frame.f_code.co_filename.startswith(_BEFORE_THE_CONNECTOR):
        lines = lines.tb_next
    return lines


_BEFORE_THE_CONNECTOR = (str(Path(__file__).parents[1]), str(Path(asyncio.__file__).parent))
