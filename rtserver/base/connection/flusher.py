"""Shared flush of outboxes: at once while the server is idle, together while it is busy.

A lone message leaves at the end of the event loop's current turn. What comes while a round of writes is under way
leaves together with the next round, in one write per socket. Behind a long round, the next one waits for a window
that is a part of the time that the round took: writes to many clients leave time for other work.
"""

import asyncio
import logging

from rtserver.base.connection.write_round import Writable, write_round
from rtserver.base.send.plain import PLAIN
from rtserver.base.send.port import Sender

log = logging.getLogger(__name__)

WINDOW_PART = 0.25
"""Length of a window, as a part of the round before it.

A message waits for the round under way, then for its own. A window as long as a round makes that half as long again.
"""

SHORTEST_WINDOW = 0.001
"""Seconds. The loop's wait, by epoll, counts in milliseconds: it would make this of all shorter windows."""


class Flusher:
    """Flush of all connections of one event loop, armed by the first connection that has something to send.

    ``window`` is the length of the longest window in seconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, window: float = 0.002, sender: Sender = PLAIN) -> None:
        self._loop = loop
        self._window = window
        self._send_each = sender.send_each
        self._dirty: list[Writable] = []
        self._is_armed = False
        self._next = 0.0

    def add(self, connection: Writable) -> None:
        """Flush ``connection`` soon. The caller adds it once only until then."""
        self._dirty.append(connection)
        if not self._is_armed:
            self._is_armed = True
            if self._next <= self._loop.time():
                self._loop.call_soon(self._flush)
            else:
                self._loop.call_at(self._next, self._flush)

    def _flush(self) -> None:
        self._is_armed = False
        begun = self._loop.time()
        dirty, self._dirty = self._dirty, []
        for go_on in write_round(dirty, self._send_each):
            # It calls the handler about lags and ends. An error there must not leave the others unwritten.
            try:
                go_on()
            except BaseException:
                log.exception("! a flush failed")
        ended = self._loop.time()
        window = min(self._window, WINDOW_PART * (ended - begun))
        self._next = ended + window if window >= SHORTEST_WINDOW else 0.0
