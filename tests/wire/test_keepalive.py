"""Pings, in frames of HTTP/2: gRPC's own clients decide for themselves when they ping."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import pytest

from connector_core import ConnectorRegistry
from connector_core.service import server as module
from tests.support.serving import serving

SETTINGS, PING, GOAWAY = 4, 6, 7
ACKNOWLEDGED = 1
PINGS = 8


def frame(kind: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """A frame of the connection itself (RFC 9113, 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, 0) + payload


def frames(connection: socket.socket) -> Iterator[tuple[int, int]]:
    """Kind and flags of each frame that comes in, until the server hangs up."""
    stream = connection.makefile("rb")
    while len(head := stream.read(9)) == 9:
        stream.read(int.from_bytes(head[:3], "big"))
        yield head[3], head[4]


def pings_answered(endpoint: str, every: float) -> int:
    """How many of a few pings are answered, one after the other and without a call."""
    host, port = endpoint.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS))
        seen = frames(connection)
        for number in range(PINGS):
            connection.sendall(frame(PING, struct.pack(">Q", number)))
            answers = (head for head in seen if head == (PING, ACKNOWLEDGED) or head[0] == GOAWAY)
            if next(answers, (GOAWAY, 0))[0] == GOAWAY:
                return number
            time.sleep(every)
    return PINGS


@pytest.fixture
def a_hundred_times_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the service's intervals by the hundredth."""
    faster = [(name, value // 100 if name.endswith("_ms") else value) for name, value in module._OPTIONS]
    assert [value for name, value in faster if name.endswith("_ms")] == [100, 100]
    monkeypatch.setattr(module, "_OPTIONS", faster)


@pytest.mark.usefixtures("a_hundred_times_faster")
def test_a_client_may_ping_as_often_as_flyte_does_without_a_call() -> None:
    with serving(ConnectorRegistry(discover=False)) as endpoint:
        assert pings_answered(endpoint, every=0.3) == PINGS


@pytest.mark.usefixtures("a_hundred_times_faster")
def test_a_client_that_pings_much_more_often_is_hung_up_on() -> None:
    with serving(ConnectorRegistry(discover=False)) as endpoint:
        assert pings_answered(endpoint, every=0) < PINGS


def test_what_grpc_allows_by_itself_would_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OPTIONS", ())
    with serving(ConnectorRegistry(discover=False)) as endpoint:
        assert pings_answered(endpoint, every=0.3) < PINGS
