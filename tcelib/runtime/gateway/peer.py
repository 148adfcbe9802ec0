"""Peer: a service that a gateway reaches over a connection of its own."""

import logging
import random
import time
from collections.abc import Callable

import gevent
import gevent.event

from tcelib.core.connection import RpcConnection
from tcelib.error import RPCERROR_CONNECTION_LOST, RpcException
from tcelib.gateway.verb import Reason

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
GOOD_SECONDS = 1.0
"""A connection that lasted so long was one: the next try comes at once. A proxy takes connections for nobody, too."""
log = logging.getLogger("tce.gateway")


class Peer:
    """Keeps the connection open, with pauses between tries. ``on_lost`` hears of each that has ended or was not made.

    Its reason is LOST for a connection that there was, otherwise UNSENT: what was to be sent over it was not.
    """

    def __init__(self, name: str, connection: RpcConnection, on_lost: Callable[[Reason], object]) -> None:
        self._name = name
        self._connection = connection
        self._on_lost = on_lost
        self._has_ended = gevent.event.Event()
        self._is_told = False
        connection.on_lost = self._lost
        self._greenlet = gevent.spawn(self._keep_open)

    def send(self, body: bytes) -> bool:
        """Send a message, with its envelope. Return false if it certainly does not leave."""
        try:
            self._connection.link.push_body(body)
        except RpcException as failure:
            log.warning("! a message was not passed on to %s: %s", self._name, failure)
            return False
        return True

    def close(self) -> None:
        """Open it no more."""
        self._connection.on_lost = None
        self._greenlet.kill()

    def _keep_open(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            begun = time.monotonic()
            self._open_once()
            lasted = time.monotonic() - begun
            pause = FIRST_PAUSE_SECONDS if lasted >= GOOD_SECONDS else min(2 * pause, LONGEST_PAUSE_SECONDS)
            gevent.sleep(pause * random.uniform(0.5, 1.0))

    def _open_once(self) -> None:
        """Return when the connection has ended, or could not be made. A call may have opened it."""
        self._has_ended.clear()
        if not self._connection.is_open:
            self._connection.transport.write(())
        self._has_ended.wait()

    def _lost(self, error: RpcException) -> None:
        was_there = error.errcode == RPCERROR_CONNECTION_LOST
        if was_there or not self._is_told:
            log.warning("! the service %s is lost: %s", self._name, error)
            self._is_told = not was_there
        self._has_ended.set()
        self._on_lost(Reason.LOST if was_there else Reason.UNSENT)
