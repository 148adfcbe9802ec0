"""TCE, the client's side: login, messages, packets, without a socket (docs/csprotocols.readme.md, section 3).

Decides what is said first, what counts as being let in, and which calls are messages. Others are not answered: a load
client serves nothing but ``onMessage``.
"""

from functools import lru_cache

import msgspec

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import Opcode, ProtocolError
from rtserver.bench.client.websocket import ClientProtocol, RefusedError, client_frame
from rtserver.idl.rtserver import ITerminal, IUserGateway
from tcelib.error import PacketError, WireError
from tcelib.wire.message import CALL, ONEWAY, RETURN, TOKEN, Packet
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES, PacketReader, build_packet
from tcelib.wire.text import encode_text

(ON_MESSAGE,) = ITerminal.INTERFACE.operations
SEND, PING = IUserGateway.INTERFACE.operations


class _End(msgspec.Struct):
    """Close code and reason in the last message over TCP."""

    code: int
    reason: str


class _Closed(msgspec.Struct):
    data: _End


_decode_closed = msgspec.json.Decoder(_Closed).decode


def login_packet(token: str) -> bytes:
    """A ``ping`` that wants an answer and shows the token: whoever gets the answer is in."""
    extra = {TOKEN: token} if token else None
    return build_packet(1, CALL, PING.route, paramsize=1, extra=extra, params=PING.write_params(""))


@lru_cache(maxsize=8)  # a run sends two or three different messages, and one of them all the time
def message_packet(payload: bytes) -> bytes:
    """A one-way call: the number of a call that nobody answers means nothing."""
    return build_packet(0, CALL | ONEWAY, SEND.route, paramsize=1, params=SEND.write_params(payload.decode()))


class TceProtocol:
    """Over TCP, where the end is told by a message ``closed``. A ``wire.ClientWire``."""

    __slots__ = ("_reader", "ending", "is_open", "outgoing")

    def __init__(self, token: str) -> None:
        self._reader = PacketReader(DEFAULT_MAX_PACKET_BYTES, _refuse)
        self.outgoing = [login_packet(token)]
        self.ending: tuple[int, str] | None = None
        self.is_open = False

    def receive(self, data: bytes) -> list[bytes]:
        """See ``ClientWire``."""
        packets: list[Packet] = []
        messages: list[bytes] = []
        try:
            self._reader.feed(data, packets)
            for packet in packets:
                self._on_packet(packet, messages)
        except (WireError, msgspec.DecodeError) as error:
            raise ProtocolError(CloseCode.UNSUPPORTED_DATA, str(error)) from None
        if self.ending is not None and not self.is_open:
            raise RefusedError(*self.ending)
        return messages

    def message(self, payload: bytes) -> bytes:
        """See ``ClientWire``."""
        return message_packet(payload)

    def closing(self) -> bytes:
        """Nothing: the end of the stream says it."""
        return b""

    def _on_packet(self, packet: Packet, messages: list[bytes]) -> None:
        (*_, calltype, route, errcode, _, _, _), params = packet
        if route == ON_MESSAGE.route and calltype & CALL:
            kind, message = ON_MESSAGE.read_params(params)
            if kind == "closed":
                end = _decode_closed(message).data
                self.ending = end.code, end.reason
            else:
                messages.append(encode_text(message))
        elif calltype & RETURN and not errcode:
            self.is_open = True


class TceWebSocketProtocol:
    """The same in the binary messages of a WebSocket, which are a stream of bytes. A ``wire.ClientWire``."""

    __slots__ = ("_calls", "_socket", "outgoing")

    def __init__(self, request: bytes, token: str) -> None:
        self._socket = ClientProtocol(request)
        self._calls = TceProtocol(token)
        self.outgoing = self._socket.outgoing  # one list, whoever adds to it

    @property
    def is_open(self) -> bool:
        """See ``ClientWire``."""
        return self._calls.is_open

    @property
    def ending(self) -> tuple[int, str] | None:
        """See ``ClientWire``."""
        return self._socket.ending

    def receive(self, data: bytes) -> list[bytes]:
        """See ``ClientWire``."""
        messages = self._calls.receive(b"".join(self._socket.receive(data)))
        if self._calls.outgoing and self._socket.is_open:
            self.outgoing += [client_frame(Opcode.BINARY, packet) for packet in self._calls.outgoing]
            self._calls.outgoing.clear()
        if self.ending is not None and not self.is_open:
            raise RefusedError(*self.ending)
        return messages

    def message(self, payload: bytes) -> bytes:
        """See ``ClientWire``."""
        return client_frame(Opcode.BINARY, message_packet(payload))

    def closing(self) -> bytes:
        """See ``ClientWire``."""
        return self._socket.closing()


def _refuse(reason: str) -> None:
    raise PacketError(reason)
