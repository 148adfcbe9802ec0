"""The whole way of one measurement, with rtserver's own peer and a program that is not there. No time decides."""

from bench.comparison import Numbers, Scale, compare
from bench.meter import Meter
from bench.peers.running import RunningPeer, started
from bench.peers.table import BARE, Peer
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
