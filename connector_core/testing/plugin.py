"""The pytest plugin: fixtures for the tests of connectors. Each imports its modules when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector_core.registry import ConnectorRegistry
    from connector_core.testing.fake_backend import FakeBackend
    from connector_core.testing.fake_clock import FakeClock
    from connector_core.testing.sites import Site

__all__ = ["connector_backend", "connector_clock", "connector_registry", "connector_server", "connector_site"]


@pytest.fixture
def connector_registry() -> ConnectorRegistry:
    """Return a new registry without connectors."""
    from connector_core.registry import ConnectorRegistry

    return ConnectorRegistry(discover=False)


@pytest.fixture
def connector_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Provide a directory of installed packages: ``connector_site.add(…)`` installs a distribution for the test.

    During the test, the process's default registry is a new one, which finds the distribution.
    """
    from connector_core.testing.sites import Site

    monkeypatch.setattr("connector_core.registry._default", None)
    site = Site(tmp_path / "connector-site")
    monkeypatch.syspath_prepend(str(site.path))
    yield site
    site.forget()


@pytest.fixture
def connector_server(connector_registry: ConnectorRegistry) -> Iterator[str]:
    """Run a service of the connectors in ``connector_registry`` on a free port, and yield its address."""
    from connector_core.testing.server import serving

    with serving(connector_registry) as endpoint:
        yield endpoint


@pytest.fixture
def connector_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Replace the clock of the polling loops with a FakeClock, so that they do not wait."""
    from importlib.util import find_spec

    from connector_core.testing.fake_clock import FakeClock

    clock = FakeClock()
    monkeypatch.setattr("connector_core.local.polling._now", clock.time)
    monkeypatch.setattr("connector_core.local.polling._sleep", clock.sleep)
    if find_spec("grpc") is not None:  # Without the extra `service`, no service can poll.
        monkeypatch.setattr("connector_core.service.polls._now", clock.time)
    return clock


@pytest.fixture
def connector_backend() -> Iterator[FakeBackend]:
    """Run a FakeBackend: jobs over HTTP on a free port, with the states and faults that the test scripts."""
    from connector_core.testing.fake_backend import FakeBackend

    with FakeBackend() as backend:
        yield backend
