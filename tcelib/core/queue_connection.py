# ruff: noqa: N802  the names that TCE's users know
"""A connection over message queues (TCE protocol, sections 1 and 6.4).

A connection writes to one queue or reads one. A program that calls over a queue reads the answers from another: its
name travels with each call, as ``__mq_return__``, and ``setLoopbackMQ`` sets the connection that reads it. A program
that serves puts each answer on the queue that its call names.
"""

from collections.abc import Callable, Sequence

from tcelib.core.body_link import BodyLink
from tcelib.core.call_option import DEFAULT_CALL_TIMEOUT
from tcelib.core.connection import RpcConnection
from tcelib.core.port import QueueTransport
from tcelib.wire.message import MQ_RETURN, props_of
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES


class RpcQueueConnection(RpcConnection):
    """Connection of one queue. ``name`` is the queue's, as the other side knows it.

    ``is_idempotent``: a call that was sent over this connection may run again if the service that had taken it is
    gone. Otherwise its caller gets CONNECTION_LOST. A kind of queue that gives no message twice does not ask.

    ``route_bodies``, if there is one, is asked first about messages that were taken together. It passes on those that
    are not for this program, and returns the places of the others. Of calls that may not run a second time it is
    told that they come again.

    Listeners are not told of messages that come over queues.
    """

    link: BodyLink

    def __init__(
        self,
        name: str,
        transport: QueueTransport,
        *,
        max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES,
        call_timeout: float | None = DEFAULT_CALL_TIMEOUT,
    ) -> None:
        super().__init__(transport, call_timeout=call_timeout, link=BodyLink(name, transport, max_packet_bytes))
        self.name = name
        self.is_idempotent = False
        self.route_bodies: Callable[[Sequence[bytes], bool], Sequence[int]] | None = None

    def setLoopbackMQ(self, conn: "RpcQueueConnection") -> None:
        """Expect the answers of this connection's calls on ``conn``."""
        self.calls.standing_extra = {MQ_RETURN: conn.name}
        conn.calls.take_answers_of(self.calls)

    def receive_body(self, body: bytes) -> bool:
        """Take one message off the queue and serve it. Returns as ``receive`` does."""
        self.link.take(body)
        return self.serve()

    def refuse_body(self, body: bytes, errcode: int) -> None:
        """Answer a call with an error and serve it not. Nothing else is answered."""
        waiting = self.link.waiting
        before = len(waiting)
        self.link.take(body)
        if len(waiting) > before:
            packet = waiting.pop()
            self.servants.refuse(packet, errcode, props_of(packet))
