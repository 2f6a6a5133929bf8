"""TLS for the service, with certificates that can be replaced while it runs.

Certificates are valid for weeks or only hours, and a tool renews them by writing files. For each new connection, the
service checks whether the files have changed. If they cannot be used, for example because
only one of a pair is written yet, it logs that and continues with the last valid ones.
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
    """Return credentials for ``grpc.aio.Server.add_secure_port``.

    Args:
        certificate: The certificate, and the intermediate certificates up to its authority, in PEM.
        key: The private key, in PEM, without a password.
        client_ca: The authorities of the certificates that every client needs, in PEM; None: clients need none.

    Raises:
        InvalidCertificate: if a file is missing or invalid, or the key does not belong to the certificate.
    """
    fetcher = _Fetcher(_Files(certificate, key, client_ca))
    credentials: grpc.ServerCredentials = grpc.dynamic_ssl_server_credentials(
        _configuration(fetcher.used),
        fetcher,  # pyright: ignore[reportArgumentType] - None is allowed, and means: unchanged
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
    """Called by gRPC for each new connection, in another thread. Returns new credentials, or None if unchanged."""

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
            if str(error) != self._complaint:  # Only once, not for each connection.
                _log.error("%s The service continues with its previous certificate.", error)
            self._complaint = str(error)
            return None
        self._complaint = ""
        _log.info("The service now uses the new certificate in %s.", self._files.certificate)
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
    if _read(files) != contents:  # The files that were checked are not those that were read.
        raise InvalidCertificate(files.certificate, "it is being replaced right now")
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
        raise InvalidCertificate(path, "it contains no certificate in PEM (-----BEGIN CERTIFICATE-----)") from error


def _check_key(files: _Files) -> None:
    def no_password() -> NoReturn:
        raise InvalidCertificate(files.key, "it has a password; use a private key without one")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key, no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            reason = f"it is not the private key of the certificate in {files.certificate}"
        else:
            reason = "it contains no usable private key in PEM (-----BEGIN PRIVATE KEY-----)"
        raise InvalidCertificate(files.key, reason) from error


_log = logging.getLogger(__name__)
