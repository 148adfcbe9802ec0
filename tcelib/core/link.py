"""One stream of packets in, one stream of packets out: the part of a connection that calls and servants share.

Packets that are sent while received messages are served are kept back, and leave together in one write (``flush``).
The thread of the connection only.
"""

import logging
from collections import deque
from collections.abc import Iterable

from tcelib.core.complaint import Complaints
from tcelib.core.port import OnTooLong, Transport
from tcelib.error import RPCERROR_SENDFAILED, PacketError, RpcException
from tcelib.wire.message import MESSAGE_BYTES, Extra, Packet, RpcMessage, build_body
from tcelib.wire.packet import (
    DEFAULT_MAX_PACKET_BYTES,
    SHORT_BYTES,
    SIZE_OF_NOTHING,
    PacketReader,
    build_packet,
    wrap,
)

SIZE_OF_SHORT = SIZE_OF_NOTHING + MESSAGE_BYTES + SHORT_BYTES
GATHERED_BYTES = 65_536  # outside of a turn, then they are written
PLAIN_BYTES = 1_024
"""To deflate a short message that was brought takes a gateway longer than everything else about it (15 µs), and its
extra values are not worth it: 145 bytes become 127.
"""
log = logging.getLogger("tce.connection")


class Link:
    """State of one stream. A client's connection outlives its streams: ``begin`` forgets everything about the last.

    ``waiting`` holds the received messages that were not served yet, ``outgoing`` the packets that were not written
    yet. ``collected`` counts the bytes of ``outgoing``, short answers excepted. ``reader`` is a new object for each
    stream. ``failure`` is the error of bytes that are no packets: the stream ends with it. ``is_retired`` is the
    reason why no stream will be opened any more, empty while there is none. ``is_greeting_due`` is true until a first
    message has been sent on the stream. ``on_too_long`` is called with a received message that is longer than
    ``max_packet_bytes``, and with a reason; by default the message is dropped.
    """

    __slots__ = (
        "_is_collecting",
        "_is_gathering",
        "collected",
        "complaints",
        "failure",
        "is_greeting_due",
        "is_open",
        "is_retired",
        "max_packet_bytes",
        "on_too_long",
        "outgoing",
        "reader",
        "transport",
        "waiting",
    )

    def __init__(self, transport: Transport, max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES) -> None:
        self.transport = transport
        self.is_open = False
        self.is_retired = ""
        self.waiting: deque[Packet] = deque()
        self.outgoing: list[bytes] = []
        self.on_too_long: OnTooLong = lambda _, reason: self.drop(reason)
        self.failure: PacketError | None
        self.max_packet_bytes = max_packet_bytes
        self.begin()

    def begin(self) -> None:
        """Begin a new stream."""
        self.complaints = Complaints()
        self.reader = PacketReader(
            self.max_packet_bytes, self.drop, lambda fields, reason: self.on_too_long((fields, b""), reason)
        )
        self.failure = None
        self.is_greeting_due = True
        self.waiting.clear()
        self.outgoing.clear()
        self.collected = 0
        self._is_collecting = False
        self._is_gathering = False

    @property
    def received(self) -> int:
        """The number of messages since the stream began, without those that wait to be served."""
        return self.reader.messages - len(self.waiting)

    def feed(self, data: bytes) -> None:
        """Cut received bytes into messages, which join ``waiting``. Sets ``failure`` if they are no packets."""
        try:
            self.reader.feed(data, self.waiting)
        except PacketError as error:
            self.failure = error

    def collect(self) -> None:
        """Keep back what is pushed from now on, until ``flush``."""
        self._is_collecting = True

    def push(self, packet: bytes) -> None:
        """Send a packet. Raises as ``flush``.

        In a turn it leaves with the others. Outside of one it leaves at once; those that follow before the loop's
        next turn leave together, as a system call for each takes as long as all the rest.
        """
        self.outgoing.append(packet)
        self.collected += len(packet)
        if self._is_collecting or (self._is_gathering and self.collected < GATHERED_BYTES):
            return
        self.flush()
        self._is_gathering = self.is_open and self.transport.call_soon(self._end_gathering)

    def flush(self) -> None:
        """Write the packets that were kept back. Raises ``RpcException`` (SENDFAILED, CONNECT_*)."""
        self._is_collecting = False
        self._write_out()

    def _write_out(self) -> None:
        self.collected = 0
        if self.outgoing:
            packets, self.outgoing = self.outgoing, []
            try:
                if self.is_retired:
                    raise RpcException(RPCERROR_SENDFAILED, self.is_retired)
                self.transport.write(packets)
            except RpcException:
                self.is_greeting_due = True  # the greeting may be among the packets that were not sent
                raise

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
        """Return a packet for this peer. Raises ``RpcException`` (SENDFAILED) if it is longer than peers accept.

        Peers measure the inflated packet, so the limit applies before compression.
        """
        size = len(params)
        if extra:
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
            return self._wrap(body)
        if size > SHORT_BYTES or self.max_packet_bytes < SIZE_OF_SHORT:
            self.check_size(SIZE_OF_NOTHING + MESSAGE_BYTES + size)
        return build_packet(
            sequence,
            calltype,
            route,
            paramsize,
            params,
            errcode=errcode,
            call_id=call_id,
            deflates=size > SHORT_BYTES and self._deflates,
        )

    def pack(self, message: RpcMessage) -> bytes:
        """Return the packet of a whole message. Raises as ``build``."""
        return self._wrap(message.pack())

    def push_body(self, body: bytes) -> None:
        """Send a message that another connection brought, with its envelope around it. Raises as ``build``.

        See ``PLAIN_BYTES``.
        """
        self.check_size(SIZE_OF_NOTHING + len(body))
        self.push(wrap(body, len(body) > PLAIN_BYTES and self._deflates))

    def push_bodies(self, bodies: Iterable[bytes]) -> list[bytes]:
        """Send messages that other connections brought, each with its envelope, in one write if they are short.

        Those of up to ``PLAIN_BYTES`` are not compressed. Return those that are too long, which are not sent. Raises
        as ``flush``.
        """
        deflates, most = self._deflates, self.max_packet_bytes - SIZE_OF_NOTHING
        too_long = []
        for body in bodies:
            if len(body) > most:
                too_long.append(body)
                continue
            packet = wrap(body, deflates and len(body) > PLAIN_BYTES)
            self.outgoing.append(packet)
            self.collected += len(packet)
            if self.collected >= GATHERED_BYTES:
                self._write_out()
        if not self._is_collecting:
            self.flush()
        return too_long

    def push_answer(self, packet: Packet, answer: bytes) -> None:
        """Send the answer to the call in ``packet``. Raises as ``flush``."""
        self.push(answer)

    def drop(self, detail: object) -> None:
        """Log that a received message cannot be read and is ignored."""
        self.complaints.add("a message that cannot be read was dropped", detail)

    def check_size(self, size: int) -> None:
        """Raise ``RpcException`` (SENDFAILED) if ``size`` is more than peers accept."""
        if size > self.max_packet_bytes:
            raise RpcException(RPCERROR_SENDFAILED, f"{size} bytes; allowed are {self.max_packet_bytes}")

    def _end_gathering(self) -> None:
        self._is_gathering = False
        try:
            self.flush()
        except RpcException as error:  # the transport ends the stream, which fails the calls
            log.debug("packets were not sent: %s", error)

    @property
    def _deflates(self) -> bool:
        return self.reader.peer_inflates and self.transport.may_compress

    def _wrap(self, body: bytes) -> bytes:
        self.check_size(SIZE_OF_NOTHING + len(body))
        return wrap(body, self._deflates)
