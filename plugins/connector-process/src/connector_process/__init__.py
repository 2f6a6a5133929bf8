"""A connector that runs a command as a process of this machine.

The names are imported when they are first used: a supervisor is a process of this package too, one for each job, and
has no need of the connector's own imports.
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
