"""A peer that is only a socket: it sends what it likes, and reads when it likes."""

import socket
import struct
from types import TracebackType
from typing import Any, Self

import tcelib as tce
from tcelib.core.call_table import next_sequence
from tcelib.transport.websocket_stream import WebSocketStream
from tcelib.wire.message import CALL, ENVELOPE_BYTES, Packet
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES, PacketReader, build_packet
from tests.tcelib.transport.rig import DEADLINE

READ_BYTES = 65536
VERSION_AT = 10
JAVA_VERSION = bytes.fromhex("00000100")


class RawPeer:
    """Connected to a server on ``port``. Over WebSocket, each ``send`` is one binary message. Use it as a context."""

    def __init__(self, port: int, is_websocket: bool = False) -> None:
        self._reader = PacketReader(DEFAULT_MAX_PACKET_BYTES, _complain)
        self._packets: list[Packet] = []
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream: WebSocketStream | None = None
        if is_websocket:
            self.stream = WebSocketStream.client("localhost", "/any/path")
            self.socket.sendall(self.stream.take_outgoing())
            while not self.stream.is_open:
                self.stream.receive(self.socket.recv(READ_BYTES))

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data if self.stream is None else self.stream.pack([data]))

    def take(self) -> Packet:
        """The next packet."""
        while not self._packets:
            self._reader.feed(self.receive(), self._packets)
        return self._packets.pop(0)

    def take_answer(self) -> bytes:
        """The parameters of the next packet."""
        _, params = self.take()
        return params

    def receive(self) -> bytes:
        """The next bytes of the stream; none at its end. Raises ``ConnectionError`` when it was cut."""
        while True:
            data = self.socket.recv(READ_BYTES)
            if self.stream is None or not data:
                return data
            payload = self.stream.receive(data)
            if payload:
                return payload

    def is_hung_up_on(self) -> bool:
        """Wait until the server has closed the connection."""
        try:
            while self.receive():
                pass
        except ConnectionError:
            pass
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.socket.close()


def call_packet(operation: tce.Operation[Any], *args: object) -> bytes:
    """The packet of a call, from a peer that does not inflate."""
    params = operation.write_params(*args)
    packet = build_packet(next_sequence(), CALL, operation.route, paramsize=1, params=params)
    return packet[:VERSION_AT] + JAVA_VERSION + packet[ENVELOPE_BYTES:]


def _complain(reason: str) -> None:
    raise AssertionError(f"the server sent a message that is none: {reason}")


def connect_and_reset(port: int, data: bytes | None = b"") -> None:
    """Connect, send ``data``, and reset the connection. None is the end of what is sent.

    Called by the thread of a server, it is over before that one accepts the connection.
    """
    with socket.create_connection(("127.0.0.1", port)) as sock:
        if data is None:
            sock.shutdown(socket.SHUT_WR)
        else:
            sock.sendall(data)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
