"""TLS on real connections: one side, both sides, and certificates that are replaced while the service runs."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
import trustme

from connector_core.errors import InvalidCertificate
from connector_core.service.tls import server_credentials

Ask = Callable[..., Awaitable[bytes]]


class Pair:
    """A certificate for localhost and its key, in two files, signed by their own authority."""

    def __init__(self, directory: Path) -> None:
        self.certificate = directory / "tls.crt"
        self.key = directory / "tls.key"
        self.renew()

    def renew(self) -> None:
        """Write a new pair."""
        self.write_certificate(*self.issue())

    def issue(self) -> tuple[bytes, bytes]:
        """Return a new certificate and key."""
        self.authority = trustme.CA()
        issued = self.authority.issue_cert("localhost")
        return b"".join(pem.bytes() for pem in issued.cert_chain_pems), issued.private_key_pem.bytes()

    def write_certificate(self, certificate: bytes, key: bytes | None = None) -> None:
        """Write the certificate, and the key if it is given."""
        self.certificate.write_bytes(certificate)
        if key is not None:
            self.key.write_bytes(key)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Write a pair for a server."""
    return Pair(tmp_path)


@asynccontextmanager
async def serving(credentials: grpc.ServerCredentials) -> AsyncIterator[Ask]:
    """Run a server with these credentials, and yield a function that calls it over a new connection."""

    async def echo(request: bytes, context: object) -> bytes:
        return request

    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Service", handlers),))
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()

    async def ask(authority: trustme.CA, client: trustme.LeafCert | None = None) -> bytes:
        key = None if client is None else client.private_key_pem.bytes()
        certificate = None if client is None else client.cert_chain_pems[0].bytes()
        channel = grpc.aio.secure_channel(
            f"localhost:{port}",
            grpc.ssl_channel_credentials(authority.cert_pem.bytes(), key, certificate),
            options=[("grpc.use_local_subchannel_pool", 1)],  # Without it, one connection serves all channels.
        )
        async with channel:
            echo: Callable[..., Awaitable[bytes]] = channel.unary_unary("/test.Service/Echo")
            return await echo(b"hello", timeout=20)

    try:
        yield ask
    finally:
        await server.stop(None)


async def refused(answer: Awaitable[bytes]) -> None:
    """Check that the connection is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await answer
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


class TestTls:
    def test_a_client_that_trusts_the_authority_is_answered(self, pair: Pair) -> None:
        async def main() -> None:
            async with serving(server_credentials(pair.certificate, pair.key)) as ask:
                assert await ask(pair.authority) == b"hello"

        asyncio.run(main())

    def test_another_client_does_not_connect(self, pair: Pair) -> None:
        async def main() -> None:
            async with serving(server_credentials(pair.certificate, pair.key)) as ask:
                await refused(ask(trustme.CA()))

        asyncio.run(main())


class TestMutualTls:
    def test_only_a_client_with_a_certificate_of_the_authority_is_answered(self, pair: Pair, tmp_path: Path) -> None:
        clients, others = trustme.CA(), trustme.CA()
        client_ca = tmp_path / "ca.crt"
        client_ca.write_bytes("# Größe\n".encode() + clients.cert_pem.bytes())

        async def main() -> None:
            async with serving(server_credentials(pair.certificate, pair.key, client_ca)) as ask:
                assert await ask(pair.authority, clients.issue_cert("client")) == b"hello"
                await refused(ask(pair.authority))
                await refused(ask(pair.authority, others.issue_cert("client")))

        asyncio.run(main())

    def test_another_authority_applies_from_the_next_connection_on(self, pair: Pair, tmp_path: Path) -> None:
        before, after = trustme.CA(), trustme.CA()
        client_ca = tmp_path / "ca.crt"
        client_ca.write_bytes(before.cert_pem.bytes())

        async def main() -> None:
            async with serving(server_credentials(pair.certificate, pair.key, client_ca)) as ask:
                client_ca.write_bytes(after.cert_pem.bytes())
                assert await ask(pair.authority, after.issue_cert("client")) == b"hello"
                await refused(ask(pair.authority, before.issue_cert("client")))

        asyncio.run(main())


class TestARenewal:
    def test_applies_from_the_next_connection_on(self, pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)

        async def main() -> None:
            async with serving(server_credentials(pair.certificate, pair.key)) as ask:
                before = pair.authority
                assert await ask(before) == b"hello"
                pair.renew()
                assert await ask(pair.authority) == b"hello"
                await refused(ask(before))

        asyncio.run(main())
        assert caplog.messages == [f"The service now uses the new certificate in {pair.certificate}."]

    def test_that_is_half_done_keeps_the_previous_pair(self, pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
        async def main() -> None:
            async with serving(server_credentials(pair.certificate, pair.key)) as ask:
                before = pair.authority
                certificate, key = pair.issue()
                pair.write_certificate(certificate)
                assert [await ask(before), await ask(before)] == [b"hello", b"hello"]
                pair.key.write_bytes(key)
                assert await ask(pair.authority) == b"hello"

        asyncio.run(main())
        (message,) = caplog.messages  # The new certificate is announced below the level of a warning.
        assert f"{pair.key} for TLS: it is not the private key of the certificate in {pair.certificate}. " in message
        assert message.endswith(" The service continues with its previous certificate.")

    def test_that_fails_keeps_the_previous_pair(self, pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
        async def main() -> None:
            async with serving(server_credentials(pair.certificate, pair.key)) as ask:
                pair.certificate.unlink()
                assert await ask(pair.authority) == b"hello"
                pair.certificate.write_bytes(b"-----BEGIN CERTIFICATE-----\n")
                assert await ask(pair.authority) == b"hello"

        asyncio.run(main())
        first, second = caplog.messages
        assert "it cannot be read: No such file or directory. The service continues" in first
        assert "it contains no certificate in PEM" in second


class TestAFileThatCannotBeUsed:
    def check(self, path: Path, reason: str, pair: Pair, client_ca: Path | None = None) -> None:
        """Check that the file is refused at once, in one sentence that names it."""
        sentence = f"^Cannot use {re.escape(str(path))} for TLS: {reason}"
        with pytest.raises(InvalidCertificate, match=sentence) as caught:
            server_credentials(pair.certificate, pair.key, client_ca)
        assert caught.value.path == path

    @pytest.mark.parametrize("name", ["certificate", "key"])
    def test_because_it_is_missing(self, pair: Pair, name: str) -> None:
        path: Path = getattr(pair, name)
        path.unlink()
        self.check(path, r"it cannot be read: No such file or directory\.$", pair)

    def test_because_it_is_a_directory(self, pair: Pair, tmp_path: Path) -> None:
        self.check(tmp_path, r"it cannot be read: Is a directory\.$", pair, tmp_path)

    @pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
    def test_because_it_is_not_a_certificate(self, pair: Pair, tmp_path: Path, content: bytes) -> None:
        reason = r"it contains no certificate in PEM \(-----BEGIN CERTIFICATE-----\)\.$"
        client_ca = tmp_path / "ca.crt"
        client_ca.write_bytes(content)
        self.check(client_ca, reason, pair, client_ca)
        pair.certificate.write_bytes(content)
        self.check(pair.certificate, reason, pair)

    def test_because_certificate_and_key_are_swapped(self, pair: Pair) -> None:
        pair.certificate, pair.key = pair.key, pair.certificate
        self.check(pair.certificate, "it contains no certificate in PEM", pair)

    @pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
    def test_because_it_is_not_a_private_key(self, pair: Pair, content: bytes) -> None:
        pair.key.write_bytes(content)
        self.check(pair.key, r"it contains no usable private key in PEM \(-----BEGIN PRIVATE KEY-----\)\.$", pair)

    def test_because_the_key_belongs_to_another_certificate(self, pair: Pair) -> None:
        pair.key.write_bytes(pair.issue()[1])
        certificate = re.escape(str(pair.certificate))
        self.check(pair.key, rf"it is not the private key of the certificate in {certificate}\.$", pair)

    def test_because_the_key_has_a_password(self, pair: Pair) -> None:
        serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
        key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
        encryption = serialization.BestAvailableEncryption(b"secret")
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        pair.key.write_bytes(key.private_bytes(encoding, form, encryption))
        self.check(pair.key, r"it has a password; use a private key without one\.$", pair)
