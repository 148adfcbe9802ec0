"""What calling and serving share: one stream of packets in, one out.

What is sent while received messages are served is kept back, to leave in one write (``flush``).
"""

from collections import deque

from tcelib.core.complaint import Complaints
from tcelib.core.port import Transport
from tcelib.error import RPCERROR_SENDFAILED, PacketError, RpcException
from tcelib.wire.message import MESSAGE_BYTES, Extra, Packet, build_body
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES, SIZE_OF_NOTHING, PacketReader, build_packet, wrap


class Link:
    """The state of one stream. A client's connection outlives it: ``_begin_stream`` forgets everything about it."""

    def __init__(self, transport: Transport, max_packet_bytes: int = DEFAULT_MAX_PACKET_BYTES) -> None:
        self.transport = transport
        self.is_open = False
        self.is_retired = ""  # why no stream is opened any more
        self._max_packet_bytes = max_packet_bytes
        self._waiting: deque[Packet] = deque()
        self._outgoing: list[bytes] = []
        self.failure: PacketError | None
        """What was wrong with bytes that are no packets, once there were such: the stream ends with them."""
        self._begin_stream()

    def flush(self) -> None:
        """Write what was kept back. Raises ``RpcException`` (SENDFAILED, CONNECT_*)."""
        self._is_collecting = False
        self._collected = 0
        if self._outgoing:
            if self.is_retired:
                self._outgoing.clear()
                raise RpcException(RPCERROR_SENDFAILED, self.is_retired)
            packets, self._outgoing = self._outgoing, []
            self.transport.write(packets)

    def _begin_stream(self) -> None:
        self._complaints = Complaints()
        self._reader = PacketReader(
            self._max_packet_bytes, self._drop, lambda fields, reason: self._refuse_too_long((fields, b""), reason)
        )
        self.failure = None
        self._waiting.clear()
        self._outgoing.clear()
        self._collected = 0  # bytes of what was kept back, without short answers
        self._is_collecting = False
        self._received = 0

    def _build(
        self,
        sequence: int,
        calltype: int,
        route: int,
        *,
        errcode: int = 0,
        paramsize: int = 0,
        call_id: int = 0,
        extra: Extra | None = None,
        params: bytes = b"",
    ) -> bytes:
        """A packet for this peer. Raises ``RpcException`` (SENDFAILED) if it is longer than peers take.

        Peers look at what they have inflated, so that is what is measured, also of what leaves compressed.
        """
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
        self._check_size(SIZE_OF_NOTHING + MESSAGE_BYTES + len(params))
        return build_packet(
            sequence,
            calltype,
            route,
            errcode=errcode,
            paramsize=paramsize,
            call_id=call_id,
            params=params,
            deflates=self._deflates,
        )

    @property
    def _deflates(self) -> bool:
        return self._reader.peer_inflates and self.transport.may_compress

    def _wrap(self, body: bytes) -> bytes:
        """The packet of a body. Raises as ``_build``."""
        self._check_size(SIZE_OF_NOTHING + len(body))
        return wrap(body, self._deflates)

    def _check_size(self, size: int) -> None:
        if size > self._max_packet_bytes:
            raise RpcException(RPCERROR_SENDFAILED, f"{size} bytes; allowed are {self._max_packet_bytes}")

    def _push(self, packet: bytes) -> None:
        """Send a packet: with the others of this turn, or at once if it is nobody's turn. Raises as ``flush``."""
        self._outgoing.append(packet)
        self._collected += len(packet)
        if not self._is_collecting:
            self.flush()

    def _refuse_too_long(self, packet: Packet, reason: str) -> None:
        """A message has come that is longer than ``max_packet_bytes``."""
        self._drop(reason)

    def _drop(self, detail: object) -> None:
        self._complaints.add("a message that cannot be read was dropped", detail)
