"""The pluggy plugins of a registry: registers them, returns their contributions, and calls their hooks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_core.errors import EntryRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from logging import Logger

    import pluggy

    from connector_core.connector import AsyncConnectorBase, SyncConnectorBase
    from connector_core.discovery import Entry
    from connector_core.literals import LiteralConverter

__all__ = ["Contributions", "Plugins"]


class Contributions(NamedTuple):
    """The contributions that a plugin makes once, when it is registered.

    Args:
        connectors: The results of ``connector_core_connectors``.
        entries: The results of ``connector_core_entries``.
        converters: The results of ``connector_core_literal_converters``.
    """

    connectors: Sequence[SyncConnectorBase | AsyncConnectorBase] = ()
    entries: Sequence[Entry] = ()
    converters: Sequence[LiteralConverter] = ()


class Plugins:
    """A set of registered plugins. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        # Made when the first plugin is registered: importing pluggy costs `connectors list` a tenth of its time.
        self._manager: pluggy.PluginManager | None = None
        # pluggy would build these lists again for each call.
        self._implementations: dict[str, tuple[pluggy.HookImpl, ...]] = {}

    def register(self, plugin: object, name: str | None = None) -> Contributions:
        """Register a plugin, and return what it contributes. Its other hooks are called from now on.

        Args:
            plugin: An object, usually a module, with ``@hookimpl`` functions. If it is registered already, nothing
                happens and the result is empty.
            name: The plugin's name in the log; None: pluggy's name for the object.

        Raises:
            EntryRefused: if the plugin is a class, wraps a hook, has a hook that does not exist, or returns an object
                that is not a LiteralConverter as a converter. The plugin is not registered then.
            Exception: any exception that one of its contributing hooks raised. The plugin is not registered then.
        """
        with self._lock:
            manager = self._made_manager()
            if manager.is_registered(plugin):
                return Contributions()
            try:
                _register(manager, plugin, name)
                return _contributions(manager, plugin)
            except BaseException:
                if manager.is_registered(plugin):
                    manager.unregister(plugin)
                raise
            finally:
                self._implementations = {}

    def unregister(self, plugin: object) -> None:
        """Stop calling a plugin's hooks.

        Args:
            plugin: The object that was registered.
        """
        with self._lock:
            self._made_manager().unregister(plugin)
            self._implementations = {}

    def call(self, hook: str, /, **arguments: Any) -> list[Any]:
        """Call every implementation of a hook, the last registered plugin first. Return the results that are not None.

        If an implementation raises, the failure is logged with its plugin's name, and the others are still called.
        """
        return _call(hook, self._implementations_of(hook), arguments)

    def secret(self, key: str) -> str | None:
        """Return the first result of the hook ``connector_core_secret`` for this key, or None."""
        hook = "connector_core_secret"
        for implementation in self._implementations_of(hook):
            if found := _call(hook, (implementation,), {"key": key}):
                secret: str = found[0]
                return secret
        return None

    def _made_manager(self) -> pluggy.PluginManager:
        if self._manager is None:
            import pluggy

            from connector_core import hookspecs

            self._manager = pluggy.PluginManager("connector_core")
            self._manager.add_hookspecs(hookspecs)
        return self._manager

    def _implementations_of(self, hook: str) -> tuple[pluggy.HookImpl, ...]:
        cache = self._implementations  # A plugin that is registered meanwhile replaces the dict.
        found = cache.get(hook)
        if found is None:
            manager = self._manager
            found = () if manager is None else tuple(reversed(getattr(manager.hook, hook).get_hookimpls()))
            cache[hook] = found
        return found


def _register(manager: pluggy.PluginManager, plugin: object, name: str | None) -> None:
    import pluggy

    subject = f"The plugin {name or plugin!r}"
    if isinstance(plugin, type):
        raise EntryRefused(f"{subject} is a class, and its hooks would lack self.", "Register an instance of it.")
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except (ValueError, pluggy.PluginValidationError) as error:
        text = " ".join(str(error).split())
        raise EntryRefused(f"{subject} is not valid: {text}.", "See connector_core.hookspecs for the hooks.") from error
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.plugin is plugin and (implementation.wrapper or implementation.hookwrapper):
                raise EntryRefused(f"{subject} wraps {caller.name}.", "Implement it without wrapper=True.")


def _contributions(manager: pluggy.PluginManager, plugin: object) -> Contributions:
    def results(hook: str) -> list[Any]:
        implementations = getattr(manager.hook, hook).get_hookimpls()
        return [item for each in implementations if each.plugin is plugin for item in each.function() or ()]

    converters = results("connector_core_literal_converters")
    if converters:
        from connector_core.literals import LiteralConverter

        for converter in converters:
            if not isinstance(converter, LiteralConverter):
                raise EntryRefused(
                    f"A plugin returned {converter!r} as a literal converter.", "Return LiteralConverter objects."
                )
    return Contributions(results("connector_core_connectors"), results("connector_core_entries"), converters)


def _call(hook: str, implementations: tuple[pluggy.HookImpl, ...], arguments: Mapping[str, Any]) -> list[Any]:
    results = []
    for implementation in implementations:
        try:
            result = implementation.function(*[arguments[name] for name in implementation.argnames])
        except (Exception, SystemExit):
            _log().exception("The hook %s of the plugin %s failed.", hook, implementation.plugin_name)
        else:
            if result is not None:
                results.append(result)
    return results


def _log() -> Logger:
    import logging  # Imported late: `connectors list` has nothing to log.

    return logging.getLogger(__name__)
