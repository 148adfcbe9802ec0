"""Shared flush of outboxes: a queue of connections that have something to send, written in slices.

A lone message leaves at the end of the event loop's current turn. Each turn writes a slice of the queue. Between two
slices the loop reads and fans out, so what comes meanwhile joins the writes of all connections whose turn is yet to
come. Under load a message waits for half a pass over the queue on average. If one turn wrote all of it, the message
would wait for the pass under way, then for half of its own.
"""

import asyncio
import logging
from collections.abc import Sequence

from rtserver.base.connection.write_round import Writable, write_round
from rtserver.base.send.plain import PLAIN
from rtserver.base.send.port import Sender

log = logging.getLogger(__name__)

SLICE = 128
"""Connections of the shortest slice. They take half a millisecond, and a turn of the loop as long as some writes."""

SLICE_PART = 4
"""A slice is at least this part of the queue: a message for all of them takes 0.1 µs for each, in every turn."""

SLICED_BYTES = 32_768
"""Bytes for each connection of a queue that is written in slices. More are written in one turn.

Bytes may come in each turn, and clients must not lag because their socket has not been looked at.
"""


class Flusher:
    """Flush of all connections of one event loop, armed by the first connection that has something to send.

    Behind a queue that was written whole, what comes within ``window`` seconds waits for the end of them. That leaves
    processor time to others. The loop counts them in milliseconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, window: float = 0.0, sender: Sender = PLAIN) -> None:
        self._loop = loop
        self._window = window
        self._send_each = sender.send_each
        self._queue: list[Writable] = []
        self._bytes = 0
        self._is_armed = False
        self._next = 0.0

    def add(self, connection: Writable) -> None:
        """Flush ``connection`` soon. The caller adds it once only until then."""
        self._queue.append(connection)
        self._arm()

    def add_all(self, connections: Sequence[Writable], size: int) -> None:
        """``add`` connections. They and others that were added before have got ``size`` bytes more, all together."""
        self._queue += connections
        self._bytes += size
        if self._queue:
            self._arm()

    def _arm(self) -> None:
        if self._is_armed:
            return
        self._is_armed = True
        if self._next <= self._loop.time():
            self._loop.call_soon(self._flush)
        else:
            self._loop.call_at(self._next, self._flush)

    def _flush(self) -> None:
        self._is_armed = False
        for go_on in write_round(self._take_slice(), self._send_each):
            # It calls the handler about lags and ends. An error there must not leave the others unwritten.
            try:
                go_on()
            except BaseException:
                log.exception("! a flush failed")
        if self._queue:
            self._arm()
        elif self._window:
            self._next = self._loop.time() + self._window

    def _take_slice(self) -> list[Writable]:
        queue = self._queue
        length = len(queue)
        count = max(SLICE, length // SLICE_PART)
        if count >= length or self._bytes > SLICED_BYTES * length:
            self._queue, self._bytes = [], 0
            return queue
        self._queue = queue[count:]
        self._bytes -= self._bytes * count // length
        return queue[:count]
