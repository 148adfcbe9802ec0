"""Many WebSocket clients in one process that do nothing but read: the load side of the benchmarks.

Never the bottleneck, because it does not parse: it asks epoll which sockets have bytes, reads them in bulk, and
counts ``MARK`` in the bytes. Producers put a label of ``MARK`` and the monotonic time in nanoseconds into each
message, so one scan gives both the number of deliveries and, where it is asked for, the latency of each.

    python -m bench.load_client --help
"""

import argparse
import json
import re
import select
import socket
import sys
import time
from collections.abc import Callable, Iterable

MARK = b'"~'
STAMP = re.compile(rb'"~(\d+)')
READ_BYTES = 1 << 20
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nCookie: {cookie}\r\n\r\n"
)


def client_frame(payload: bytes, opcode: int = 1) -> bytes:
    """A masked frame with the mask 0, which leaves the payload as it is (RFC 6455 allows any mask)."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, 0x80 | length)) + bytes(4) + payload
    return bytes((0x80 | opcode, 0xFE, length >> 8, length & 0xFF)) + bytes(4) + payload


class Clients:
    """``count`` upgraded sockets, non-blocking, on one epoll."""

    def __init__(self, host: str, port: int, path: str, cookie: str) -> None:
        self._address = (host, port)
        self._request = HANDSHAKE.format(path=path, host=host, port=port, cookie=cookie).encode()
        self._epoll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}

    def connect(self, count: int, at_once: int = 64) -> float:
        """Open ``count`` more sockets, ``at_once`` handshakes under way at a time; the seconds it took."""
        begun = time.perf_counter()
        opening: dict[int, tuple[socket.socket, bytearray]] = {}
        epoll = select.epoll()
        started = opened = 0
        while opened < count:
            while started < count and len(opening) < at_once:
                connection = socket.create_connection(self._address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sendall(self._request)
                connection.setblocking(False)
                opening[connection.fileno()] = (connection, bytearray())
                epoll.register(connection, select.EPOLLIN)
                started += 1
            for number, _ in epoll.poll():
                connection, answer = opening[number]
                answer += connection.recv(READ_BYTES)
                if b"\r\n\r\n" in answer:
                    if not answer.startswith(b"HTTP/1.1 101"):
                        raise SystemExit(f"handshake refused: {bytes(answer[:200])!r}")
                    del opening[number]
                    epoll.unregister(number)
                    self.sockets[number] = connection
                    self._epoll.register(number, select.EPOLLIN)
                    opened += 1
        epoll.close()
        return time.perf_counter() - begun

    def send_all(self, payload: bytes) -> None:
        """One text message from every client."""
        frame = client_frame(payload)
        for connection in self.sockets.values():
            connection.sendall(frame)

    def read(self, on_bytes: Callable[[int, bytes], object], seconds: float) -> bool:
        """Hand what the sockets have to ``on_bytes(file number, bytes)``, once round; whether there was anything."""
        events = self._epoll.poll(seconds)
        for number, _ in events:
            try:
                data = self.sockets[number].recv(READ_BYTES)
            except BlockingIOError:
                continue
            if not data:
                raise SystemExit("the server closed a socket under load")
            on_bytes(number, data)
        return bool(events)

    def read_until(self, done: Callable[[], bool], on_bytes: Callable[[int, bytes], object], seconds: float) -> None:
        """``read`` until ``done``; ends the program if that takes longer than ``seconds``."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise SystemExit("nothing came for too long")
            self.read(on_bytes, 0.1)

    def close(self) -> None:
        """End all sockets."""
        for connection in self.sockets.values():
            connection.close()
        self._epoll.close()


def percentile(ordered: list[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of the ordered values lie."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


class Meter:
    """Counts marks, and with ``latencies`` also collects how old each was when it was read."""

    def __init__(self, latencies: bool) -> None:
        self._collects = latencies
        self._tails: dict[int, bytes] = {}
        self.deliveries = 0
        self.seconds: list[float] = []

    def on_bytes(self, number: int, data: bytes) -> None:
        """Take what one socket brought."""
        if not self._collects:
            self.deliveries += data.count(MARK)
            return
        now = time.monotonic_ns()
        data = self._tails.pop(number, b"") + data
        end = 0
        for match in STAMP.finditer(data):
            if match.end() == len(data):
                break
            self.seconds.append((now - int(match[1])) / 1e9)
            end = match.end()
        self.deliveries = len(self.seconds)
        self._tails[number] = data[max(end, len(data) - 32) :]

    def summary(self) -> dict[str, float]:
        """Milliseconds at 50, 99 and 99.9 per cent, and the greatest."""
        ordered = sorted(self.seconds)
        shares: Iterable[tuple[str, float]] = (("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0))
        return {name: round(percentile(ordered, share) * 1000, 3) for name, share in shares}


def _read_for(clients: Clients, seconds: float, meter: Meter) -> float:
    """Read for that long; the seconds it really took."""
    begun = time.perf_counter()
    while (took := time.perf_counter() - begun) < seconds:
        clients.read(meter.on_bytes, 0.05)
    return took


def main() -> None:
    """Connect, subscribe, say "ready", read for a while, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/rt/")
    parser.add_argument("--cookie", default="", help="the Cookie header, for servers that ask who is there")
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--subscribe", default="", help="what each client sends first")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to read")
    parser.add_argument("--warm-up", type=float, default=1.0, help="how long to read before it counts")
    parser.add_argument("--latency", action="store_true", help="the age of every message, not only their number")
    arguments = parser.parse_args()

    clients = Clients(arguments.host, arguments.port, arguments.path, arguments.cookie)
    connect_seconds = clients.connect(arguments.clients)
    if arguments.subscribe:
        clients.send_all(arguments.subscribe.encode())
        answered: set[int] = set()
        clients.read_until(
            lambda: len(answered) == arguments.clients,
            lambda number, data: answered.add(number) if b'"render"' in data else None,
            30,
        )
    print("ready", flush=True)
    sys.stdin.readline()
    _read_for(clients, arguments.warm_up, Meter(arguments.latency))
    meter = Meter(arguments.latency)
    took = _read_for(clients, arguments.seconds, meter)
    result = {"clients": arguments.clients, "connect_seconds": round(connect_seconds, 3)}
    result |= {"deliveries": meter.deliveries, "deliveries_per_second": round(meter.deliveries / took)}
    if arguments.latency:
        result |= meter.summary()
    print(json.dumps(result), flush=True)
    clients.close()


if __name__ == "__main__":
    main()
