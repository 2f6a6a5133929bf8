"""connector-core: ``pip install some-connector`` makes a working connector for Flyte.

``__init__.pyi`` lists the public names, for this module and for type checkers. Each name is imported when it is first
used, so that ``import connector_core`` costs next to nothing and imports neither protobuf nor grpc.
"""

import re
from functools import cache
from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    modules = _modules_of_names()
    if name == "__all__":
        return sorted(modules)
    if name not in modules:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(modules[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_modules_of_names()})


@cache
def _modules_of_names() -> dict[str, str]:
    """Return the module of each public name."""
    stub = __spec__.loader.get_data(f"{__path__[0]}/__init__.pyi").decode()  # type: ignore[union-attr]
    return {name: module for module, name in re.findall(r"^from (\S+) import (\w+) as \2$", stub, flags=re.MULTILINE)}
