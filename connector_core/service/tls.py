"""TLS for the service, with certificates that may be replaced while it runs.

Certificates live for weeks, or for hours, and whatever renews them writes files. Each new connection looks whether they
have changed; what cannot be used (half of a pair that is just being written) is logged, and the last good ones stay.
"""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import grpc

from connector_core.errors import InvalidCertificate

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["server_credentials"]


def server_credentials(certificate: Path, key: Path, client_ca: Path | None = None) -> grpc.ServerCredentials:
    """Credentials for ``grpc.aio.Server.add_secure_port``.

    Args:
        certificate: The certificate, and those between it and its authority; PEM.
        key: Its private key; PEM, without a password.
        client_ca: The authorities of clients' certificates, which every client then needs; PEM. None: no client does.

    Raises:
        InvalidCertificate: A file is missing or cannot be used, or the key is not the certificate's.
    """
    fetcher = _Fetcher(_Files(certificate, key, client_ca))
    credentials: grpc.ServerCredentials = grpc.dynamic_ssl_server_credentials(
        _configuration(fetcher.used),
        fetcher,  # pyright: ignore[reportArgumentType] - None is allowed, and means that nothing has changed
        require_client_authentication=client_ca is not None,
    )
    return credentials


class _Files(NamedTuple):
    certificate: Path
    key: Path
    client_ca: Path | None


class _Contents(NamedTuple):
    certificate: bytes
    key: bytes
    client_ca: bytes | None


class _Fetcher:
    """Called by gRPC for each new connection, in a thread of its own: new credentials, or None for those there are."""

    def __init__(self, files: _Files) -> None:
        self._files = files
        self.used = _load(files)
        self._complaint = ""

    def __call__(self) -> grpc.ServerCertificateConfiguration | None:
        try:
            if _read(self._files) == self.used:
                return None
            self.used = _load(self._files)
        except InvalidCertificate as error:
            if str(error) != self._complaint:  # Once, and not for each connection.
                _log.error("%s The service goes on with the certificate that it had.", error)
            self._complaint = str(error)
            return None
        self._complaint = ""
        _log.info("The service has a new certificate from %s.", self._files.certificate)
        return _configuration(self.used)


def _configuration(contents: _Contents) -> grpc.ServerCertificateConfiguration:
    pairs = [(contents.key, contents.certificate)]
    configuration: grpc.ServerCertificateConfiguration
    configuration = grpc.ssl_server_certificate_configuration(pairs, contents.client_ca)
    return configuration


def _load(files: _Files) -> _Contents:
    contents = _read(files)
    _check_certificates(files.certificate, contents.certificate)
    if files.client_ca is not None and contents.client_ca is not None:
        _check_certificates(files.client_ca, contents.client_ca)
    _check_key(files)
    if _read(files) != contents:  # What was checked is not what was read.
        raise InvalidCertificate(files.certificate, "it is being replaced just now")
    return contents


def _read(files: _Files) -> _Contents:
    client_ca = None if files.client_ca is None else _bytes(files.client_ca)
    return _Contents(_bytes(files.certificate), _bytes(files.key), client_ca)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidCertificate(path, f"it cannot be read: {error.strerror}") from error


def _check_certificates(path: Path, content: bytes) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=content.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        raise InvalidCertificate(path, "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)") from error


def _check_key(files: _Files) -> None:
    def no_password() -> NoReturn:
        raise InvalidCertificate(files.key, "it has a password; give a private key without one")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key, no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            reason = f"it is not the private key of the certificate in {files.certificate}"
        else:
            reason = "it holds no private key in PEM (-----BEGIN PRIVATE KEY-----) that can be used"
        raise InvalidCertificate(files.key, reason) from error


_log = logging.getLogger(__name__)
