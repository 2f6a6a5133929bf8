"""The configuration of all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import connector_core

pytest_plugins = ["pytester"]


def pytest_configure() -> None:
    """Let tests receive SIGINT, and reach loopback addresses without a proxy.

    A shell's background job and its children start with SIGINT ignored. gRPC uses a proxy for loopback addresses, too.
    """
    os.environ["no_grpc_proxy"] = "127.0.0.1,localhost"  # noqa: SIM112 - as gRPC spells it
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "CONNECTOR_CORE_TESTS_OF_WHEEL" in os.environ and "site-packages" not in Path(connector_core.__file__).parts:
        raise pytest.UsageError(f"the tests would run against the source tree: {connector_core.__file__}")
