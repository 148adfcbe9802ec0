"""WebSocket for TCE's own transports: RFC 6455 bytes in and out, TCE packets as a stream (TCE protocol, section 1.2).

Decides how packets sit in WebSocket messages: one packet to one binary message when sending, and when receiving all
binary messages joined to one stream, because the original JavaScript sends a packet's header and its body apart. Any
path and any origin are accepted, no subprotocol and no extension is offered. Knows no socket; ``wsproto`` knows
the frames.
"""

from collections.abc import Sequence
from typing import Self

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError, RemoteProtocolError

from tcelib.wire.packet import is_header

NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
UNSUPPORTED_DATA = 1003


class UpgradeError(Exception):
    """The peer does not want a WebSocket, or speaks something else. The text says what it answered."""


class WebSocketStream:
    """One side of one WebSocket. The bytes that a call leaves in ``take_outgoing`` have to be sent, in order.

    ``is_open``: packets may be sent. ``is_over``: nothing more will come; close the socket once all is sent.
    ``sends_headers_apart``: the peer has sent a packet's header in a message of its own, as only the original
    JavaScript client does.
    """

    may_compress = False

    def __init__(self, role: ConnectionType) -> None:
        self._protocol = WSConnection(role)
        self._outgoing: list[bytes] = []
        self._is_inside = False  # of a message that comes in several pieces
        self.sends_headers_apart = False
        self.is_over = False

    @classmethod
    def server(cls) -> Self:
        """The side that waits for a handshake."""
        return cls(ConnectionType.SERVER)

    @classmethod
    def client(cls, host: str, target: str = "/") -> Self:
        """The side that asks for a handshake, which lies ready to be sent. ``host`` goes into the Host header."""
        stream = cls(ConnectionType.CLIENT)
        stream._outgoing.append(stream._protocol.send(Request(host=host, target=target)))
        return stream

    @property
    def is_open(self) -> bool:
        """True if the handshake is done and neither side has sent a close frame."""
        return self._protocol.state is ConnectionState.OPEN and not self.is_over

    def receive(self, data: bytes) -> bytes:
        """Take bytes as they came and give those of TCE in them.

        A peer that breaks RFC 6455 ends the stream, with the close frame or the HTTP answer that it deserves. Raises
        ``UpgradeError`` when a client was refused.
        """
        if self.is_over:
            return b""
        try:
            self._protocol.receive_data(data)
            return b"".join(self._handle(event) for event in self._protocol.events())
        except (ProtocolError, UnicodeError) as error:
            return self._refuse(error)

    def pack(self, packets: Sequence[bytes]) -> bytes:
        """Whole packets, as the frames that carry them. Only while ``is_open``."""
        send = self._protocol.send
        return b"".join(send(BytesMessage(data=packet)) for packet in packets)

    def close(self, code: int = NORMAL_CLOSURE) -> None:
        """Say goodbye, if the peer can still hear it. What it sends from now on is ignored."""
        if self.is_open:
            self._outgoing.append(self._protocol.send(CloseConnection(code=code)))
        self.is_over = True

    def take_outgoing(self) -> bytes:
        """The handshake, pongs and close frames that are due; each is given once."""
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    def _handle(self, event: Event) -> bytes:
        if isinstance(event, BytesMessage):
            data = bytes(event.data)
            if not self._is_inside and event.message_finished and is_header(data):
                self.sends_headers_apart = True
            self._is_inside = not event.message_finished
            return b"" if self.is_over else data
        if isinstance(event, Ping):
            self._answer(event.response())
        elif isinstance(event, Request):
            self._answer(AcceptConnection())
        elif isinstance(event, TextMessage):
            self.close(UNSUPPORTED_DATA)
        elif isinstance(event, CloseConnection):
            self._answer(event.response())
            self.is_over = True
        elif isinstance(event, RejectConnection):
            self.is_over = True
            raise UpgradeError(f"the server answered HTTP {event.status_code} to the WebSocket handshake")
        return b""

    def _answer(self, event: Event) -> None:
        # wsproto reports a frame that it could not parse as the peer's close, and is then still open for ours.
        if not self.is_over and self._protocol.state is not ConnectionState.CLOSED:
            self._outgoing.append(self._protocol.send(event))

    def _refuse(self, error: Exception) -> bytes:
        self.is_over = True
        if self._protocol.client and self._protocol.connection is None:
            raise UpgradeError(f"no WebSocket handshake: {error}") from error
        hint = error.event_hint if isinstance(error, RemoteProtocolError) else None
        if hint is not None and self._protocol.state is ConnectionState.CONNECTING:
            self._outgoing.append(self._protocol.send(hint))
        return b""
