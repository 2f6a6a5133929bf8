"""Every public name and method has a docstring."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

import connector_core

CALLABLE = {name: getattr(connector_core, name) for name in connector_core.__all__}


def methods() -> Iterator[str]:
    """Return the public methods and properties that a class or one of its private bases defines."""
    for name, value in CALLABLE.items():
        if not inspect.isclass(value):
            continue
        for base in value.__mro__:
            if base is value or (base.__module__.startswith("connector_core") and base.__name__.startswith("_")):
                yield from (
                    f"{name}.{method}"
                    for method, found in vars(base).items()
                    if not method.startswith("_") and (inspect.isroutine(found) or isinstance(found, property))
                )


@pytest.mark.parametrize("name", CALLABLE)
def test_a_public_name_has_a_docstring(name: str) -> None:
    documented = inspect.getdoc(CALLABLE[name])
    assert documented
    assert not documented.startswith(f"{name}("), "a dataclass's signature is not a docstring"


@pytest.mark.parametrize("name", sorted(set(methods())))
def test_a_public_method_has_a_docstring(name: str) -> None:
    owner, method = name.split(".")
    assert inspect.getdoc(inspect.getattr_static(CALLABLE[owner], method)), name
