"""Options of the connections of a listener or a dialer, with the defaults and their reasons."""

from dataclasses import dataclass
from typing import Any

from tcelib.core.call_option import DEFAULT_CALL_TIMEOUT
from tcelib.core.connection import RpcConnection
from tcelib.core.listener import RpcConnectionEventListener
from tcelib.core.port import Transport
from tcelib.limit.door_guard import DoorGuard
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES

READ_BYTES = 65536  # of one connection in one turn: then the others have theirs
NESTING = 20
"""Servants that wait for a call of their own leave their places; there are so many times more of them at most."""
UNSENT_PAUSE_BYTES = 262144  # while more than this waits to be sent, nothing is read: answers would only pile up


@dataclass(frozen=True)
class Options:
    """One for a listener, shared by its connections, or one for a dialer. Times are in seconds.

    ``idle_seconds``: an accepted connection on which nothing moved for this long is closed, within twice the time
    (clients exist that open one per message and leave it). ``stalled_seconds``: so is any connection whose peer takes
    nothing that we send. ``keep_alive_seconds``: after so long a silence the system asks whether the peer is there,
    and after twice as long it ends the connection; 0: never. ``max_unsent_bytes``: a connection to which more than
    this waits to be sent is closed. ``max_waiting_servants``: so many servants of one connection may block at the
    same time in gevent; further calls wait. ``gives_user_ids``: accepted connections are numbered users "1", "2", ...
    until somebody says better. ``guard`` keeps the limits of accepted connections. ``drain_seconds``: so long
    servants may go on when a queue closes that keeps messages until they are done. ``lease_seconds``: so long after
    its last renewal others may take the calls of a service.
    """

    listener: RpcConnectionEventListener | None = None
    max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES
    call_timeout: float | None = DEFAULT_CALL_TIMEOUT
    may_compress: bool = True
    connect_seconds: float = 10.0
    idle_seconds: float = 600.0
    stalled_seconds: float = 30.0
    keep_alive_seconds: float = 30.0
    max_unsent_bytes: int = 16 * 1024 * 1024
    max_waiting_servants: int = 50
    gives_user_ids: bool = True
    backlog: int = 1024
    drain_seconds: float = 20.0
    lease_seconds: float = 10.0
    guard: DoorGuard[Any] | None = None

    def make_connection(self, transport: Transport) -> RpcConnection:
        """A connection over ``transport``, with what is set here."""
        return RpcConnection(
            transport,
            listener=self.listener,
            max_packet_bytes=self.max_packet_bytes,
            call_timeout=self.call_timeout,
        )


DEFAULTS = Options()
