"""The stream of a connection over message queues (TCE protocol, sections 1 and 6.4): bodies without an envelope.

They are never compressed. An answer goes to the queue that its call names.
"""

from tcelib.core.link import Link
from tcelib.core.port import QueueTransport
from tcelib.error import DecodeError
from tcelib.wire.message import (
    CALL,
    MQ_RETURN,
    ONEWAY,
    Extra,
    Header,
    Packet,
    RpcMessage,
    build_body,
    parse_body,
    props_of,
)
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES


class BodyLink(Link):
    """Link of a queue's connection. ``name`` is the queue's, for the log."""

    __slots__ = ("name",)

    transport: QueueTransport

    def __init__(
        self, name: str, transport: QueueTransport, max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES
    ) -> None:
        super().__init__(transport, max_packet_bytes)
        self.name = name

    def take(self, body: bytes) -> None:
        """Add one message of the queue to ``waiting``. A call that names no queue for its answer becomes one-way."""
        try:
            packet = parse_body(body)
        except DecodeError as error:
            self.drop(error)
            return
        self.reader.messages += 1  # which reads no stream here
        if len(body) > self.max_packet_bytes:
            self.on_too_long(packet, f"{len(body)} bytes; allowed are {self.max_packet_bytes}")
        else:
            self.waiting.append(self._answerable(packet))

    def build(
        self,
        sequence: int,
        calltype: int,
        route: int,
        paramsize: int = 0,
        params: bytes = b"",
        *,
        errcode: int = 0,
        call_id: int = 0,
        extra: Extra | None = None,
    ) -> bytes:
        """See ``Link``."""
        body = build_body(
            sequence,
            calltype,
            route,
            errcode=errcode,
            paramsize=paramsize,
            call_id=call_id,
            extra=extra,
            params=params,
        )
        self.check_size(len(body))
        return body

    def pack(self, message: RpcMessage) -> bytes:
        """See ``Link``."""
        return message.pack()

    def push_answer(self, packet: Packet, answer: bytes) -> None:
        """See ``Link``. Answers are written at once. Raises ``RpcException`` (SENDFAILED)."""
        self.transport.write_to(props_of(packet).get(MQ_RETURN, ""), answer)

    def _answerable(self, packet: Packet) -> Packet:
        header = Header.of(packet)
        if not header.calltype & CALL or header.calltype & ONEWAY or props_of(packet).get(MQ_RETURN):
            return packet
        self.complaints.add("a call that names no queue for its answer gets none", self.name)
        return header._replace(calltype=header.calltype | ONEWAY), packet[1]
