"""State that the connections of one server share, and the bounds that hold for each of them."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from rtserver.base.connection.flusher import Flusher
from rtserver.base.connection.handler import ConnectionHandler
from rtserver.base.connection.read_set import ReadSet
from rtserver.base.connection.timer_wheel import TimerWheel
from tcelib.limit.connection_rate import Rates
from tcelib.limit.table import LimitCounts


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """Numbers of every connection: seconds and bytes.

    ``outbox_hard_bytes`` may wait for a client whose socket takes nothing, for ``slow_seconds`` at most. The system
    takes ``unsent_bytes`` of what it cannot send yet. ``max_message_bytes`` bounds a message of a client. Behind
    writes a message waits up to ``flush_window`` seconds for others that are written with it.
    """

    heartbeat_seconds: float = 25.0
    max_message_bytes: int = 65_536
    outbox_bytes: int = 262_144
    outbox_hard_bytes: int = 2_097_152
    slow_seconds: float = 10.0
    unsent_bytes: int = 131_072
    flush_window: float = 0.0


class Shared(Protocol):
    """Parts of a server that each of its connections uses. Belongs to the event loop's thread."""

    bounds: ConnectionBounds
    flusher: Flusher
    readers: ReadSet
    wheel: TimerWheel
    rates: Rates | None
    """Rates at which each connection may send; None for any."""
    too_slow: int
    """Number of connections that were given up because too much waited for them."""
    too_large: int
    """Number of frames that were left out because no client could take them."""
    now: Callable[[], float]
    """The event loop's clock."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that watches the sockets."""

    @property
    def handler(self) -> ConnectionHandler:
        """The application side."""

    @property
    def limited(self) -> LimitCounts:
        """Counts of the limits that were met."""

    def run(self, coroutine: Coroutine[object, object, None]) -> None:
        """Run a coroutine that a connection waits for. It must not raise, and is cancelled at the server's end."""

    def forget(self, connection: Any) -> None:
        """Drop a connection whose socket is closed."""
