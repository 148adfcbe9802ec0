"""nats-server with a WebSocket port, and with ``--publish`` a backend of it: PUB over its TCP protocol.

The TCP port is in ``BENCH_NATS_PORT``.
"""

import os
import socket
import sys
import threading
import time
from pathlib import Path

from work import TICK, Work, port_argument

READ_BYTES = 65536
CONFIG = """
listen: "127.0.0.1:{tcp_port}"
websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}
"""


def serve() -> None:
    """Become nats-server."""
    config = Path(os.environ["BENCH_DIRECTORY"]) / "nats.conf"
    config.write_text(CONFIG.format(tcp_port=os.environ["BENCH_NATS_PORT"], port=port_argument()), encoding="utf-8")
    os.execlp("nats-server", "nats-server", "-c", str(config), "-l", "/dev/null")


def answer_pings(connection: socket.socket) -> None:
    """nats-server drops clients that do not."""
    while data := connection.recv(READ_BYTES):
        if b"PING" in data:
            connection.sendall(b"PONG\r\n")


def publication(topic: int, payload: bytes) -> bytes:
    """One message."""
    return b"PUB t%d %d\r\n%b\r\n" % (topic, len(payload), payload)


def publish() -> None:
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
    publish() if "--publish" in sys.argv else serve()
