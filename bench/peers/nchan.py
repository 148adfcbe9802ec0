"""nginx with Nchan, and with ``--publish`` a backend of it: messages over one publisher's WebSocket.

Subscribers are at /sub/<topic>, publishers at /pub/<topic>, both over WebSocket, at ``BENCH_PORT``.
"""

import os
import shutil
import socket
import sys
import threading
import time
from pathlib import Path

from work import TICK, Work, port_argument

READ_BYTES = 65536
HANDSHAKE = (
    "GET /pub/t0 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
CONFIG = """
load_module {module};
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log /dev/null;
{user}
events {{ worker_connections 20000; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    nchan_max_reserved_memory 512m;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location ~ ^/sub/(\\w+)$ {{
            nchan_subscriber websocket;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
        }}
        location ~ ^/pub/(\\w+)$ {{
            nchan_publisher websocket;
            nchan_channel_id $1;
            nchan_message_buffer_length 100;
            nchan_message_timeout 5s;
        }}
    }}
}}
"""


def module_of(nginx: str) -> Path:
    """Return the path at which Debian puts the module, seen from the program."""
    return Path(nginx).resolve().parent.parent / "lib/nginx/modules/ngx_nchan_module.so"


def serve() -> None:
    """Become nginx."""
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    directory = os.environ["BENCH_DIRECTORY"]
    text = CONFIG.format(
        module=module_of(nginx),
        directory=directory,
        port=port_argument(),
        user="user root;" if os.geteuid() == 0 else "",
    )
    config = Path(directory) / "nginx.conf"
    config.write_text(text, encoding="utf-8")
    os.execl(nginx, "nginx", "-p", directory, "-c", str(config))


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


def publish() -> None:
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
    publish() if "--publish" in sys.argv else serve()
