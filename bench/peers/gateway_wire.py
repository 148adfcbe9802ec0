"""Calls through a gateway or a broker as bytes, and the answers that come back to the one who has called.

As ``call_wire``, but answers have the user id that the gateway has given to their connection, or the subject that
their connection has chosen: each connection has its own.
"""

import itertools
from struct import pack

from bench.peers.call_wire import STRING, TEXT, RingTalk, tce_packet
from rtserver.bench.client.error import TargetError

RING = 2_048
"""So many different calls go round. Each connection has answers of its own, so fewer than of other wires."""
ENVELOPE_BYTES, HEAD_BYTES = 14, 21
SERVER = 2 << 16
NATS_HELLO = b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB %b 1\r\n'
PING = b"PING\r\n"
_INBOXES = itertools.count(10_000)  # equally long


def tce_calls() -> bytes:
    """Return the ring of calls, twice, so that what begins at its end is in one piece."""
    return b"".join(tce_packet(number, 0x01, SERVER) for number in range(1, RING + 1)) * 2


def tce_answer(number: int, call_id: int, count: int, extra: bytes) -> bytes:
    """Return the answer to a call, with ``count`` extra values (TCE protocol, sections 1 and 2)."""
    body = pack(">BIBIIBHI", 1, number, 0x02, SERVER, 0, 1, call_id, count) + extra + STRING
    return pack(">IIBBI", 0xEFD2BB99, 10 + len(body), 0, 0, 0x01000000) + body


class GatewayTalk(RingTalk):
    """See ``Talk``. The extra values of the first answer are taken for those of all others."""

    def __init__(self, calls: bytes) -> None:
        super().__init__(calls, b"", RING)
        self._first = b""

    def answers(self, data: bytes) -> int:
        """See ``Talk``."""
        if self._answers:
            return super().answers(data)
        self._first += data
        head = ENVELOPE_BYTES + HEAD_BYTES
        size = 4 + int.from_bytes(self._first[4:8], "big")
        if len(self._first) < max(head, size):
            return 0
        call_id = int.from_bytes(self._first[head - 6 : head - 4], "big")
        count = int.from_bytes(self._first[head - 4 : head], "big")
        extra = self._first[head : size - len(STRING)]
        self._answers = b"".join(tce_answer(number, call_id, count, extra) for number in range(1, RING + 1)) * 2
        self._answer_bytes = size
        return super().answers(self._first)


class NatsTalk(RingTalk):
    """See ``Talk``. One request of nats-server after the other, each answered on the connection's own subject."""

    def __init__(self) -> None:
        inbox = b"in.%d" % next(_INBOXES)
        payloads = [b"%d\r\n%b\r\n" % (len(text), text) for text in map(nats_text, range(RING))]
        calls = b"".join(b"PUB calls %b %b" % (inbox, payload) for payload in payloads)
        answers = b"".join(b"MSG %b 1 %b" % (inbox, payload) for payload in payloads)
        super().__init__(calls * 2, answers * 2, RING)
        self._hello = NATS_HELLO % inbox
        self._heard: bytes | None = b""
        self._cut = b""

    def calls(self, count: int) -> bytes:
        """See ``Talk``."""
        hello, self._hello = self._hello, b""
        return hello + super().calls(count)

    def answers(self, data: bytes) -> int:
        """See ``Talk``. A server first says what it is, in one line, and once asks whether the client is there."""
        if self._heard is None:
            data = (self._cut + data).replace(PING, b"")
            self._cut = next((PING[:size] for size in range(len(PING) - 1, 0, -1) if data.endswith(PING[:size])), b"")
            return super().answers(data.removesuffix(self._cut))
        self._heard += data
        line, end, rest = self._heard.partition(b"\r\n")
        if not end:
            return 0
        if not line.startswith(b"INFO "):
            raise TargetError(f"no greeting: {line[:200]!r}")
        self._heard = None
        return self.answers(rest)


def nats_text(number: int) -> bytes:
    """Return the text of a call; its number makes it differ from others that are under way."""
    return b"%04d%b" % (number, TEXT[4:])
