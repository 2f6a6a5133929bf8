"""What a pluggy plugin can do: six hooks, each a specification and nothing else.

A plugin is an object (mostly a module) with functions marked ``@hookimpl``. A package offers one with an entry point of
the group ``connector_core``; a program registers one with ``registry.register_plugin(plugin)``. An implementation takes
the arguments that it names. One that raises is logged by its plugin's name, and stops neither the others nor the call.
Wrappers (``hookimpl(wrapper=True)``) are refused, because they would not keep that promise.
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
    """The connectors that this module or plugin brings.

    Called once: for a module when an entry of the group ``flytekit.connectors`` that names it is loaded, and for a
    plugin when it is registered. For a module, every connector's task type must be the entry's name.

    Returns:
        Connectors, registered as if by ``registry.register``. Either all of them are, or none.
    """


@hookspec
def connector_core_entries() -> Iterable[Entry]:  # type: ignore[empty-body]
    """Entries beside those in the metadata of installed distributions.

    Called once, when a registry looks for entries or the plugin is registered after that. The entries are listed and
    loaded like all others, and imported when they are first needed.

    Returns:
        ``Entry(task_type=…, value="module:attribute")`` each.
    """


@hookspec(firstresult=True)
def connector_core_secret(key: str) -> str | None:
    """The secret of this key, from wherever the platform keeps its secrets.

    Called each time that a connector asks for a secret that its caller did not send, before the environment and the
    files; the plugin registered last is asked first, and the first result that is not None wins.
    """


@hookspec
def connector_core_before_call(call: Call) -> None:
    """A connector's method is about to be called.

    Called on the event loop, in the caller's context, for every call; be quick. The plugin registered last comes first.
    """


@hookspec
def connector_core_after_call(call: Call, outcome: Outcome) -> None:
    """A connector's method was called.

    Called on the event loop, in the caller's context, for every call, whether it returned, raised, was cancelled or ran
    out of time; be quick. The plugin registered last comes first.
    """


@hookspec
def connector_core_literal_converters() -> Iterable[LiteralConverter]:  # type: ignore[empty-body]
    """Converters between Python types of one's own and Flyte literals.

    Called once, when the plugin is registered. For one type the converter that came first stays.
    """
