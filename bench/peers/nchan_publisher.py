"""A backend of Nchan: messages over one publisher's WebSocket, to the server at ``BENCH_PORT``."""

import os
import socket
import threading
import time

from work import TICK, Work

READ_BYTES = 65536
HANDSHAKE = (
    "GET /pub/t0 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def frame(payload: bytes) -> bytes:
    """A masked text frame with the mask 0 (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, 0x80 | length)) + bytes(4) + payload
    return b"\x81\xfe" + length.to_bytes(2, "big") + bytes(4) + payload


def discard(connection: socket.socket) -> None:
    """Nchan answers every message with a line about the channel."""
    while connection.recv(READ_BYTES):
        pass


def main() -> None:
    connection = socket.create_connection(("127.0.0.1", int(os.environ["BENCH_PORT"])))
    connection.sendall(HANDSHAKE.encode())
    connection.recv(READ_BYTES)
    threading.Thread(target=discard, args=(connection,), daemon=True).start()
    work = Work()
    work.listen()
    while True:
        connection.sendall(b"".join(frame(work.payload(number).encode()) for number in work.take()))
        time.sleep(TICK)


if __name__ == "__main__":
    main()
