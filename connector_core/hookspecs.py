"""The specifications of the six hooks that a pluggy plugin can implement.

A plugin is an object, usually a module, with functions marked ``@hookimpl``. A package offers a plugin with an entry
point of the group ``connector_core``. A program registers one with ``registry.register_plugin(plugin)``.

An implementation receives the arguments that it names. If it raises, the failure is logged with the plugin's name; the
other implementations and the call continue. Wrappers (``hookimpl(wrapper=True)``) are refused because they could break
that rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector_core.call import Call, Outcome
    from connector_core.connector import ConnectorBase
    from connector_core.discovery import Entry
    from connector_core.literals import LiteralConverter

__all__ = [
    "connector_core_after_call",
    "connector_core_before_call",
    "connector_core_connectors",
    "connector_core_entries",
    "connector_core_literal_converters",
    "connector_core_secret",
    "hookimpl",
]

hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker("connector_core")
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker("connector_core")


@hookspec
def connector_core_connectors() -> Iterable[ConnectorBase]:  # type: ignore[empty-body]
    """Return the connectors of this module or plugin.

    Called once. For a module: when an entry of the group ``flytekit.connectors`` that names the module is loaded; the
    task type of every connector must be the entry's name. For a plugin: when it is registered.

    Returns:
        Connectors. Either all of them are registered, as by ``registry.register``, or none.
    """


@hookspec
def connector_core_entries() -> Iterable[Entry]:  # type: ignore[empty-body]
    """Return further entries, in addition to those in the metadata of installed distributions.

    Called once, when the plugin is registered. The entries are listed like all others, and imported when they are first
    needed.

    Returns:
        Entries: ``Entry(task_type=…, value="module:attribute")``.
    """


@hookspec(firstresult=True)
def connector_core_secret(key: str) -> str | None:
    """Return the secret with this key, or None.

    Called when a connector asks for a secret that its caller did not send, before the environment and the secret files
    are searched. The plugin registered last is asked first. The first result that is not None is used.
    """


@hookspec
def connector_core_before_call(call: Call) -> None:
    """Observe that a connector's method is about to be called.

    Called on the event loop, in the caller's context, for every call. Return quickly. The plugin registered last is
    called first.
    """


@hookspec
def connector_core_after_call(call: Call, outcome: Outcome) -> None:
    """Observe how a call of a connector's method ended.

    Called on the event loop, in the caller's context, for every call: after it returned, raised, was cancelled or
    exceeded its time limit. Return quickly. The plugin registered last is called first.
    """


@hookspec
def connector_core_literal_converters() -> Iterable[LiteralConverter]:  # type: ignore[empty-body]
    """Return converters between your own Python types and Flyte literals.

    Called once, when the plugin is registered. If two plugins convert the same type, the first converter stays.
    """
