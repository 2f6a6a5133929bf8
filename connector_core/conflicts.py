"""Decides which entries count: those that the settings allow and that no other distribution claims."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from connector_core.discovery import Entry, State, by_name, canonical_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector_core.discovery import Settings

__all__ = ["apply_settings", "resolve_conflicts"]


def resolve_conflicts(entries: Iterable[Entry], settings: Settings) -> tuple[Entry, ...]:
    """Return the entries sorted by task type, with the state that follows from the settings and the other entries."""
    allowed = [apply_settings(entry, settings) for entry in entries]
    claims: dict[str, list[Entry]] = {}
    for entry in allowed:
        if entry.state is State.DISCOVERED:
            claims.setdefault(entry.task_type, []).append(entry)
    resolved = [_resolve_conflict(entry, claims.get(entry.task_type, ()), settings) for entry in allowed]
    return tuple(sorted(resolved, key=by_name))


def apply_settings(entry: Entry, settings: Settings) -> Entry:
    """Return the entry, disabled if a setting says so."""
    if not settings.autoload:
        return _disabled(entry, "CONNECTORS_AUTOLOAD=0")
    if pattern := _first_match(entry, settings.disable):
        return _disabled(entry, f"CONNECTORS_DISABLE={pattern}")
    if settings.allow and not _first_match(entry, settings.allow):
        return _disabled(entry, f"CONNECTORS_ALLOW={','.join(settings.allow)}")
    return entry


def _resolve_conflict(entry: Entry, claims: Sequence[Entry], settings: Settings) -> Entry:
    if entry.state is not State.DISCOVERED or len(claims) < 2:
        return entry
    preferred = settings.prefer.get(entry.task_type)
    if preferred is not None and sum(_same_name(claim.distribution, preferred) for claim in claims) == 1:
        if _same_name(entry.distribution, preferred):
            return entry
        return _disabled(entry, f"CONNECTORS_PREFER={entry.task_type}={preferred}")
    claimants = " and ".join(sorted(f"{claim.origin} ({claim.value})" for claim in claims))
    suggestion = min((claim.distribution for claim in claims if claim.distribution), default="NAME")
    return entry._replace(
        state=State.CONFLICTING,
        reason=f"The task type {entry.task_type} is claimed by {claimants}; uninstall one, "
        f"or choose with CONNECTORS_PREFER={entry.task_type}={suggestion}.",
    )


def _disabled(entry: Entry, setting: str) -> Entry:
    reason = f"The entry {entry.task_type} of {entry.origin} is disabled by {setting}; change the setting to use it."
    return entry._replace(state=State.DISABLED, reason=reason)


def _first_match(entry: Entry, patterns: Iterable[str]) -> str | None:
    for pattern in patterns:
        kind, colon, name = pattern.partition(":")
        if colon and kind == "dist":
            if _same_name(entry.distribution, name):
                return pattern
        elif fnmatchcase(entry.task_type, pattern):
            return pattern
    return None


def _same_name(one: str | None, other: str) -> bool:
    return one is not None and canonical_name(one) == canonical_name(other)
