"""Calls as bytes: how one of ``echo``, or a request, looks in each protocol, and its answer.

Calls are made before the measurement and answers are compared with what they have to be, byte for byte, so that the
load client spends nothing on a codec. The layouts are written down here a second time on purpose: a server that is
wrong about its protocol fails the comparison.
"""

from collections.abc import Callable
from dataclasses import dataclass
from struct import pack
from typing import Protocol

from rtserver.base.wire.frame import Opcode
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.websocket import client_frame

TEXT = b"a string as long as those of the goal, 48 bytes!"
STRING = pack(">I", len(TEXT)) + TEXT
"""As TCE writes it."""
RING = 8192
"""So many different calls go round and round. More than are ever under way, so that no answer fits another call."""

Layout = Callable[[int], bytes]


class Talk(Protocol):
    """One connection's calls and answers."""

    def calls(self, count: int) -> bytes:
        """The next ``count`` calls; a connection's first ones begin with whatever opens it."""

    def answers(self, data: bytes) -> int:
        """Return how many answers end in these bytes, which follow the last ones. Raises ``TargetError``."""


@dataclass(frozen=True)
class Wire:
    """A protocol whose answers are equally long and come in the order of their calls.

    ``call`` and ``answer`` give the bytes for a call's number, from 1 on. ``greeting`` is what a server says first.
    ``ring`` is how many different calls there are.
    """

    call: Layout
    answer: Layout
    greeting: bytes = b""
    ring: int = RING

    def talker(self) -> Callable[[], Talk]:
        """Return a function that makes the ``Talk`` of a new connection; the bytes are shared."""
        # Twice, so that what begins at the end of the ring is in one piece.
        calls = b"".join(map(self.call, range(1, self.ring + 1))) * 2
        answers = b"".join(map(self.answer, range(1, self.ring + 1))) * 2
        return lambda: RingTalk(calls, answers, self.ring, self.greeting)


class RingTalk:
    """See ``Talk``. Wrong are bytes that differ in any place from what is due there."""

    def __init__(self, calls: bytes, answers: bytes, ring: int, greeting: bytes = b"") -> None:
        self._calls = calls
        self._answers = answers
        self._ring = ring
        self._greeting = greeting
        self._call_bytes = len(calls) // (2 * ring)
        self._answer_bytes = len(answers) // (2 * ring)
        self._called = 0
        self._received = 0

    def calls(self, count: int) -> bytes:
        """See ``Talk``; at most a ring of them."""
        begin = self._called % self._ring * self._call_bytes
        self._called += count
        return self._calls[begin : begin + count * self._call_bytes]

    def answers(self, data: bytes) -> int:
        """See ``Talk``; at most a ring of them."""
        if self._greeting:
            data = self._greet(data)
        begin = self._received % (len(self._answers) // 2)
        if data != self._answers[begin : begin + len(data)]:
            raise TargetError(f"not the answer that is due: {data[:200]!r}")
        before = self._received // self._answer_bytes
        self._received += len(data)
        return self._received // self._answer_bytes - before

    def _greet(self, data: bytes) -> bytes:
        due = self._greeting[: len(data)]
        if not data.startswith(due):
            raise TargetError(f"no greeting: {data[:200]!r}")
        self._greeting = self._greeting[len(due) :]
        return data[len(due) :]


def tce_packet(number: int, calltype: int, route: int, params: bytes = STRING, count: int = 1) -> bytes:
    """Envelope, header, ``count`` parameters (TCE protocol, sections 1 to 3)."""
    body = pack(">BIBIIBHI", 1, number, calltype, route, 0, count, 0, 0) + params
    return pack(">IIBBI", 0xEFD2BB99, 10 + len(body), 0, 0, 0x01000000) + body


def thrift_message(number: int, kind: int, field: int) -> bytes:
    """Strict binary, framed: the arguments are a struct, and so is the result."""
    name = b"echo"
    head = pack(">II", 0x80010000 | kind, len(name)) + name + pack(">I", number)
    body = head + pack(">BhI", 11, field, len(TEXT)) + TEXT + b"\0"
    return pack(">I", len(body)) + body


def ice_message(kind: int, body: bytes, compression: int = 0) -> bytes:
    """Protocol 1.0, encoding 1.0 of the header; numbers are little-endian."""
    return b"IceP" + pack("<BBBBBBI", 1, 0, 1, 0, kind, compression, 14 + len(body)) + body


def ice_encapsulation() -> bytes:
    """One string, in encoding 1.1."""
    return pack("<IBBB", 6 + 1 + len(TEXT), 1, 1, len(TEXT)) + TEXT


def ice_call(number: int) -> bytes:
    """To the object "calls", no facet, not idempotent, no context."""
    target = b"\x05calls\0" + b"\0" + b"\x04echo" + b"\0" + b"\0"
    return ice_message(0, pack("<I", number) + target + ice_encapsulation())


def json_ping(data: bytes, number: int) -> bytes:
    """The product's own ``ping``; the numbers are made equally long."""
    return b'{"type":"ping","data":%b,"id":%d}' % (data, 10_000 + number)


def server_text(payload: bytes) -> bytes:
    """A server's frame of at most 125 bytes (RFC 6455, section 5.2)."""
    return bytes((0x81, len(payload))) + payload


def json_wire(data: bytes, answer: bytes) -> Wire:
    """Pings with ``data``, each of which comes back with ``answer`` in its place."""
    return Wire(
        lambda number: client_frame(Opcode.TEXT, json_ping(data, number)),
        lambda number: server_text(json_ping(answer, number)),
    )


TCE = Wire(lambda number: tce_packet(number, 0x01, 2 << 16), lambda number: tce_packet(number, 0x02, 2 << 16))
THRIFT = Wire(lambda number: thrift_message(number, 1, 1), lambda number: thrift_message(number, 2, 0))
ICE = Wire(
    ice_call,
    lambda number: ice_message(2, pack("<IB", number, 0) + ice_encapsulation()),
    greeting=ice_message(3, b""),
)
JSON = json_wire(b'"%b"' % TEXT, b'"pong"')
PING = json_wire(b"null", b'"pong"')
ECHO = json_wire(b"null", b"null")
