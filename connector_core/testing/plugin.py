"""The pytest plugin: fixtures for the tests of connectors. Each imports what it needs when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector_core.registry import ConnectorRegistry
    from connector_core.testing.backend import FakeBackend
    from connector_core.testing.clock import FakeClock
    from connector_core.testing.sites import Site

__all__ = ["connector_backend", "connector_clock", "connector_registry", "connector_server", "connector_site"]


@pytest.fixture
def connector_registry() -> ConnectorRegistry:
    """A registry of the test's own, with no connector in it."""
    from connector_core.registry import ConnectorRegistry

    return ConnectorRegistry(discover=False)


@pytest.fixture
def connector_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A directory of installed packages: ``connector_site.add(…)`` installs a distribution for the test.

    The process's default registry is a new one for the test, which finds it.
    """
    from connector_core.testing.sites import Site

    monkeypatch.setattr("connector_core.registry._default", None)
    site = Site(tmp_path / "connector-site")
    monkeypatch.syspath_prepend(str(site.path))
    yield site
    site.forget()


@pytest.fixture
def connector_server(connector_registry: ConnectorRegistry) -> Iterator[str]:
    """The address of a running service of the connectors in ``connector_registry``, on a free port."""
    from connector_core.testing.serving import serving

    with serving(connector_registry) as endpoint:
        yield endpoint


@pytest.fixture
def connector_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock that polling goes by: nobody waits."""
    from importlib.util import find_spec

    from connector_core.testing.clock import FakeClock

    clock = FakeClock()
    monkeypatch.setattr("connector_core.local.polling._now", clock.time)
    monkeypatch.setattr("connector_core.local.polling._sleep", clock.sleep)
    if find_spec("grpc") is not None:  # Without the extra `service` there is none that could poll.
        monkeypatch.setattr("connector_core.service.polls._now", clock.time)
    return clock


@pytest.fixture
def connector_backend() -> Iterator[FakeBackend]:
    """A system that runs jobs, over HTTP on a free port, with states and faults as the test scripts them."""
    from connector_core.testing.backend import FakeBackend

    with FakeBackend() as backend:
        yield backend
