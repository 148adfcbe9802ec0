"""Admission of plain HTTP: the requests that reach Tornado, and the connections that wait for their next one.

The limits, the deadlines and the strictness are those of a handshake: a proxy and we have to read the same request.
"""

from typing import Any

from rtserver.base.connection.connection_set import ConnectionSet
from rtserver.base.connection.timer_wheel import Callback, Timer
from rtserver.base.limit.table import HEAD_SECONDS
from rtserver.base.listener.last_answer import http_error
from rtserver.base.listener.pending_watch import PendingWatch
from rtserver.base.wire.forwarded import Networks, is_within, sender_of
from rtserver.base.wire.handshake import HandshakeError
from rtserver.base.wire.http_head import END, parse_request
from tcelib.limit.too_many import TooMany


class HttpAdmission:
    """State that the plain HTTP connections of one listener share. Belongs to the event loop's thread.

    ``trusted`` are the proxies that say for whom they ask. A head has to come within ``head_seconds`` of its first
    byte. ``waiting`` counts the connections that have not sent a whole head: idle ones, and slow ones.
    """

    def __init__(self, connection_set: ConnectionSet, *, trusted: Networks = ()) -> None:
        self.admission = connection_set.admission
        self.trusted = trusted
        self.head_seconds = HEAD_SECONDS
        self.waiting = PendingWatch(connection_set, "next request", "too many connections wait")

    def arm(self, on_late: Callback) -> Timer:
        """Return a timer for the rest of a head."""
        return self.waiting.arm(self.waiting.now() + self.head_seconds, on_late)

    def countable(self, address: tuple[Any, ...]) -> str | None:
        """Return the IP address that a connection counts for before its request is read; None for a trusted proxy.

        A proxy's connection may carry the request of any client.
        """
        ip: str = address[0]
        return None if self.trusted and is_within(ip, self.trusted) else ip

    def admit(self, peer: str, head: bytes) -> None:
        """Let a request through; ``head`` ends with its empty line. Raises ``HandshakeError`` (400, 429, 503)."""
        if not head.endswith(END):
            raise HandshakeError(400, "a line that ends without a carriage return")
        # Some clients send an empty line behind a body (RFC 9112, section 2.2).
        request = parse_request(head.removesuffix(END).removeprefix(b"\r\n"))
        sender = sender_of(peer, request.headers, self.trusted, is_secure=False)
        try:
            self.admission.admit_request(sender.remote_ip, self.waiting.now())
        except TooMany as error:
            raise http_error(error) from None
