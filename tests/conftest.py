"""What holds for all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Let tests be interrupted, and what they start: a shell's background job begins with Ctrl-C ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
