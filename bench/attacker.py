"""One attack, carried out by a process of its own that gives way to the one that measures.

    python -m bench.attacker PORT TOKEN ATTACK SECONDS

ATTACK is a name in ``bench.attack.attacks()``. Prints "ready" when its connections are open, begins when a line
comes, and prints one line of JSON at the end: what it sent and what it got for it. A connection that the server
closes is opened again after a second.
"""

import json
import os
import select
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from bench.attack import Attack, attacks
from bench.clients import DEFLATE
from rtserver.bench.client.websocket import upgrade_request
from rtserver.bench.client.wire import SESSION_COOKIE

READ_BYTES = 1 << 16
AGAIN_SECONDS = 1.0
CLOSE = b"\x88"


@dataclass(eq=False)
class Line:
    """One connection: sends its blob round and round, and counts what comes back."""

    address: tuple[str, int]
    request: bytes
    blob: memoryview
    counted: Counter[str]
    sent: int = 0
    tail: bytes = b""
    rounds: int = 0
    again_at: float = 0.0
    connection: socket.socket | None = None

    def open(self) -> None:
        """Shake hands and wait for the answer."""
        self.connection = connection = socket.create_connection(self.address, timeout=10)
        connection.sendall(self.request)
        answer = b""
        with suppress(TimeoutError, OSError):
            while b"\r\n\r\n" not in answer and (data := connection.recv(READ_BYTES)):
                answer += data
        if not answer.startswith(b"HTTP/1.1 101"):
            self.counted[f"refused {answer[9:12].decode() or 'without an answer'}"] += 1
            self.close()
            return
        connection.setblocking(False)
        self.sent = 0

    def send(self) -> None:
        """As much as the system takes."""
        assert self.connection is not None
        with suppress(BlockingIOError):
            taken = self.connection.send(self.blob[self.sent :])
            self.counted["bytes"] += taken
            self.sent += taken
            if self.sent == len(self.blob):
                self.sent, self.rounds = 0, self.rounds + 1

    def read(self) -> bool:
        """Read what came; return whether the connection is still there."""
        assert self.connection is not None
        try:
            data = self.connection.recv(READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        self.counted["rate_limited"] += data.count(b'"rate_limited"')
        self.counted["pictures"] += data.count(b'"render"')
        if data:
            self.tail = (self.tail + data)[-130:]
            return True
        close = self.tail.rfind(CLOSE)
        code = int.from_bytes(self.tail[close + 2 : close + 4], "big") if close >= 0 else 1006
        self.counted[f"closed {code}"] += 1
        self.close()
        return False

    def close(self) -> None:
        """Leave."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        self.again_at = time.monotonic() + AGAIN_SECONDS


def attack_for(lines: list[Line], attack: Attack, seconds: float) -> None:
    """Send and read until the time is over."""
    deadline = time.monotonic() + seconds
    with select.epoll() as epoll:
        by_file: dict[int, Line] = {}
        while (now := time.monotonic()) < deadline:
            for line in lines:
                if line.connection is None and line.again_at <= now:
                    line.open()
                if line.connection is not None and line.connection.fileno() not in by_file:
                    by_file[line.connection.fileno()] = line
                    writes = 0 if attack.is_once and line.rounds else select.EPOLLOUT
                    epoll.register(line.connection, select.EPOLLIN | writes)
            for file, event in epoll.poll(0.1):
                line = by_file[file]
                if event & ~select.EPOLLOUT and not line.read():
                    del by_file[file]
                elif event & select.EPOLLOUT and line.connection is not None:
                    line.send()
                    if attack.is_once and line.rounds:
                        epoll.modify(file, select.EPOLLIN)


def shake_hands_for(lines: list[Line], seconds: float) -> int:
    """Come and leave, one after the other, until the time is over; how often."""
    deadline, times = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        line = lines[times % len(lines)]
        line.close()
        line.open()
        times += 1
    return times


def main() -> None:
    """See the module."""
    port, token, name, seconds = sys.argv[1:]
    os.nice(10)
    attack = attacks()[name]
    extension = DEFLATE if attack.is_compressed else ""
    request = upgrade_request(f"127.0.0.1:{port}", "/rt/", f"{SESSION_COOKIE}={token}", extension)
    counted: Counter[str] = Counter()
    address = ("127.0.0.1", int(port))
    lines = [Line(address, request, memoryview(attack.blob(place)), counted) for place in range(attack.connections)]
    for line in lines:
        line.open()
    print("ready", flush=True)
    sys.stdin.readline()
    if attack.reconnects:
        counted["handshakes"] = shake_hands_for(lines, float(seconds))
    else:
        attack_for(lines, attack, float(seconds))
    print(json.dumps(+counted), flush=True)


if __name__ == "__main__":
    main()
