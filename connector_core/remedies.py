"""Says why an entry cannot be used, or a connector cannot be found, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_core.errors import EntryRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector_core.discovery import Entry

__all__ = ["explain_failure", "suggest_names"]


def explain_failure(entry: Entry, error: BaseException) -> str:
    """Return sentences that say why the entry cannot be used, and what to do about it."""
    reason, remedy = _reason_and_remedy(entry, error)
    subject = f"The entry {entry.task_type} of {entry.origin}"
    return f"{subject} {reason} {remedy} CONNECTORS_DISABLE={entry.task_type} disables it."


def suggest_names(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the known names that are nearest to `name`, or else with the first 20 of them."""
    names = sorted(known)
    if not names:
        return "No connector is installed: install a connector package, or register one."
    from difflib import get_close_matches  # Imported late: a successful run does not need it.

    near = get_close_matches(name, names, n=3)
    return f"Did you mean {' or '.join(near)}?" if near else f"The known names are: {', '.join(names[:20])}."


def _reason_and_remedy(entry: Entry, error: BaseException) -> tuple[str, str]:
    module = entry.value.partition(":")[0].strip()
    match error:
        case EntryRefused():
            return f"is refused: {error.reason}", error.remedy
        case ModuleNotFoundError() if error.name and not f"{module}.".startswith(f"{error.name}."):
            return f"needs the module {error.name}, which is not installed.", "Install the package that provides it."
        case ModuleNotFoundError():
            package = entry.distribution or "its package"
            return f"names the module {module}, which does not exist.", f"Reinstall {package}."
        case SystemExit():
            return f"calls sys.exit({error.code!r}) when it is imported.", "Report it to its author."
        case SyntaxError():
            return f"has a syntax error in {error.filename}, line {error.lineno}: {error.msg}.", "Correct it there."
    return f"cannot be loaded: {_type_and_text(error)}.", "Report it to its author."


def _type_and_text(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:  # The exception's own __str__ may be as broken as the package.
        text = ""
    return f"{type(error).__name__}: {text}".rstrip(": .")
