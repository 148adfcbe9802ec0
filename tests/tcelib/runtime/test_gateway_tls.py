"""TLS on every way into a gateway and out of it: clients, TCP services, queues in Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import tcelib as tce
from tests.conftest import unused_port
from tests.redis_over_tls import tls_node
from tests.redis_process import RedisProcess
from tests.tcelib.runtime.gateway_rig import GatewayRig
from tests.tcelib.transport.talk import TalkPrx

KINDS = pytest.mark.parametrize("kind", ["stream", "mq"])


class TlsRig(GatewayRig):
    """Its clients and its TCP service speak TLS; ``certificate`` is everybody's. A client trusts ``trusted``."""

    def __init__(self, directory: Path, url: str, certificate: Path, **options: str) -> None:
        files = f'certfile="{certificate}"'
        super().__init__(directory, url, attributes=files, **options)  # type: ignore[arg-type]
        self.certificate = str(certificate)
        text = self.file.read_text(encoding="utf-8")
        self.file.write_text(text.replace('<ep name="balancer"', f'<ep name="balancer" {files}'), encoding="utf-8")

    def dial_tls(self, trusted: str = "", *, host: str = "localhost", verify: bool = True) -> TalkPrx:
        """A new client, over TLS."""
        client = self.program("client")
        endpoint = tce.RpcEndPoint(
            "there", host, self.port, certfile=trusted, ssl=True, type_=self.door, verify=verify
        )
        return TalkPrx.create(client.addEndPoint(endpoint))

    def serve_tls(self) -> None:
        """Start a service that listens, with TLS."""
        service = self.program("service")
        endpoint = tce.RpcEndPoint(port=self.service_port, certfile=self.certificate)
        service.createAdapter("talk", endpoint).addServant(self.servant)


@pytest.fixture
def tls_redis(tmp_path: Path, certificate: Path) -> Iterator[RedisProcess]:
    """A Redis that speaks nothing but TLS."""
    port = unused_port()
    with tls_node(tmp_path / "redis", port, certificate) as server:
        server.url = f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}"
        yield server


@pytest.mark.parametrize("door", ["socket", "websocket"])
def test_clients_speak_tls_and_trust_nobody_unless_told(
    tmp_path: Path, redis_url: str, certificate: Path, door: str
) -> None:
    with TlsRig(tmp_path, redis_url, certificate, door=door, kind="mq") as rig:
        rig.serve()
        assert rig.dial_tls(str(certificate)).echo("x") == "x"
        assert rig.dial_tls(verify=False).echo("y") == "y"
        for untrusting in (rig.dial_tls(), rig.dial()):
            with pytest.raises(tce.RpcException) as error:
                untrusting.echo("z")
            assert error.value.errcode in (tce.RPCERROR_CONNECT_FAILED, tce.RPCERROR_CONNECTION_LOST)
        assert len(rig.servant.tokens) == 2


def test_a_tcp_service_is_called_over_tls(tmp_path: Path, redis_url: str, certificate: Path) -> None:
    with TlsRig(tmp_path, redis_url, certificate, out="balancer") as rig:
        rig.serve_tls()
        assert rig.dial_tls(str(certificate)).echo("x") == "x"


def test_a_tcp_service_whose_certificate_nobody_vouches_for_is_not_called(
    tmp_path: Path, redis_url: str, certificate: Path, other_certificate: Path
) -> None:
    with TlsRig(tmp_path, redis_url, certificate, out="balancer", timeout="1") as rig:
        rig.certificate = str(other_certificate)
        rig.serve_tls()
        with pytest.raises(tce.RpcException):
            rig.dial_tls(str(certificate)).echo("x", 20.0)
        assert rig.servant.tokens == []


@KINDS
def test_queues_in_redis_are_read_and_written_over_tls(
    tmp_path: Path, tls_redis: RedisProcess, certificate: Path, kind: str
) -> None:
    with TlsRig(tmp_path, tls_redis.url, certificate, kind=kind) as rig:
        rig.serve()
        assert rig.dial_tls(str(certificate)).echo("x") == "x"


@KINDS
def test_a_redis_whose_certificate_nobody_vouches_for_gets_nothing(
    tmp_path: Path, tls_redis: RedisProcess, kind: str
) -> None:
    program = tce.RpcCommunicator()
    try:
        url = tls_redis.url.partition("?")[0]
        endpoint = program.addEndPoint(tce.RpcEndPoint("calls", url, type_=kind))
        with pytest.raises(tce.RpcException) as error:
            TalkPrx(endpoint.open(tce.AF_WRITE)).note_oneway("secret")
        assert error.value.errcode == tce.RPCERROR_CONNECT_FAILED
    finally:
        program.shutdown()


@KINDS
@pytest.mark.parametrize("tls", [{"certfile": "x"}, {"keyfile": "x"}, {"ssl": True}])
def test_tls_that_redis_would_not_get_is_an_error(kind: str, tls: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="rediss://"):
        tce.RpcEndPoint("calls", "localhost", type_=kind, **tls)  # type: ignore[arg-type]
