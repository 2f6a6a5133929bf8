"""Fixtures that isolate the unit tests from the machine, and fixtures that several tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

# Imported before the tests hide the machine's distributions, because it looks for its own entry points.
import fsspec  # noqa: F401
import hypothesis
import pytest
from importlib_metadata import DistributionFinder

from connector_core import ConnectorRegistry
from connector_core.literals.kinds import KINDS
from connector_core.testing.sites import Site

# Few enough examples to run with every change. No deadline: a slow machine must not fail a test.
hypothesis.settings.register_profile(
    "unit", max_examples=60, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unit")

_PREFIXES = ("CONNECTORS_", "_FSEC_", "FLYTE_SECRETS_")


class _FindsNothingOf:
    """A finder of distributions that sees only the directories that a test added to ``sys.path``."""

    def __init__(self, finder: Any, hidden: frozenset[str]) -> None:
        self._finder = finder
        self._hidden = hidden

    def find_distributions(self, context: Any) -> Any:
        if context.name is None:  # A lookup by name is a library that reads its own version.
            context = DistributionFinder.Context(path=[entry for entry in context.path if entry not in self._hidden])
        return self._finder.find_distributions(context)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)


@pytest.fixture(autouse=True)
def hermetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the entry points, settings and secrets of the machine, and everything that other tests registered."""
    for variable in list(os.environ):
        if variable.startswith(_PREFIXES):
            monkeypatch.delenv(variable)
    hidden = frozenset(sys.path)
    finders = [
        _FindsNothingOf(finder, hidden) if getattr(finder, "find_distributions", None) else finder
        for finder in sys.meta_path
    ]
    monkeypatch.setattr(sys, "meta_path", finders)
    monkeypatch.setattr("connector_core.registry._default", None)
    monkeypatch.setattr("connector_core.literals.converters._CONVERTERS", {})
    KINDS.clear()


@pytest.fixture
def registry() -> ConnectorRegistry:
    """Return a registry without discovery."""
    return ConnectorRegistry(discover=False)


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Provide a directory on ``sys.path`` for installing distributions."""
    made = Site(tmp_path_factory.mktemp("site"))
    monkeypatch.syspath_prepend(str(made.path))
    yield made
    made.forget()


@pytest.fixture
def second_site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Provide another directory, which comes first on ``sys.path``."""
    made = Site(tmp_path_factory.mktemp("second-site"))
    monkeypatch.syspath_prepend(str(made.path))
    yield made
    made.forget()
