"""Shared flush of outboxes: at once while the server is idle, together while it is busy.

A lone message leaves at the end of the event loop's current turn. Under load, all messages within ``window`` seconds
of the last flush leave in one write per socket: the window turns a burst into one system call per client.
"""

import asyncio
import logging
from typing import Protocol

log = logging.getLogger(__name__)


class Flushable(Protocol):
    """Connection with something to write."""

    def flush(self) -> None:
        """Write what waits now, as far as the system takes it."""


class Flusher:
    """Flush of all connections of one event loop, armed by the first connection that has something to send."""

    def __init__(self, loop: asyncio.AbstractEventLoop, window: float = 0.002) -> None:
        self._loop = loop
        self._window = window
        self._dirty: list[Flushable] = []
        self._is_armed = False
        self._last_flush = 0.0

    def add(self, connection: Flushable) -> None:
        """Flush ``connection`` soon. The caller adds it once only until then."""
        self._dirty.append(connection)
        if not self._is_armed:
            self._is_armed = True
            delay = self._last_flush + self._window - self._loop.time()
            if delay <= 0:
                self._loop.call_soon(self._flush)
            else:
                self._loop.call_later(delay, self._flush)

    def _flush(self) -> None:
        self._is_armed = False
        dirty, self._dirty = self._dirty, []
        for connection in dirty:
            # A flush calls the handler about lags and ends. An error there must not leave the others unwritten.
            try:
                connection.flush()
            except BaseException:
                log.exception("! a flush failed")
        self._last_flush = self._loop.time()
