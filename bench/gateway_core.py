"""The cost of a forwarded call in the routing core of a gateway, without any socket or queue.

    python -m bench.gateway_core

Messages are built before and sent again after each round, so that the core alone is measured: best of many rounds.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tcelib.gateway.client import Client
from tcelib.gateway.config.services import read_services
from tcelib.gateway.router import Router
from tcelib.gateway.table import build_table
from tcelib.wire.message import CALL, ONEWAY, RETURN, Extra, Packet, build_body, parse_body

FILE = Path(__file__).parents[1] / "docs" / "tce" / "cluster" / "services.xml"
SERVER = 2 << 16
CALLS = 500
ROUNDS = 100
TRACE = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}


class Bench:
    """One client of the gateway of the documents, and what it and a service send."""

    def __init__(self, user: str, extra: Extra | None, *, counts: bool = False) -> None:
        services = read_services(FILE.read_bytes()).model
        if services is None:
            raise SystemExit(f"{FILE} has errors")
        self.router = Router(build_table(services, services.servers["gwserver"]))
        if counts:
            self.router.state.count_calls()
        self.client: Client = self.router.clients.connect("socket_gateway")
        if user:
            self.router.clients.name(self.client, user)
        self.calls = [self.packet(number, CALL, extra) for number in range(CALLS)]
        self.one_way = [self.packet(number, CALL | ONEWAY, extra) for number in range(CALLS)]
        self.answers = [as_answer(body) for body in self.forward(self.calls)]
        self._waiting = dict(self.client.waiting)

    def packet(self, number: int, calltype: int, extra: Extra | None) -> Packet:
        """A call with a string of five letters."""
        return parse_body(build_body(number, calltype, SERVER, extra=extra, params=b"\0\0\0\5hello"))

    def forward(self, packets: list[Packet]) -> list[bytes]:
        """Forward calls."""
        client, receive = self.client, self.router.clients.receive
        return [receive(client, packet, 1.0)[3] for packet in packets]

    def wait_for_all(self) -> None:
        """Let all calls wait for their answers."""
        self.client.waiting.update(self._waiting)

    def bring_back(self) -> None:
        """Bring the answers back to the client."""
        source, receive = self.router.services.source("mq_gateway"), self.router.services.receive
        for body in self.answers:
            receive(source, body, 1_500_000)


def as_answer(body: bytes) -> bytes:
    """Return the answer of a service in Python to a call, with the same values."""
    return body[:5] + bytes((RETURN,)) + body[6:]


def best(prepare: Callable[[], object], work: Callable[[], object]) -> float:
    """Return the least microseconds that one of the calls takes."""
    seconds = []
    for _ in range(ROUNDS):
        prepare()
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds) / CALLS * 1e6


def main() -> None:
    """Print a table."""
    print("| client | one-way call | two-way call | its answer | two-way calls/s |\n|---|--:|--:|--:|--:|")
    rows: list[tuple[str, str, Extra | None, bool]] = [
        ("an id of the gateway's", "", None, False),
        ("the same, with metrics", "", None, True),
        ("a logged-in user", "scott", None, False),
        ("a user, with traceparent", "scott", TRACE, False),
    ]
    for name, user, extra, counts in rows:
        bench = Bench(user, extra, counts=counts)
        one_way = best(bench.client.waiting.clear, partial(bench.forward, bench.one_way))
        call = best(bench.client.waiting.clear, partial(bench.forward, bench.calls))
        answer = best(bench.wait_for_all, bench.bring_back)
        both = 1e6 / (call + answer)
        print(f"| {name} | {one_way:.2f} µs | {call:.2f} µs | {answer:.2f} µs | {both:,.0f} |")


if __name__ == "__main__":
    main()
