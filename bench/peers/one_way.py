"""One-way messages as bytes, in groups, each of which ends with one that is answered: it tells what was served.

TCE has them in both directions. JSON's is ``seen``, the one message of a user that gets no answer.
"""

from struct import pack

from bench.peers.call_wire import STRING, Wire, json_ping, server_text, tce_packet
from rtserver.base.wire.frame import Opcode
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.websocket import client_frame

GROUP = 500
GROUPS = 2
"""So many groups are under way on each connection."""
RING = 16

CALL, RETURN, ONE_WAY = 0x01, 0x02, 0x21
ECHO, TELL, PUSH = (2 << 16 | operation for operation in (0, 2, 3))
NUMBER_AT, NUMBER_BYTES = 15, 4  # of a packet

SEEN = b'{"type":"seen","data":{"offset":"1764547200000-12"}}'


def served_call(number: int) -> bytes:
    """A group of one-way calls, and an echo."""
    told = [tce_packet(place, ONE_WAY, TELL) for place in range(GROUP * number, GROUP * (number + 1))]
    return b"".join((*told, tce_packet(number, CALL, ECHO)))


SERVED = Wire(served_call, lambda number: tce_packet(number, RETURN, 2 << 16), ring=RING)


def seen_messages(number: int) -> bytes:
    """A group of them, and a ping."""
    return client_frame(Opcode.TEXT, SEEN) * GROUP + client_frame(Opcode.TEXT, json_ping(b"null", number))


SEEN_JSON = Wire(seen_messages, lambda number: server_text(json_ping(b'"pong"', number)), ring=RING)


class PushTalk:
    """See ``Talk``: a call has the server push a group of one-way calls, ahead of the answer.

    Their numbers are the server's. Wrong are bytes that differ in any other place from what is due there.
    """

    def __init__(self) -> None:
        self._called = 0
        self._answered = 0
        self._data = bytearray()
        self._group = tce_packet(0, ONE_WAY, TELL) * GROUP

    def calls(self, count: int) -> bytes:
        """See ``Talk``."""
        first = self._called + 1
        self._called += count
        return b"".join(_push(number) for number in range(first, first + count))

    def answers(self, data: bytes) -> int:
        """See ``Talk``."""
        self._data += data
        before = self._answered
        while len(self._data) >= len(due := self._group + _pushed(self._answered + 1)):
            self._check(self._data[: len(due)], due)
            del self._data[: len(due)]
            self._answered += 1
        return self._answered - before

    def _check(self, data: bytearray, due: bytes) -> None:
        end = len(self._group)
        for place in range(NUMBER_AT, NUMBER_AT + NUMBER_BYTES):
            data[place : end : end // GROUP] = bytes(GROUP)
        if data != due:
            raise TargetError(f"not the calls that are due: {bytes(data[:200])!r}")


def _push(number: int) -> bytes:
    return tce_packet(number, CALL, PUSH, STRING + pack(">i", GROUP), count=2)


def _pushed(number: int) -> bytes:
    return tce_packet(number, RETURN, 2 << 16, b"", count=0)
