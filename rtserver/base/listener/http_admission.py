"""Which requests of plain HTTP are let through to Tornado, and which connections may wait for their next one.

The limits, the deadlines and the strictness are those of a handshake: a proxy and we have to read the same request.
"""

from typing import Protocol

from rtserver.base.connection.connection_set import ConnectionHome
from rtserver.base.connection.timer_wheel import Callback, Timer
from rtserver.base.limit.pending import RETRY_SECONDS, WaitingRoom
from rtserver.base.limit.table import HEAD_SECONDS
from rtserver.base.wire.forwarded import Networks, sender_of
from rtserver.base.wire.handshake import HandshakeError
from rtserver.base.wire.http_head import END, parse_request


class WaitingStream(Protocol):
    """A connection that waits for its next head, or for the rest of one: ``GuestStream``."""

    def turn_away(self, error: HandshakeError) -> None:
        """End it, with an answer if it has begun to ask."""


class HttpAdmission:
    """What the plain HTTP connections of one listener share. Belongs to the event loop's thread.

    ``trusted`` are the proxies that say for whom they ask. A head has to come within ``head_seconds`` of its first
    byte. ``waiting`` are the connections that have not sent a whole head: idle ones, and slow ones.
    """

    def __init__(self, home: ConnectionHome, *, trusted: Networks = ()) -> None:
        self.gate = home.gate
        self.trusted = trusted
        self.head_seconds = HEAD_SECONDS
        self.waiting: WaitingRoom[WaitingStream] = WaitingRoom(home.gate)
        self._home = home

    def arm(self, on_late: Callback) -> Timer:
        """A timer for the rest of a head."""
        return self._home.wheel.arm(self._home.now(), self.head_seconds, on_late)

    def enter(self, stream: WaitingStream, ip: str | None) -> None:
        """Let a connection wait for its next head; where there are too many, the longest waiting one goes.

        ``ip`` None is a proxy's. Raises ``HandshakeError`` (429) for one too many of an address.
        """
        displaced = self.waiting.enter(stream, ip)
        if displaced is not None:
            displaced.turn_away(HandshakeError(503, "too many connections wait", {"Retry-After": str(RETRY_SECONDS)}))

    def admit(self, peer: str, head: bytes) -> None:
        """Let a request through; ``head`` ends with its empty line. Raises ``HandshakeError`` (400, 429, 503)."""
        if not head.endswith(END):
            raise HandshakeError(400, "a line that ends without a carriage return")
        # Some clients send an empty line behind a body (RFC 9112, section 2.2).
        request = parse_request(head.removesuffix(END).removeprefix(b"\r\n"))
        sender = sender_of(peer, request.headers, self.trusted, is_secure=False)
        self.gate.admit_request(sender.remote_ip, self._home.now())
