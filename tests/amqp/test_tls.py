"""Queues at a broker that speaks TLS."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import tcelib as tce
from tcelib.queue.amqp.broker_place import Broker, read_broker
from tcelib.queue.error import QueueAwayError
from tcelib.queue.message import Message
from tests.amqp.broker_thread import BrokerThread
from tests.amqp.rig import HUB, THREADS, bare
from tests.tcelib.runtime.gateway_rig import GatewayRig

READER = "reader"


@pytest.fixture(scope="module")
def tls_broker(certificate: Path) -> Iterator[BrokerThread]:
    """A broker in memory that speaks nothing but TLS."""
    with BrokerThread(certificate=certificate) as broker:
        yield broker


def url_of(broker: BrokerThread, options: str = "", *, host: str = "localhost") -> str:
    return f"amqps://{host}:{broker.port}{options}"


@pytest.mark.parametrize("waiting", [THREADS, HUB], ids=["threads", "hub"])
@pytest.mark.parametrize("size", [1, 100_000, 1_000_000])
def test_messages_come_as_they_went(
    tls_broker: BrokerThread, certificate: Path, unused_name: str, waiting: object, size: int
) -> None:
    queue = bare(url_of(tls_broker, f"?ssl_ca_certs={certificate}"), unused_name, waiting=waiting)  # type: ignore[arg-type]
    try:
        bodies = [bytes([number]) * size for number in range(5)]
        queue.put([Message(body) for body in bodies])
        assert [queue.take(READER, 1, 10.0)[0].body for _ in bodies] == bodies
    finally:
        queue.close()


@pytest.mark.parametrize(
    ("options", "host"), [("", "localhost"), ("?ssl_ca_certs={other}", "localhost")], ids=["system", "another"]
)
def test_a_broker_whose_certificate_nobody_vouches_for_gets_nothing(
    tls_broker: BrokerThread, other_certificate: Path, unused_name: str, options: str, host: str
) -> None:
    queue = bare(url_of(tls_broker, options.format(other=other_certificate), host=host), unused_name)
    with pytest.raises(QueueAwayError, match="certificate"):
        queue.put([Message(b"secret")])
    queue.close()


def test_whoever_verifies_nothing_says_so(tls_broker: BrokerThread, unused_name: str) -> None:
    queue = bare(url_of(tls_broker, "?ssl_cert_reqs=none"), unused_name)
    queue.put([Message(b"x")])
    assert queue.take(READER, 1, 10.0)[0].body == b"x"
    queue.close()


def test_a_client_without_tls_is_told_nothing_and_others_go_on(
    tls_broker: BrokerThread, certificate: Path, unused_name: str
) -> None:
    for words in (b"AMQP\x00\x01\x00\x00", b"GET / HTTP/1.0\r\n\r\n", bytes(100), b"\x16\x03\x01\xff\xff" * 10):
        with socket.create_connection(("127.0.0.1", tls_broker.port), 10.0) as sock:
            sock.sendall(words)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1024):
                pass
    queue = bare(url_of(tls_broker, f"?ssl_ca_certs={certificate}"), unused_name)
    queue.put([Message(b"x")])
    queue.close()


def test_a_client_with_tls_does_not_go_on_without(embedded_broker: str, unused_name: str) -> None:
    queue = bare(embedded_broker.replace("amqp://127.0.0.1", "amqps://localhost"), unused_name)
    with pytest.raises(QueueAwayError):
        queue.put([Message(b"secret")])
    queue.close()


def test_endpoints_of_a_gateway_speak_tls_with_a_broker(
    tls_broker: BrokerThread, certificate: Path, tmp_path: Path
) -> None:
    url = url_of(tls_broker, f"?ssl_ca_certs={certificate}")
    with GatewayRig(tmp_path, url, kind="qpid") as rig:
        rig.serve()
        assert rig.dial().echo("x") == "x"


def test_an_endpoint_with_a_certfile_trusts_that_certificate(
    tls_broker: BrokerThread, certificate: Path, unused_name: str
) -> None:
    program = tce.RpcCommunicator()
    endpoint = tce.RpcEndPoint(
        "calls", "localhost", tls_broker.port, unused_name, certfile=str(certificate), type_="qpid"
    )
    try:
        writer = program.addEndPoint(endpoint).open(tce.AF_WRITE)
        writer.transport.put([Message(b"x")])  # type: ignore[attr-defined]
    finally:
        program.shutdown()


def test_the_url_says_how_tls_is_spoken() -> None:
    assert read_broker("amqps://host") == Broker("host", 5671, has_tls=True)
    assert read_broker("amqps://host:9?ssl_ca_certs=/a%20b&ssl_cert_reqs=none") == Broker(
        "host", 9, has_tls=True, trusted="/a b", verifies=False
    )
    for bad in ("amqps://host?ssl_ca=x", "amqp://host?ssl_ca_certs=x", "amqps://host?ssl_cert_reqs=maybe"):
        with pytest.raises(ValueError, match="ssl_"):
            read_broker(bad)
