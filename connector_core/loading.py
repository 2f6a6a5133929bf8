"""Loading: what an entry names, imported and turned into connectors, or a refusal that says what to change."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
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
    """The connectors that an entry gives, one for each version of its task type.

    Args:
        entry: The entry, imported here.
        names_of_value: All entry names under which the same value stands; connectors of the others are left to them.

    Raises:
        EntryRefused: What it gave breaks a rule of discovery.
        BaseException: Whatever importing it raised.
    """
    made = _make(entry, import_value(entry))
    for connector in made:
        _check_kind(entry, connector)
        if connector.task_category.name not in names_of_value:
            raise _wrong_name(entry, connector)
    own = [connector for connector in made if connector.task_category.name == entry.task_type]
    if not own:
        raise EntryRefused(
            f"{entry.value!r} gives no connector for the task type {entry.task_type}.",
            "Return one whose task_type_name is the entry's name, or remove the entry.",
        )
    if len({connector.task_category for connector in own}) < len(own):
        raise EntryRefused(
            f"{entry.value!r} gives two connectors of one version.", "Give each its own task_type_version."
        )
    return own


def import_value(entry: Entry) -> Any:
    """What the entry names.

    Raises:
        EntryRefused: There is no such attribute, or the value is no reference.
        BaseException: Whatever importing it raised.
    """
    point = EntryPoint(entry.task_type, entry.value, CONNECTOR_GROUP)
    try:
        module_name, attribute = point.module, point.attr
    except (ValueError, AttributeError, AssertionError):  # Older releases of importlib-metadata raise these.
        raise EntryRefused(
            f"{entry.value!r} is no reference to an object.", 'Write it as "package.module:attribute".'
        ) from None
    module = _import(EntryPoint(entry.task_type, module_name, CONNECTOR_GROUP))
    value = module
    for name in (attribute or "").split(".") if attribute else ():
        if not hasattr(value, name):
            usable = [there for there in dir(value) if not isabstract(getattr(value, there, None))]
            near = get_close_matches(name, usable, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else "Name a connector class there."
            raise EntryRefused(f"The module {module_name} has no {attribute}.", hint)
        value = getattr(value, name)
    return value


def _import(point: EntryPoint) -> Any:
    try:
        return point.load()
    except KeyError as error:
        # What restores sys.modules to what it was before (coverage does, at the first new file after sys.path changed)
        # takes out a module that another thread is importing, and importlib misses it by its name. It is whole the
        # second time.
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
            f"{entry.value!r} is no subclass of SyncConnectorBase or AsyncConnectorBase.",
            "Name a connector class, an instance, or a function that returns connectors.",
        )
    if not callable(value):
        raise EntryRefused(
            f"{entry.value!r} is an object of {type(value).__name__}, and no connector.",
            "Name a connector class, an instance, or a function that returns connectors.",
        )
    make: Any = value
    made = make()
    return list(made) if isinstance(made, Iterable) else [made]


def _check_kind(entry: Entry, connector: Any) -> None:
    if not isinstance(connector, (SyncConnectorBase, AsyncConnectorBase)):
        raise EntryRefused(
            f"{entry.value!r} gave an object of {type(connector).__name__}, and no connector.",
            "Return objects of subclasses of SyncConnectorBase or AsyncConnectorBase.",
        )
    check_connector(connector)


def _wrong_name(entry: Entry, connector: ConnectorBase) -> EntryRefused:
    task_type = connector.task_category.name
    return EntryRefused(
        f"{entry.value!r} gives a connector for the task type {task_type}.",
        f'The entry\'s name must be the task type: add {task_type} = "{entry.value}" to '
        f'[project.entry-points."{CONNECTOR_GROUP}"] of the package.',
    )
