"""Contracts: what a check holds a connector to, and what its failure says."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Broken", "Contract", "contract", "holds"]

F = TypeVar("F", bound="Callable[..., Any]")


class Contract(NamedTuple):
    """What Flyte relies on in a connector.

    Args:
        rule: What must hold.
        why: Why Flyte needs it.
        fix: What to change in a connector that breaks it.
    """

    rule: str
    why: str
    fix: str


class Broken(AssertionError):
    """A connector breaks a contract; the message says which, why it matters, and how to mend it."""

    def __init__(self, broken: Contract, seen: str) -> None:
        self.contract: Contract = broken
        super().__init__(f"{seen}\n\nContract: {broken.rule}\nWhy: {broken.why}\nFix: {broken.fix}")


def contract(rule: str, *, why: str, fix: str) -> Callable[[F], F]:
    """Make a test method a check of this contract: whatever it raises becomes a failure that says so."""
    stated = Contract(rule, why, fix)

    def decorate(check: F) -> F:
        @functools.wraps(check)
        def checked(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            try:
                check(*args, **kwargs)
            except AssertionError as error:
                raise Broken(stated, str(error) or "The check failed.") from error.__cause__
            except Exception as error:
                raise Broken(stated, f"{type(error).__name__}: {error}") from error

        checked.contract = stated  # type: ignore[attr-defined]
        checked.__doc__ = rule
        return checked  # type: ignore[return-value]

    return decorate


def holds(condition: object, seen: str) -> None:
    """Fail the check, unless the condition is true, with what was seen instead."""
    __tracebackhide__ = True
    if not condition:
        raise AssertionError(seen)
