"""The HTTP/2 frames of a connection, which gRPC's clients hide: they ping at times of their own."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

import pytest

from connector_core import ConnectorRegistry
from connector_core.service import server as module
from connector_core.testing.server import serving

SETTINGS, PING, GOAWAY = 4, 6, 7
MAX_CONCURRENT_STREAMS = 3
ACKNOWLEDGED = 1
PINGS = 8


class Frame(NamedTuple):
    """A received frame."""

    kind: int
    flags: int
    payload: bytes


def frame(kind: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """Return the bytes of a frame for stream 0, the connection (RFC 9113, 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, 0) + payload


@contextmanager
def connected(endpoint: str) -> Iterator[tuple[socket.socket, Iterator[Frame]]]:
    """Open a connection, and yield it with the frames that arrive until the server closes it."""
    host, port = endpoint.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS))
        yield connection, _frames(stream)


def _frames(stream: BinaryIO) -> Iterator[Frame]:
    while len(head := stream.read(9)) == 9:
        yield Frame(head[3], head[4], stream.read(int.from_bytes(head[:3], "big")))


def pings_answered(endpoint: str, every: float) -> int:
    """Send a few pings, one after the other and without a call; return the number of answers."""
    with connected(endpoint) as (connection, seen):
        for number in range(PINGS):
            connection.sendall(frame(PING, struct.pack(">Q", number)))
            answers = (answer.kind for answer in seen if answer[:2] == (PING, ACKNOWLEDGED) or answer.kind == GOAWAY)
            if next(answers, GOAWAY) == GOAWAY:
                return number
            time.sleep(every)
    return PINGS


def test_a_connection_carries_2048_calls_at_a_time() -> None:
    with serving(ConnectorRegistry(discover=False)) as endpoint, connected(endpoint) as (_, seen):
        settings = next(each for each in seen if each.kind == SETTINGS and not each.flags)
        assert dict(struct.iter_unpack(">HI", settings.payload))[MAX_CONCURRENT_STREAMS] == 2048


@pytest.fixture
def a_hundred_times_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide the service's intervals by 100."""
    faster = [(name, value // 100 if name.endswith("_ms") else value) for name, value in module._OPTIONS]
    assert [value for name, value in faster if name.endswith("_ms")] == [100, 100]
    monkeypatch.setattr(module, "_OPTIONS", faster)


@pytest.mark.usefixtures("a_hundred_times_faster")
def test_a_client_may_ping_as_often_as_flyte_does_without_a_call() -> None:
    with serving(ConnectorRegistry(discover=False)) as endpoint:
        assert pings_answered(endpoint, every=0.3) == PINGS


@pytest.mark.usefixtures("a_hundred_times_faster")
def test_a_client_that_pings_much_more_often_is_disconnected() -> None:
    with serving(ConnectorRegistry(discover=False)) as endpoint:
        assert pings_answered(endpoint, every=0) < PINGS


def test_grpcs_default_would_disconnect_flyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OPTIONS", ())
    with serving(ConnectorRegistry(discover=False)) as endpoint:
        assert pings_answered(endpoint, every=0.3) < PINGS
