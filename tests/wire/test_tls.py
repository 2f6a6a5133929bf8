"""The service over TLS, as each generation of Flyte sees it."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
import trustme

from connector_core import ConnectorRegistry
from connector_core.service.tls import server_credentials
from connector_core.testing.server import serving
from support.connectors import Jobs
from support.flyte import Flyte, Flyte1, Flyte2, refused


@pytest.mark.parametrize("generation", [Flyte1, Flyte2], ids=["flyte1", "flyte2"])
def test_only_callers_with_a_certificate_of_the_authority_are_answered(
    registry: ConnectorRegistry, tmp_path: Path, generation: type[Flyte]
) -> None:
    authority = trustme.CA()
    mine, callers = authority.issue_cert("localhost"), authority.issue_cert("caller")
    certificate, key, authorities = (tmp_path / name for name in ("tls.crt", "tls.key", "ca.crt"))
    certificate.write_bytes(mine.cert_chain_pems[0].bytes())
    key.write_bytes(mine.private_key_pem.bytes())
    authorities.write_bytes(authority.cert_pem.bytes())
    registry.register(Jobs())
    known = grpc.ssl_channel_credentials(
        authority.cert_pem.bytes(), callers.private_key_pem.bytes(), callers.cert_chain_pems[0].bytes()
    )
    unknown = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
    with serving(registry, credentials=server_credentials(certificate, key, authorities)) as endpoint:
        address = endpoint.replace("127.0.0.1", "localhost")
        with grpc.secure_channel(address, known) as channel:
            assert generation(channel).create("job") == b'{"job_id":1}'
        with grpc.secure_channel(address, unknown) as channel, refused(grpc.StatusCode.UNAVAILABLE, ""):
            generation(channel).create("job")
        with grpc.insecure_channel(address) as channel, refused(grpc.StatusCode.UNAVAILABLE, ""):
            generation(channel).create("job")
