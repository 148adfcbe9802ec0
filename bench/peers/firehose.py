"""The load client's own ceiling: a source that does nothing but send ready frames, as fast as they are read.

Each client gets ``BURST`` messages per system call, about what a busy server writes to it at a time.
"""

import re
import socket
import threading
import time
from base64 import b64encode
from hashlib import sha1

from work import TICK, Work, port_argument

BURST = 128
ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: %b\r\n\r\n"
KEY = re.compile(rb"Sec-WebSocket-Key: *(\S+)", re.IGNORECASE)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def text_frame(payload: bytes) -> bytes:
    """An unmasked frame of up to 65,535 bytes (RFC 6455, section 5.2)."""
    length = len(payload)
    head = bytes((0x81, length)) if length < 126 else b"\x81\x7e" + length.to_bytes(2, "big")
    return head + payload


def accept(listener: socket.socket, clients: list[socket.socket]) -> None:
    """Upgrade whoever asks for it; others only look whether the port is open."""
    while True:
        connection, _ = listener.accept()
        key = KEY.search(connection.recv(65536))
        if key is not None:
            connection.sendall(ANSWER % b64encode(sha1(key[1] + GUID).digest()))
            clients.append(connection)


def main() -> None:
    clients: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", port_argument()), backlog=4096)
    threading.Thread(target=accept, args=(listener, clients), daemon=True).start()
    work = Work()
    work.listen()
    while True:
        if not work.take():
            time.sleep(TICK)
            continue
        burst = text_frame(work.payload(0).encode()) * BURST
        for client in tuple(clients):
            client.sendall(burst)


if __name__ == "__main__":
    main()
