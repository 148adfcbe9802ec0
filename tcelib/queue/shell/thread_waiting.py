"""ThreadWaiting: a connection to a broker for programs of plain threads. It reads on a thread of its own."""

import select
import socket
import threading
from collections.abc import Callable

from tcelib.queue.amqp.waiting import Door

READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


class ThreadWaiting:
    """See ``Waiting``."""

    def connect(self, host: str, port: int, seconds: float) -> socket.socket:
        """See ``Waiting``."""
        sock = socket.create_connection((host, port), seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def is_readable(self, sock: socket.socket, seconds: float) -> bool:
        """See ``Waiting``. A poll, as a select knows no descriptor above 1,023."""
        if sock.fileno() < 0:
            raise OSError("the socket is closed")
        poll = select.poll()
        poll.register(sock, READABLE)
        return bool(poll.poll(seconds * 1000))

    def door(self) -> Door:
        """See ``Waiting``."""
        return threading.Condition()

    def go(self, run: Callable[[], object]) -> threading.Thread:
        """See ``Waiting``."""
        thread = threading.Thread(target=run, name="amqp", daemon=True)
        thread.start()
        return thread
