"""ConnectorRegistry: finds the connector of a task category, among those discovered and those registered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

from connector_core.conflicts import apply_settings, resolve_conflicts
from connector_core.discovery import Entry, Scan, Settings, State, scan
from connector_core.errors import (
    ConnectorConflict,
    ConnectorDisabled,
    ConnectorFailed,
    ConnectorNotFound,
    DuplicateConnector,
    EntryRefused,
)
from connector_core.plugins import Plugins
from connector_core.secrets import secret_sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from logging import Logger

    from connector_core.connector import AsyncConnectorBase, ConnectorBase, SyncConnectorBase
    from connector_core.idl import Agent

__all__ = ["ConnectorRegistry", "default_registry"]

P = ParamSpec("P")
R = TypeVar("R")


class _OnDefault(Generic[P, R]):
    """A method that works on the process's default registry if it is called on the class.

    The specification's calls are static: ``ConnectorRegistry.get_connector(…)``.
    """

    def __init__(self, method: Callable[Concatenate[ConnectorRegistry, P], R]) -> None:
        self._method = method
        self.__doc__ = method.__doc__
        self.__wrapped__ = method

    def __get__(self, instance: ConnectorRegistry | None, owner: type[ConnectorRegistry]) -> Callable[P, R]:
        bound: Any = MethodType(self._method, default_registry() if instance is None else instance)
        return bound  # type: ignore[no-any-return]


class ConnectorRegistry:
    """Finds connectors: those that a program registers, and those that installed packages declare.

    A method that is called on the class works on the process's default registry. An instance is a separate registry.

    The metadata of installed packages is read, and the plugins of the group ``connector_core`` are imported, when a
    registry is first used. An entry is imported when it is first needed. Lookups take no lock.

    Args:
        discover: If False, installed packages are ignored.
        disable: Overrides ``CONNECTORS_DISABLE``; for this and the following settings see
            :class:`~connector_core.discovery.Settings`.
        allow: Overrides ``CONNECTORS_ALLOW``.
        prefer: Overrides ``CONNECTORS_PREFER``.
        autoload: Overrides ``CONNECTORS_AUTOLOAD``.
        strict: Overrides ``CONNECTORS_STRICT``.

    Raises:
        InvalidSetting: if an environment variable cannot be read.
    """

    def __init__(
        self,
        discover: bool = True,
        *,
        disable: Iterable[str] | None = None,
        allow: Iterable[str] | None = None,
        prefer: Mapping[str, str] | None = None,
        autoload: bool | None = None,
        strict: bool | None = None,
    ) -> None:
        given = Settings.from_environment()
        self.settings: Settings = Settings(
            disable=given.disable if disable is None else tuple(disable),
            allow=given.allow if allow is None else tuple(allow),
            prefer=given.prefer if prefer is None else dict(prefer),
            autoload=given.autoload if autoload is None else autoload,
            strict=given.strict if strict is None else strict,
        )
        self._discover = discover
        self._lock = threading.RLock()
        self._scanned = threading.Event()
        self._scanning = False
        # Copied on write, under the lock, so that a lookup needs no lock.
        self._connectors: Mapping[tuple[str, int], _Registered] = {}
        self._slots: tuple[_Slot, ...] = ()
        self._plugin_slots: tuple[_Slot, ...] = ()
        self._unreadable: tuple[str, ...] = ()
        self._plugins = Plugins()

    @_OnDefault
    def register(self, connector: SyncConnectorBase | AsyncConnectorBase, override: bool = False) -> None:
        """Register a connector for its task category. It takes precedence over a discovered connector.

        Args:
            connector: The connector.
            override: If True, replace a connector that was registered before.

        Raises:
            DuplicateConnector: if a connector was registered for the task category and ``override`` is False.
            InvalidConnector: if `connector` is not a connector.
            EntryRefused: if a module that an entry names calls this when it is imported. The entry is the registration.
        """
        loading = _loading.get()
        if loading is not None:
            loading.refusal = EntryRefused(
                f"{loading.entry.value.partition(':')[0]} calls ConnectorRegistry.register(…) when it is imported.",
                "Remove the call: the entry registers the connector, and a second registry would find nothing.",
            )
            raise loading.refusal
        self._add([connector], override=override, explicit=True)

    @_OnDefault
    def get_connector(self, task_type_name: str, task_type_version: int = 0) -> SyncConnectorBase | AsyncConnectorBase:
        """Return the connector of a task category. Import the entry that declares it if necessary.

        Args:
            task_type_name: The task type.
            task_type_version: The version of the task type.

        Raises:
            ConnectorNotFound: if no connector serves the task category. The message says why. If an entry exists, the
                error is a ConnectorFailed, ConnectorDisabled or ConnectorConflict.
        """
        found = self._connectors.get((task_type_name, task_type_version))
        if found is None:
            self._load_task_type(task_type_name)
            found = self._connectors.get((task_type_name, task_type_version))
        if found is None:
            raise self._not_found(task_type_name, task_type_version)
        return found.connector

    @_OnDefault
    def get_agent(self, task_type_name: str, task_type_version: int = 0) -> SyncConnectorBase | AsyncConnectorBase:
        """Return the connector of a task category; the older name of :meth:`get_connector`."""
        return self.get_connector(task_type_name, task_type_version)

    @_OnDefault
    def get_connector_metadata(self, name: str) -> Agent:
        """Return the Agent message that describes the connectors with this name. Import all entries.

        Args:
            name: The class attribute ``name`` of a connector. If sync and async connectors share a name, there are two
                Agents, and the async one is returned.

        Raises:
            ConnectorNotFound: if no connector has this name.
        """
        agents = {agent.name: agent for agent in sorted(self.list_connectors(), key=lambda agent: not agent.is_sync)}
        if name not in agents:
            from connector_core.remedies import suggest_names

            raise ConnectorNotFound(name=name, reasons=[suggest_names(name, agents)])
        return agents[name]

    @_OnDefault
    def list_connectors(self) -> list[Agent]:
        """Return an Agent message for each connector name and kind, sorted by name. Import all entries.

        Raises:
            ConnectorFailed: if an entry cannot be loaded and the registry is strict.
        """
        self.load_all()
        return _agents_of(self.connectors())

    @_OnDefault
    def connectors(self) -> tuple[SyncConnectorBase | AsyncConnectorBase, ...]:
        """Return the connectors that are registered now, sorted by task category. Import nothing."""
        registered = self._connectors
        return tuple(registered[key].connector for key in sorted(registered))

    @_OnDefault
    def entries(self) -> tuple[Entry, ...]:
        """Return the entries of the group ``flytekit.connectors``, sorted by task type. Import none of them."""
        self._ensure_scanned()
        return tuple(slot.entry for slot in self._slots)

    @_OnDefault
    def plugin_entries(self) -> tuple[Entry, ...]:
        """Return the entries of the group ``connector_core``."""
        self._ensure_scanned()
        return tuple(slot.entry for slot in self._plugin_slots)

    @_OnDefault
    def unreadable(self) -> tuple[str, ...]:
        """Return a sentence for each distribution whose metadata cannot be read."""
        self._ensure_scanned()
        return self._unreadable

    @_OnDefault
    def load_all(self) -> None:
        """Import every usable entry.

        Raises:
            ConnectorFailed: if an entry cannot be loaded and the registry is strict.
        """
        self._ensure_scanned()
        for slot in self._slots:
            self._load(slot)
        if self.settings.strict:
            for slot in (*self._plugin_slots, *self._slots):
                if slot.entry.state is State.FAILED:
                    raise _load_error(slot, 0)

    @_OnDefault
    def error_of(self, entry: Entry) -> BaseException | None:
        """Return the exception that loading this entry raised, or None."""
        for slot in (*self._slots, *self._plugin_slots):
            if slot.entry.found == entry.found:
                return slot.error
        return None

    @_OnDefault
    def register_plugin(self, plugin: object, name: str | None = None) -> None:
        """Register a pluggy plugin, with the connectors, entries and converters that it contributes.

        Args:
            plugin: An object, usually a module, with ``@hookimpl`` functions.
            name: The plugin's name in the log; None: pluggy's name for the object.

        Raises:
            DuplicateConnector: if it contributes a connector of a task category that has one. Nothing of the plugin is
                registered then.
            EntryRefused: if the plugin is a class, wraps a hook, or has a hook that does not exist.
        """
        self._ensure_scanned()
        self._register_plugin(plugin, name)

    @_OnDefault
    def unregister_plugin(self, plugin: object) -> None:
        """Stop calling a plugin's hooks. The connectors and entries that it contributed stay.

        Args:
            plugin: The object that was registered.
        """
        self._plugins.unregister(plugin)

    @property
    def plugins(self) -> Plugins:
        """The registry's plugins. Those of installed packages are imported when this is first used."""
        self._ensure_scanned()
        return self._plugins

    def _add(
        self, connectors: Iterable[SyncConnectorBase | AsyncConnectorBase], *, override: bool, explicit: bool
    ) -> None:
        """Register all of the connectors, or none. Explicit registration takes precedence over discovery."""
        from connector_core.connector import check_connector

        with self._lock:
            registered = dict(self._connectors)
            for connector in connectors:
                check_connector(connector)
                category = connector.task_category
                there = registered.get((category.name, category.version))
                if there is not None and there.explicit:
                    if not explicit:
                        continue
                    if not override:
                        raise DuplicateConnector(category)
                registered[category.name, category.version] = _Registered(connector, explicit)
            self._connectors = registered

    def _ensure_scanned(self) -> None:
        if self._scanned.is_set():
            return
        with self._lock:
            if self._scanning:  # By this thread: a plugin uses the registry while it is imported.
                return
            self._scanning = True
            found = scan() if self._discover else Scan()
            self._unreadable = found.unreadable
            self._add_entries(found.entries)
            self._plugin_slots = tuple(_Slot(apply_settings(entry, self.settings)) for entry in found.plugins)
            for slot in self._plugin_slots:
                self._load_plugin(slot)
            self._scanned.set()

    def _add_entries(self, entries: Iterable[Entry]) -> None:
        known = {slot.entry.found: slot for slot in self._slots}
        # An entry that is loaded, or being loaded by another thread, keeps its slot.
        kept = {
            entry: slot
            for entry, slot in known.items()
            if slot.loading or slot.entry.state in (State.LOADED, State.FAILED)
        }
        settled = resolve_conflicts(dict.fromkeys([*known, *(entry.found for entry in entries)]), self.settings)
        unchanged = {slot.entry: slot for slot in self._slots}
        self._slots = tuple(kept.get(entry.found) or unchanged.get(entry) or _Slot(entry) for entry in settled)

    def _load_task_type(self, task_type: str) -> None:
        self._ensure_scanned()
        for slot in self._slots:
            if slot.entry.task_type == task_type:
                self._load(slot)

    def _load(self, slot: _Slot) -> None:
        if slot.entry.state is not State.DISCOVERED:
            return
        with slot.lock:
            if slot.entry.state is not State.DISCOVERED or slot.loading:
                return
            slot.loading = True
            with self._recording(slot):
                from connector_core.loading import load_connectors

                value = slot.entry.value
                made = load_connectors(
                    slot.entry, {other.entry.task_type for other in self._slots if other.entry.value == value}
                )
                if slot.refusal is not None:  # The package caught the exception.
                    raise slot.refusal
                self._add(made, override=False, explicit=False)

    def _load_plugin(self, slot: _Slot) -> None:
        if slot.entry.state is not State.DISCOVERED:
            return
        with self._recording(slot):
            from connector_core.loading import import_value

            plugin = import_value(slot.entry)
            self._register_plugin(
                plugin() if isinstance(plugin, type) else plugin, f"{slot.entry.distribution}:{slot.entry.task_type}"
            )

    @contextmanager
    def _recording(self, slot: _Slot) -> Iterator[None]:
        """Record the failure of an entry, so that it does not affect the others."""
        loading = _loading.set(slot)
        sources = secret_sources.set((self._plugins.secret,))
        try:
            yield
            slot.entry = slot.entry._replace(state=State.LOADED)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            from connector_core.remedies import explain_failure

            slot.error = slot.refusal or error
            slot.entry = slot.entry._replace(state=State.FAILED, reason=explain_failure(slot.entry, slot.error))
            _log().warning("%s", slot.entry.reason)
        finally:
            slot.loading = False
            secret_sources.reset(sources)
            _loading.reset(loading)

    def _register_plugin(self, plugin: object, name: str | None) -> None:
        """Register the plugin with all that it contributes, or leave everything as it was."""
        with self._lock:
            contributed = self._plugins.register(plugin, name)
            before = (self._connectors, self._slots)
            try:
                self._add(contributed.connectors, override=False, explicit=True)
                self._add_entries(contributed.entries)
            except BaseException:
                self._connectors, self._slots = before
                self._plugins.unregister(plugin)
                raise
        if contributed.converters:
            from connector_core.literals import register_converter

            for converter in contributed.converters:  # Last, because they belong to the process, and stay.
                register_converter(converter)

    def _not_found(self, task_type: str, version: int) -> ConnectorNotFound:
        from connector_core.models import TaskCategory
        from connector_core.remedies import suggest_names

        category = TaskCategory(task_type, version)
        slots = [slot for slot in self._slots if slot.entry.task_type == task_type]
        for slot in slots:
            if slot.entry.state is State.FAILED:
                return _load_error(slot, version)
        reasons = [slot.entry.reason for slot in slots if slot.entry.reason]
        states = {slot.entry.state for slot in slots}
        if State.CONFLICTING in states:
            return ConnectorConflict(category=category, reasons=reasons[:1])
        if any(slot.loading for slot in slots):  # By this thread: another one would have waited.
            reason = "Its package is still being imported and looked itself up."
            return ConnectorNotFound(category=category, reasons=[reason])
        if states == {State.DISABLED}:
            return ConnectorDisabled(category=category, reasons=reasons)
        versions = sorted(key[1] for key in self._connectors if key[0] == task_type)
        if versions:
            there = ", ".join(f"{task_type}_v{each}" for each in versions)
            return ConnectorNotFound(category=category, reasons=[f"The versions are: {there}."])
        names = {slot.entry.task_type for slot in self._slots} | {key[0] for key in self._connectors}
        return ConnectorNotFound(category=category, reasons=[suggest_names(task_type, names)])


def default_registry() -> ConnectorRegistry:
    """Return the process's default registry, on which the static calls work. Create it on first use."""
    global _default
    if _default is None:
        with _default_lock:
            if _default is None:
                _default = ConnectorRegistry()
    return _default


class _Slot:
    """An entry, and the state of loading it."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.error: BaseException | None = None
        self.refusal: EntryRefused | None = None
        self.loading = False
        self.lock = threading.RLock()


class _Registered(NamedTuple):
    connector: SyncConnectorBase | AsyncConnectorBase
    explicit: bool


def _log() -> Logger:
    import logging  # Imported late: `connectors list` has nothing to log.

    return logging.getLogger(__name__)


def _agents_of(connectors: Iterable[ConnectorBase]) -> list[Agent]:
    from connector_core.connector import SyncConnectorBase
    from connector_core.idl import Agent

    agents: dict[tuple[str, bool], Agent] = {}
    for connector in connectors:
        is_sync = isinstance(connector, SyncConnectorBase)
        agent = agents.setdefault((connector.name, is_sync), Agent(name=connector.name, is_sync=is_sync))
        agent.supported_task_categories.append(connector.task_category.to_flyte_idl())
        if connector.task_category.name not in agent.supported_task_types:
            agent.supported_task_types.append(connector.task_category.name)
    return [agents[key] for key in sorted(agents)]


def _load_error(slot: _Slot, version: int) -> ConnectorFailed:
    from connector_core.models import TaskCategory

    error = ConnectorFailed(
        category=TaskCategory(slot.entry.task_type, version), reasons=[slot.entry.reason] if slot.entry.reason else ()
    )
    error.__cause__ = slot.error
    return error


_default: ConnectorRegistry | None = None
_default_lock = threading.Lock()
_loading: ContextVar[_Slot | None] = ContextVar("loading", default=None)
