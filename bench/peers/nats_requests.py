"""nats-server, and with ``--publish`` a responder: what is sent to ``calls`` goes back to the subject that asks."""

import os
import socket
import sys
from pathlib import Path

from work import READY, port_argument

READ_BYTES = 262_144
CONFIG = 'listen: "127.0.0.1:{port}"\n'


def serve() -> None:
    """Become nats-server."""
    port = port_argument()
    config = Path(os.environ["BENCH_DIRECTORY"]) / "nats.conf"
    config.write_text(CONFIG.format(port=port), encoding="utf-8")
    os.execlp("nats-server", "nats-server", "-c", str(config), "-l", "/dev/null")


def replies(data: bytes) -> tuple[bytes, bytes]:
    """Return the replies to the whole requests in ``data``, and the rest of it."""
    written, at = [], 0
    while (end := data.find(b"\r\n", at)) >= 0:
        words = data[at:end].split(b" ")
        if words[0] != b"MSG":
            if words[0] == b"PING":
                written.append(b"PONG\r\n")
            at = end + 2
            continue
        stop = end + 2 + int(words[4]) + 2
        if stop > len(data):
            break
        written.append(b"PUB %b %b%b" % (words[3], words[4], data[end:stop]))
        at = stop
    return b"".join(written), data[at:]


def respond() -> None:
    connection = socket.create_connection(("127.0.0.1", int(os.environ["BENCH_PORT"])))
    connection.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB calls 1\r\nPING\r\n')
    while b"PONG" not in connection.recv(READ_BYTES):  # it has seen the subscription then
        pass
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    rest = b""
    while data := connection.recv(READ_BYTES):
        answer, rest = replies(rest + data)
        if answer:
            connection.sendall(answer)


if __name__ == "__main__":
    respond() if "--publish" in sys.argv else serve()
