"""HubWaiting: a connection to a broker for programs of a gevent hub. It reads on a greenlet of its own."""

import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import gevent
import gevent.event
import gevent.lock
import gevent.socket

from tcelib.queue.amqp.waiting import Door


class HubWaiting:
    """See ``Waiting``."""

    def connect(self, host: str, port: int, seconds: float) -> Any:
        """See ``Waiting``."""
        sock = gevent.socket.create_connection((host, port), seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def is_readable(self, sock: Any, seconds: float) -> bool:
        """See ``Waiting``."""
        if sock.fileno() < 0:
            raise OSError("the socket is closed")
        try:
            gevent.socket.wait_read(sock.fileno(), seconds, _NothingError())
        except _NothingError:
            return False
        return True

    def door(self) -> Door:
        """See ``Waiting``."""
        return HubDoor()

    def go(self, run: Callable[[], object]) -> gevent.Greenlet:
        """See ``Waiting``."""
        return gevent.spawn(run)


class HubDoor:
    """See ``Door``."""

    def __init__(self) -> None:
        self._lock = gevent.lock.RLock()
        self._changed = gevent.event.Event()

    def wait(self, timeout: float) -> None:
        """See ``Door``."""
        changed = self._changed
        self._lock.release()
        try:
            changed.wait(timeout)
        finally:
            self._lock.acquire()

    def notify_all(self) -> None:
        """See ``Door``."""
        self._changed.set()
        self._changed = gevent.event.Event()

    def __enter__(self) -> Self:
        self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


class _NothingError(Exception):
    """Nothing came in time."""
