"""The kit for connector authors: what Flyte relies on, as tests to subclass; needs the extra ``testing``.

Each name is imported when it is first used.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector_core.testing.async_suite import BaseAsyncConnectorSuite
    from connector_core.testing.contracts import Contract
    from connector_core.testing.example_task import ExampleTask
    from connector_core.testing.fake_backend import FakeBackend, FakeJob, Fault
    from connector_core.testing.fake_clock import FakeClock
    from connector_core.testing.sites import Site
    from connector_core.testing.sync_suite import BaseSyncConnectorSuite

__all__ = [
    "BaseAsyncConnectorSuite",
    "BaseSyncConnectorSuite",
    "Contract",
    "ExampleTask",
    "FakeBackend",
    "FakeClock",
    "FakeJob",
    "Fault",
    "Site",
]

_MODULE_OF_NAME = {
    "BaseAsyncConnectorSuite": "async_suite",
    "BaseSyncConnectorSuite": "sync_suite",
    "Contract": "contracts",
    "ExampleTask": "example_task",
    "FakeBackend": "fake_backend",
    "FakeClock": "fake_clock",
    "FakeJob": "fake_backend",
    "Fault": "fake_backend",
    "Site": "sites",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if find_spec("pytest") is None or find_spec("grpc") is None:
        from connector_core.errors import MissingExtra

        raise MissingExtra(__name__, "testing")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF_NAME[name]}"), name)
    globals()[name] = value
    return value
