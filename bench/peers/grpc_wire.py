"""gRPC as bytes: as much of HTTP/2 (RFC 9113) as one method with one text takes.

grpcio's own client needs as much of a core for a call as its server, so it would be the bottleneck. Header blocks are
written without the dynamic table and those of answers are not read: a call that failed has no message.
"""

from struct import pack, unpack_from

from bench.peers.call_wire import TEXT
from rtserver.bench.client.error import TargetError

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK = END_STREAM = 0x1
END_HEADERS = 0x4
HEAD_BYTES = 9
LARGEST_WINDOW = (1 << 31) - 1
FIRST_WINDOW = 65_535
INITIAL_WINDOW_SIZE = 4


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Length, type, flags, stream, payload (section 4.1)."""
    return pack(">IBI", len(payload) << 8 | kind, flags, stream) + payload


def literal(index: int, value: bytes, name: bytes = b"") -> bytes:
    """A header that is not remembered; ``index`` is its name's in the static table (RFC 7541, section 6.2.2)."""
    prefix = bytes((index,)) if index < 15 else bytes((15, index - 15))
    return prefix + (bytes((len(name),)) + name if name else b"") + bytes((len(value),)) + value


POST, HTTP = b"\x83", b"\x86"
HEADER_BLOCK = (
    POST
    + HTTP
    + literal(4, b"/calls.Calls/Echo")
    + literal(1, b"localhost")
    + literal(31, b"application/grpc")
    + literal(0, b"trailers", b"te")
)
MESSAGE = pack(">BI", 0, 2 + len(TEXT)) + bytes((0x0A, len(TEXT))) + TEXT
OPENING = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    + frame(SETTINGS, 0, 0, pack(">HI", INITIAL_WINDOW_SIZE, LARGEST_WINDOW))
    + frame(WINDOW_UPDATE, 0, 0, pack(">I", LARGEST_WINDOW - FIRST_WINDOW))
)


class GrpcTalk:
    """A ``call_wire.Talk``. Wrong are answers to nothing, without the text, and the end of the connection."""

    def __init__(self) -> None:
        self._due = OPENING
        self._rest = b""
        self._stream = 1
        self._unanswered: set[int] = set()
        self._answered: set[int] = set()

    def calls(self, count: int) -> bytes:
        """See ``Talk``. What the server is owed by the protocol goes ahead."""
        streams = range(self._stream, self._stream + 2 * count, 2)
        self._stream += 2 * count
        self._unanswered.update(streams)
        due, self._due = self._due, b""
        return due + b"".join(
            frame(HEADERS, END_HEADERS, stream, HEADER_BLOCK) + frame(DATA, END_STREAM, stream, MESSAGE)
            for stream in streams
        )

    def answers(self, data: bytes) -> int:
        """See ``Talk``."""
        data = self._rest + data
        at = ended = 0
        while len(data) >= at + HEAD_BYTES:
            length, flags, stream = unpack_from(">IBI", data, at)
            begin = at + HEAD_BYTES
            end = begin + (length >> 8)
            if len(data) < end:
                break
            ended += self._take(length & 0xFF, flags, stream, data[begin:end])
            at = end
        self._rest = data[at:]
        return ended

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> int:
        if kind == DATA and payload:
            self._check(stream, payload)
        elif kind in {SETTINGS, PING} and not flags & ACK:
            self._due += frame(kind, ACK, 0, payload if kind == PING else b"")
        elif kind in {RST_STREAM, GOAWAY}:
            raise TargetError(f"the server gives up: {payload!r}")
        if kind not in {DATA, HEADERS} or not flags & END_STREAM:
            return 0
        if stream not in self._answered:
            raise TargetError(f"stream {stream} ends without an answer")
        self._answered.discard(stream)
        return 1

    def _check(self, stream: int, payload: bytes) -> None:
        if stream not in self._unanswered or payload != MESSAGE:
            raise TargetError(f"not an answer that is due on stream {stream}: {payload[:200]!r}")
        self._unanswered.discard(stream)
        self._answered.add(stream)
