"""The attacks of the benchmark stay within the limits of size and nesting: what they find is nobody's mistake."""

import json
import socket
import threading
from collections import Counter
from contextlib import ExitStack

import pytest

from bench.attack import MESSAGE_BYTES, attacks, filled, many_keys, tce_call
from bench.attacker import Line
from rtserver.base.wire.json_depth import is_deeper
from rtserver.bootstrap.config.config import Config
from tcelib.wire.packet import PacketReader

LIMITS = Config()


@pytest.mark.parametrize("name", attacks())
def test_an_attack_keeps_within_the_connections_and_has_something_to_send(name: str) -> None:
    attack = attacks()[name]
    assert attack.connections <= LIMITS.connections_per_user
    assert attack.blob(0) or attack.reconnects


@pytest.mark.parametrize("unit", ["[],", "[" * 62 + "]" * 62 + ","])
def test_a_filled_message_is_json_within_the_limits(unit: str) -> None:
    payload = filled("[", unit, "[]]")
    assert MESSAGE_BYTES - 200 < len(payload) < LIMITS.max_message_bytes
    assert json.loads(payload)["type"] == "ping"
    assert not is_deeper(payload, LIMITS.json_depth)


def test_an_object_of_many_keys_is_within_the_limit() -> None:
    assert len(many_keys()) < LIMITS.max_message_bytes
    assert len(json.loads(many_keys())["data"]) > 5_000


def test_a_call_is_a_packet() -> None:
    packets: list = []
    PacketReader(LIMITS.tce_max_packet_bytes, pytest.fail).feed(
        tce_call(1, b"") + tce_call(2, b"", 1_000) + tce_call(3, bytes(1_000_000), packed=True), packets
    )
    assert len(packets) == 3


def test_an_attacker_counts_what_it_sends_and_why_it_is_refused() -> None:
    answers = iter((b"HTTP/1.1 429 Too Many Requests\r\n\r\n", b"HTTP/1.1 101 Welcome\r\n\r\n"))
    counted: Counter[str] = Counter()
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as accepted:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                accepted.enter_context(connection)
                connection.recv(100)
                connection.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        line = Line(listener.getsockname(), b"GET", memoryview(b"blob"), counted)
        line.open()
        assert line.connection is None
        line.open()
        line.send()
        assert (line.rounds, counted) == (1, Counter({"refused 429": 1, "bytes": 4}))
        server.join()
        line.close()
