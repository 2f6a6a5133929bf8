"""Imports and checks the object that an entry names, and makes connectors of it."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isabstract
from types import ModuleType
from typing import TYPE_CHECKING, Any

from importlib_metadata import EntryPoint

from connector_core.connector import AsyncConnectorBase, ConnectorBase, SyncConnectorBase, check_connector
from connector_core.discovery import CONNECTOR_GROUP
from connector_core.errors import EntryRefused

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector_core.discovery import Entry

__all__ = ["import_value", "load_connectors"]


def load_connectors(entry: Entry, names_of_value: Collection[str]) -> list[SyncConnectorBase | AsyncConnectorBase]:
    """Return the connectors of an entry, one for each version of its task type.

    Args:
        entry: The entry; the object that it names is imported.
        names_of_value: The names of all entries with the same value. Connectors of the other names are left out.

    Raises:
        EntryRefused: if the object breaks a rule of discovery.
        BaseException: any exception that the import or the object raised.
    """
    made = _make(entry, import_value(entry))
    for connector in made:
        _check_kind(entry, connector)
        if connector.task_category.name not in names_of_value:
            raise _wrong_name(entry, connector)
    own = [connector for connector in made if connector.task_category.name == entry.task_type]
    if not own:
        raise EntryRefused(
            f"{entry.value!r} returns no connector for the task type {entry.task_type}.",
            "Return one whose task_type_name is the entry's name, or remove the entry.",
        )
    if len({connector.task_category for connector in own}) < len(own):
        raise EntryRefused(
            f"{entry.value!r} returns two connectors of one version.", "Give each its own task_type_version."
        )
    return own


def import_value(entry: Entry) -> Any:
    """Import and return the object that the entry names.

    Raises:
        EntryRefused: if the object does not exist, or the entry's value is not an object reference.
        BaseException: any exception that the import raised.
    """
    point = EntryPoint(entry.task_type, entry.value, CONNECTOR_GROUP)
    try:
        module_name, attribute = point.module, point.attr
    except (ValueError, AttributeError, AssertionError):  # Older releases of importlib-metadata raise these.
        raise EntryRefused(
            f"{entry.value!r} is not a reference to an object.", 'Write it as "package.module:attribute".'
        ) from None
    module = _import(EntryPoint(entry.task_type, module_name, CONNECTOR_GROUP))
    value = module
    for name in (attribute or "").split(".") if attribute else ():
        if not hasattr(value, name):
            usable = [each for each in dir(value) if not isabstract(getattr(value, each, None))]
            from difflib import get_close_matches  # Imported late: a successful run does not need it.

            near = get_close_matches(name, usable, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else "Name a connector class there."
            raise EntryRefused(f"The module {module_name} has no {attribute}.", hint)
        value = getattr(value, name)
    return value


def _import(point: EntryPoint) -> Any:
    try:
        return point.load()
    except KeyError as error:
        # Some tools restore an earlier sys.modules (coverage does, at the first new file after sys.path changed). If
        # another thread is importing a module at that moment, importlib misses it. The second import succeeds.
        if error.args != (point.module,):
            raise
        return point.load()


def _make(entry: Entry, value: Any) -> list[Any]:
    if isinstance(value, ModuleType):
        hook = getattr(value, "connector_core_connectors", None)
        if not hasattr(hook, "connector_core_impl"):
            raise EntryRefused(
                f"The module {entry.value} has no @hookimpl connector_core_connectors().",
                f'Name the connector class in the entry: {entry.task_type} = "{entry.value}:YourConnector".',
            )
        value = hook
    if isinstance(value, ConnectorBase):
        return [value]
    if isinstance(value, type) and not issubclass(value, ConnectorBase):
        raise EntryRefused(
            f"{entry.value!r} is not a subclass of SyncConnectorBase or AsyncConnectorBase.",
            "Name a connector class, an instance, or a function that returns connectors.",
        )
    if not callable(value):
        raise EntryRefused(
            f"{entry.value!r} is an instance of {type(value).__name__}, not a connector.",
            "Name a connector class, an instance, or a function that returns connectors.",
        )
    make: Any = value
    made = make()
    return list(made) if isinstance(made, Iterable) else [made]


def _check_kind(entry: Entry, connector: Any) -> None:
    if not isinstance(connector, (SyncConnectorBase, AsyncConnectorBase)):
        raise EntryRefused(
            f"{entry.value!r} returned an instance of {type(connector).__name__}, not a connector.",
            "Return instances of subclasses of SyncConnectorBase or AsyncConnectorBase.",
        )
    check_connector(connector)


def _wrong_name(entry: Entry, connector: ConnectorBase) -> EntryRefused:
    task_type = connector.task_category.name
    return EntryRefused(
        f"{entry.value!r} returns a connector for the task type {task_type}.",
        f'The entry\'s name must be the task type: add {task_type} = "{entry.value}" to '
        f'[project.entry-points."{CONNECTOR_GROUP}"] of the package.',
    )
