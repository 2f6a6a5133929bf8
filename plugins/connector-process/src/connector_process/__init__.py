"""A connector that runs a command as a process on this machine.

The names are imported when they are first used, because each job's supervisor imports this package, too, and does not
need the connector.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector_process.connector import ProcessConnector, ProcessMeta

__version__ = "0.1.0"

__all__ = ["ProcessConnector", "ProcessMeta"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.connector"), name)
