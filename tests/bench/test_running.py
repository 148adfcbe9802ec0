"""The whole way of one measurement, with rtserver's own peer and a program that is not there. No time decides."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.comparison import Numbers, Scale, compare
from bench.meter import Meter
from bench.peers import environment
from bench.peers.running import RunningPeer, started
from bench.peers.table import BARE, C_FLOOR, C_FLOOR_FROM_REDIS, CENTRIFUGO_HTTP, Peer
from bench.peers.work import Order
from bench.process import cpu_seconds
from rtserver.bench.process import resident_bytes

DEADLINE = 30.0


def deliver(running: RunningPeer, order: Order, wanted: int) -> tuple[Meter, int]:
    """Three clients on one topic read until so many messages have come; the meter and how many clients got some."""
    seen: set[int] = set()
    with running.clients() as clients:
        clients.connect(3)
        running.open_up(clients, [0])
        meter = Meter(clients.sockets)

        def on_bytes(number: int, data: bytes) -> None:
            seen.add(number)
            meter.on_bytes(number, data)

        running.order(order)
        clients.read_until(lambda: meter.deliveries >= wanted and len(seen) == 3, on_bytes, DEADLINE)
        running.rest()
    return meter, len(seen)


def test_a_peer_publishes_what_it_is_told_to() -> None:
    with started(BARE) as running:
        topic, _ = deliver(running, Order(rate=200, size=300), 60)
        own, reached = deliver(running, Order(rate=100, own=True), 30)
        assert resident_bytes(running.pid) > 0
        assert cpu_seconds(running.pid) > 0
    assert topic.size / topic.deliveries > 300
    assert all(seconds > 0 for seconds in topic.seconds + own.seconds)
    assert reached == 3


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_the_c_floor_publishes_what_it_is_told_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "PLACE", tmp_path)
    from_redis = replace(C_FLOOR_FROM_REDIS, users=3)
    with started(from_redis) as running:
        _, reached = deliver(running, Order(rate=100, everyone=True), 30)
        assert reached == 3
    for peer in (C_FLOOR, from_redis):
        with started(peer) as running:
            topic, _ = deliver(running, Order(rate=200), 60)
        with started(peer) as running:
            own, reached = deliver(running, Order(rate=100, own=True), 30)
        assert topic.size / topic.deliveries > 100
        assert all(seconds > 0 for seconds in topic.seconds + own.seconds)
        assert reached == 3


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_the_c_floor_gives_large_messages_whole_to_a_client_that_reads_slowly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "PLACE", tmp_path)
    with started(C_FLOOR) as running, running.clients(receive_buffer=4096) as clients:
        clients.connect(1)
        read = bytearray()
        running.order(Order(rate=20_000, size=60_000))
        # More than the system holds for a connection, so that frames are cut and others left out.
        clients.read_until(lambda: len(read) > 16 << 20, lambda _, data: read.extend(data), DEADLINE)
    head = b"\x81\x7e" + (60_000).to_bytes(2, "big")
    assert {bytes(read[begin : begin + 4]) for begin in range(0, len(read) - 4, 60_004)} == {head}


def test_a_peer_whose_source_cannot_be_built_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("PATH", str(tmp_path))
    rows = compare([C_FLOOR, CENTRIFUGO_HTTP], lambda _: {})
    assert rows[C_FLOOR.name] == {"missing": "there is no C compiler no-such-compiler"}
    assert rows[CENTRIFUGO_HTTP.name] == {"missing": "there is no Go to build it with"}


def test_a_peer_that_is_not_installed_is_named_as_missing() -> None:
    def measure(_: RunningPeer) -> Numbers:
        raise AssertionError("there is nothing to measure")

    rows = compare([Peer("ghost", "nats.py", needs=("no-such-program",))], measure)
    assert rows == {"ghost": {"missing": "Debian's package no-such-program is not installed"}}


def test_a_peer_that_does_not_start_is_named_with_its_last_words() -> None:
    rows = compare([Peer("broken", "no_such_script.py")], lambda _: {})
    assert "No such file" in rows["broken"]["missing"]


def test_a_full_run_leaves_nobody_out() -> None:
    assert Scale(is_quick=False).peers([BARE, Peer("any")]) == [BARE, Peer("any")]
