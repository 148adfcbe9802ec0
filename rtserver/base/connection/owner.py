"""What surrounds a connection: who is told of it, and what it shares with the others of its server."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, Protocol

from rtserver.base.connection.flusher import Flusher
from rtserver.base.connection.timer_wheel import TimerWheel
from rtserver.base.limit.admission import Admission
from rtserver.base.limit.connection_rate import Rates
from rtserver.base.limit.pending import PendingConnections
from rtserver.base.tce.counts import TceCounts
from tcelib.core.adapter import RpcCommAdapter


class ConnectionOwner(Protocol):
    """What a connection tells of itself. ``session`` is what ``on_open`` gave for it."""

    async def authenticate_token(self, token: str) -> Any | None:
        """Who shows a token instead of a cookie; None for one that does not hold.

        Raises ``TryLaterError`` while that cannot be told, and for a user with too many connections.
        """

    def on_open(self, connection: Any, identity: Any) -> Any | None:
        """The connection is up. What is returned names it in every later call; None drops the connection."""

    def user_id(self, session: Any) -> str:
        """Whose connection it is, as servants are told."""

    def on_text(self, session: Any, payload: bytes) -> Awaitable[object] | None:
        """A text message. While an awaitable that is returned is pending, nothing more is read."""

    def on_binary(self, session: Any, payload: bytes) -> Awaitable[object] | None:
        """A binary message, or bytes of a binary stream; what is returned as in ``on_text``."""

    def on_lag(self, session: Any, is_lagging: bool) -> None:
        """The client has begun to lag behind what is sent to it, or has caught up."""

    def on_close(self, session: Any, code: int) -> None:
        """It is over, whoever ended it: told once, and nothing more is told after it."""


class Refusals(Protocol):
    """Says for the log why somebody was not let in. Asked after the answer, which it is no part of."""

    async def of_cookies(self, header: str) -> str:
        """Why a Cookie header let nobody in."""

    async def of_token(self, token: str | None) -> str:
        """Why a token did, or that none came."""


class Environment(Protocol):
    """What the connections of one server share."""

    flusher: Flusher
    wheel: TimerWheel
    heartbeat_seconds: float
    max_message_bytes: int
    outbox_bytes: int
    outbox_hard_bytes: int
    slow_seconds: float
    adapter: RpcCommAdapter
    max_packet_bytes: int
    login_seconds: float
    tce_counts: TceCounts
    strangers: PendingConnections[Any]
    too_slow: int
    """Counts the connections that were given up because too much waited for them."""
    too_large: int
    """Counts the frames that were left out because no client could take them."""
    admission: Admission
    refusals: Refusals | None
    rates: Rates | None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where the sockets are watched."""

    @property
    def owner(self) -> ConnectionOwner:
        """Who is told."""

    def now(self) -> float:
        """The event loop's time."""

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run what a connection has to wait for; it never raises. It is cancelled at the server's end."""

    def forget(self, connection: Any) -> None:
        """The connection's socket is closed."""
