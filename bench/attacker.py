"""One attack, carried out by a process of its own that gives way to the one that measures.

    python -m bench.attacker --port 8888 --cookie sessionid=... --attack 3 --seconds 8

Prints "ready" when its connections are open, begins when a line comes, and prints one line of JSON at the end: what
it sent and what it got for it. A connection that the server closes is opened again after a second.
"""

import argparse
import json
import os
import select
import socket
import sys
import time
from collections import Counter
from contextlib import suppress

from bench.attack import Attack, attacks
from bench.clients import DEFLATE
from rtserver.bench.client.websocket import upgrade_request

READ_BYTES = 1 << 16
AGAIN_SECONDS = 1.0
CLOSE = b"\x88"


class Line:
    """One connection: sends its blob round and round, and counts what comes back."""

    def __init__(self, address: tuple[str, int], request: bytes, blob: bytes, counted: Counter[str]) -> None:
        self._address = address
        self._request = request
        self._blob = memoryview(blob)
        self._counted = counted
        self._sent = 0
        self._tail = b""
        self.rounds = 0
        self.again_at = 0.0
        self.socket: socket.socket | None = None

    def open(self) -> None:
        """Shake hands and wait for the answer."""
        connection = socket.create_connection(self._address, timeout=10)
        connection.sendall(self._request)
        answer = b""
        with suppress(TimeoutError, OSError):
            while b"\r\n\r\n" not in answer and (data := connection.recv(READ_BYTES)):
                answer += data
        if not answer.startswith(b"HTTP/1.1 101"):
            self._counted[f"refused {answer[9:12].decode() or 'without an answer'}"] += 1
            connection.close()
            self.again_at = time.monotonic() + AGAIN_SECONDS
            return
        connection.setblocking(False)
        self.socket, self._sent = connection, 0

    def send(self) -> None:
        """As much as the system takes."""
        assert self.socket is not None
        with suppress(BlockingIOError):
            taken = self.socket.send(self._blob[self._sent :])
            self._counted["bytes"] += taken
            self._sent += taken
            if self._sent == len(self._blob):
                self._sent, self.rounds = 0, self.rounds + 1

    def read(self) -> bool:
        """Read what came; return whether the connection is still there."""
        assert self.socket is not None
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        self._counted["rate_limited"] += data.count(b'"rate_limited"')
        self._counted["pictures"] += data.count(b'"render"')
        if data:
            self._tail = (self._tail + data)[-130:]
            return True
        close = self._tail.rfind(CLOSE)
        code = int.from_bytes(self._tail[close + 2 : close + 4], "big") if close >= 0 else 1006
        self._counted[f"closed {code}"] += 1
        self.close()
        return False

    def close(self) -> None:
        """Leave."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        self.again_at = time.monotonic() + AGAIN_SECONDS


def attack_for(lines: list[Line], attack: Attack, seconds: float) -> None:
    """Send and read until the time is over."""
    deadline = time.monotonic() + seconds
    with select.epoll() as epoll:
        by_file: dict[int, Line] = {}
        while (now := time.monotonic()) < deadline:
            for line in lines:
                if line.socket is None and line.again_at <= now:
                    line.open()
                if line.socket is not None and line.socket.fileno() not in by_file:
                    by_file[line.socket.fileno()] = line
                    writes = 0 if attack.is_once and line.rounds else select.EPOLLOUT
                    epoll.register(line.socket, select.EPOLLIN | writes)
            for file, event in epoll.poll(0.1):
                line = by_file[file]
                if event & ~select.EPOLLOUT and not line.read():
                    del by_file[file]
                elif event & select.EPOLLOUT and line.socket is not None:
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cookie", required=True)
    parser.add_argument("--attack", type=int, required=True, help="its number in bench.attack.attacks()")
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    os.nice(10)
    attack = list(attacks().values())[arguments.attack]
    extension = DEFLATE if attack.is_compressed else ""
    request = upgrade_request(f"127.0.0.1:{arguments.port}", "/rt/", arguments.cookie, extension)
    counted: Counter[str] = Counter()
    address = ("127.0.0.1", arguments.port)
    lines = [Line(address, request, attack.blob(place), counted) for place in range(attack.connections)]
    for line in lines:
        line.open()
    print("ready", flush=True)
    sys.stdin.readline()
    if attack.reconnects:
        counted["handshakes"] = shake_hands_for(lines, arguments.seconds)
    else:
        attack_for(lines, attack, arguments.seconds)
    print(json.dumps(+counted), flush=True)


if __name__ == "__main__":
    main()
