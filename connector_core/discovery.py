"""Finds the entry points of installed distributions, without importing them, and reads the settings about them.

The group ``flytekit.connectors`` has one entry per task type. The entry's name *is* the task type, so a list of task
types needs no import. The group ``connector_core`` has pluggy plugins.

``connectors list`` imports this module, so it imports little itself.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import importlib_metadata

from connector_core.errors import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "CONNECTOR_GROUP",
    "PLUGIN_GROUP",
    "Entry",
    "Scan",
    "Settings",
    "State",
    "by_name",
    "canonical_name",
    "scan",
]

CONNECTOR_GROUP = "flytekit.connectors"
PLUGIN_GROUP = "connector_core"


class State(StrEnum):
    """The state of an entry."""

    DISCOVERED = "discovered"
    """Found but not imported yet."""
    LOADED = "loaded"
    """Imported; its connectors are registered."""
    FAILED = "failed"
    """The import failed, or the object that it names was refused."""
    DISABLED = "disabled"
    """Disabled by a setting."""
    CONFLICTING = "conflicting"
    """Another distribution claims the same task type."""


class Entry(NamedTuple):
    """One line of entry-point metadata.

    Args:
        task_type: The entry's name: the task type, or the name of a plugin.
        value: The object that the entry names, as ``module:attribute`` or ``module``.
        distribution: The distribution that declares the entry, or None if a hook returned it.
        distribution_version: The distribution's version.
        state: The state of the entry.
        reason: Why the entry cannot be used, and what to do; None if it can.
    """

    task_type: str
    value: str
    distribution: str | None = None
    distribution_version: str | None = None
    state: State = State.DISCOVERED
    reason: str | None = None

    @property
    def found(self) -> Entry:
        """The entry in the state in which it was found."""
        return self._replace(state=State.DISCOVERED, reason=None)

    @property
    def origin(self) -> str:
        """The origin of the entry, for people: ``NAME VERSION``."""
        if self.distribution is None:
            return "a connector_core_entries hook"
        return f"{self.distribution} {self.distribution_version}"


class Scan(NamedTuple):
    """The result of one scan of the metadata."""

    entries: tuple[Entry, ...] = ()
    plugins: tuple[Entry, ...] = ()
    unreadable: tuple[str, ...] = ()
    """A sentence for each distribution whose metadata cannot be read."""


class Settings(NamedTuple):
    """The settings that decide which entries count. Each is an environment variable too: ``CONNECTORS_`` and its name.

    Args:
        disable: Patterns (``fnmatch``) of entries to disable; ``dist:NAME`` means all entries of a distribution.
        allow: Patterns of the only entries to keep; empty: all entries.
        prefer: The distribution that wins a conflict, by task type.
        autoload: If False, every entry is disabled; only the program registers connectors.
        strict: If True, loading all entries raises an error if one of them fails.
    """

    disable: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    prefer: Mapping[str, str] = {}
    autoload: bool = True
    strict: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from the environment variables.

        Args:
            environ: The variables; None: those of the process.

        Raises:
            InvalidSetting: if a variable cannot be read.
        """
        environ = os.environ if environ is None else environ
        return cls(
            disable=_words(environ.get("CONNECTORS_DISABLE", "")),
            allow=_words(environ.get("CONNECTORS_ALLOW", "")),
            prefer=_pairs("CONNECTORS_PREFER", environ.get("CONNECTORS_PREFER", "")),
            autoload=_switch("CONNECTORS_AUTOLOAD", environ.get("CONNECTORS_AUTOLOAD", "1")),
            strict=_switch("CONNECTORS_STRICT", environ.get("CONNECTORS_STRICT", "0")),
        )


def scan() -> Scan:
    """Read the metadata of every distribution on ``sys.path`` once. Import none of them."""
    entries: dict[Entry, None] = {}
    plugins: dict[Entry, None] = {}
    unreadable: list[str] = []
    for point in _entry_points(unreadable):
        found = entries if point.group == CONNECTOR_GROUP else plugins if point.group == PLUGIN_GROUP else None
        if found is None:
            continue
        try:
            entry = Entry(point.name, point.value, *_name_and_version(point.dist))
        except Exception as error:
            entry = Entry(point.name, point.value)
            unreadable.append(f"The metadata of the distribution of {entry.value!r} is broken: {error}; reinstall it.")
        found[entry] = None
    # Plugins are registered in this order, so it must not depend on the order of a directory listing.
    return Scan(tuple(entries), tuple(sorted(plugins, key=by_name)), tuple(unreadable))


def _name_and_version(distribution: Any) -> tuple[str, str]:
    # `distribution.metadata` parses the headers with the email package, whose import takes longer than the whole scan.
    headers = (distribution.read_text("METADATA") or "").partition("\n\n")[0]
    found = dict(re.findall(r"^(Name|Version):[ \t]*(\S.*?)\s*$", headers, re.MULTILINE))
    if len(found) == 2:
        return found["Name"], found["Version"]
    return distribution.metadata["Name"], distribution.metadata["Version"]


def canonical_name(name: str) -> str:
    """Return the normalised form of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def by_name(entry: Entry) -> tuple[str, str]:
    """Return the key by which entries are sorted: task type, then distribution."""
    return entry.task_type, entry.distribution or ""


def _entry_points(unreadable: list[str]) -> Iterable[importlib_metadata.EntryPoint]:
    try:
        return importlib_metadata.entry_points()
    except Exception:
        # The file of one distribution is malformed: read them one by one, so that only this one is lost.
        return list(_entry_points_one_by_one(unreadable))


def _entry_points_one_by_one(unreadable: list[str]) -> Iterator[importlib_metadata.EntryPoint]:
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions():
        try:
            name, points = canonical_name(distribution.name), distribution.entry_points
        except Exception as error:
            # The error of older releases of importlib-metadata lacks the path.
            place = getattr(distribution, "_path", distribution)
            unreadable.append(f"The metadata of {place} is broken: {error}; reinstall it.")
            continue
        if name not in seen:
            seen.add(name)
            yield from points


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _pairs(setting: str, text: str) -> dict[str, str]:
    pairs = {}
    for word in _words(text):
        task_type, equals, distribution = word.partition("=")
        if not (task_type and equals and distribution):
            raise InvalidSetting(setting, text, "TASK_TYPE=DISTRIBUTION, separated by commas or spaces")
        pairs[task_type] = distribution
    return pairs


def _switch(setting: str, text: str) -> bool:
    switch = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in switch:
        raise InvalidSetting(setting, text, "1 or 0")
    return switch[text.lower()]
