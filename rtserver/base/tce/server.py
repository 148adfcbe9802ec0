"""Entrances of TCE clients: from a browser's WebSocket, from a WebSocket that asks for TCE, from TCP."""

from functools import partial

from rtserver.base.connection.carrier import BinaryPeer, Carrier
from rtserver.base.connection.connection import Kind
from rtserver.base.connection.websocket import WebSocketReceiver
from rtserver.base.tce.carriage import BESIDE_TEXT, FRAMED, STREAM, Carriage
from rtserver.base.tce.connection import PacketReceiver
from rtserver.base.tce.framing import ON_MESSAGE, framing_of, is_split, message_frame, message_packet
from rtserver.base.tce.login import TceLogin
from rtserver.base.tce.rpc_transport import RpcTransport
from rtserver.base.tce.shared import TceShared
from rtserver.base.wire.close_code import CloseCode
from tcelib.limit.too_many import TooMany


class TceServer:
    """Opens the binary side of connections. The event loop's thread only.

    ``framed_kind`` are WebSockets that asked for TCE, ``stream_kind`` TCP connections. Browsers have a kind of their
    own, whose ``open_binary`` is ``open_beside_text``.
    """

    def __init__(self, shared: TceShared) -> None:
        self.shared = shared
        open_receiver = partial(WebSocketReceiver, max_message_bytes=shared.max_packet_bytes)
        self.framed_kind = Kind("tce, websocket", message_frame, open_receiver, partial(self._open, FRAMED))
        self.stream_kind = Kind("tce", message_packet, PacketReceiver)

    def open_beside_text(self, carrier: Carrier, first: bytes) -> BinaryPeer:
        """Return the peer of a browser whose ``first`` binary message has come."""
        return self._open(BESIDE_TEXT, carrier, first)

    def expect_token_in_frames(self, carrier: Carrier) -> None:
        """Close a WebSocket that asked for TCE, unless it shows a token soon."""
        self._expect_token(FRAMED, carrier)

    def expect_token(self, carrier: Carrier) -> None:
        """Close a TCP connection, unless it shows a token soon."""
        self._expect_token(STREAM, carrier)

    def _open(self, carriage: Carriage, carrier: Carrier, first: bytes) -> BinaryPeer:
        in_cesu8 = is_split(first)
        if in_cesu8 and carriage.takes_messages:
            carrier.framing = framing_of(ON_MESSAGE.ifidx, is_framed=True, in_cesu8=True)
        return RpcTransport(self.shared, carriage, carrier, in_cesu8=in_cesu8)

    def _expect_token(self, carriage: Carriage, carrier: Carrier) -> None:
        carrier.binary = TceLogin(self.shared, carriage, carrier)
        try:
            displaced = self.shared.pending.enter(carrier, carrier.remote_ip)
        except TooMany as error:
            carrier.close(CloseCode.TOO_MANY, error.reason)
        else:
            if displaced is not None:
                displaced.close(CloseCode.TOO_MANY, "too many connections have not shown a token yet")
