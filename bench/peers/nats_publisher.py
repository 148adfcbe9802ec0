"""A backend of nats-server: PUB over its TCP protocol, at the port in ``BENCH_NATS_PORT``."""

import os
import socket
import threading
import time

from work import TICK, Work

READ_BYTES = 65536


def answer_pings(connection: socket.socket) -> None:
    """nats-server drops clients that do not."""
    while data := connection.recv(READ_BYTES):
        if b"PING" in data:
            connection.sendall(b"PONG\r\n")


def publication(topic: int, payload: bytes) -> bytes:
    """One message."""
    return b"PUB t%d %d\r\n%b\r\n" % (topic, len(payload), payload)


def main() -> None:
    connection = socket.create_connection(("127.0.0.1", int(os.environ["BENCH_NATS_PORT"])))
    connection.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\n')
    threading.Thread(target=answer_pings, args=(connection,), daemon=True).start()
    work = Work()
    work.listen()
    while True:
        due = work.take()
        connection.sendall(b"".join(publication(work.topic(n), work.payload(n).encode()) for n in due))
        time.sleep(TICK)


if __name__ == "__main__":
    main()
