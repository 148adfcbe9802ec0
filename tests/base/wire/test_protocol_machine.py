"""Any client against one connection's WebSocket: a model that knows what was sent says what has to come out.

The client puts frames on a wire, whole ones and single fragments with control frames in between; the wire is cut
wherever it pleases. It may break the protocol, too, after which nothing that it sends is looked at.
"""

import random
import sys
import zlib
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.deflate import most_deflated_bytes
from rtserver.base.wire.protocol import State, WebSocketProtocol
from tests.websocket_client import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close, header, masked

LIMIT = 3_000
RSV1 = 4
LONGEST_HEADER = 14
MASKS = st.sampled_from([bytes(4), b"\x37\xfa\x21\x3d", b"\xff\x00\xff\x01"])

# A frame that no client may send, whatever came before it, and the code that it ends with.
VIOLATIONS = {
    "no mask": (b"\x81\x03abc", CloseCode.PROTOCOL_ERROR),
    "a reserved opcode": (masked(3, b"abc"), CloseCode.PROTOCOL_ERROR),
    "a reserved control opcode": (masked(0xB, b"abc"), CloseCode.PROTOCOL_ERROR),
    "a reserved bit": (masked(PING, b"abc", reserved=2), CloseCode.PROTOCOL_ERROR),
    "a ping in fragments": (masked(PING, b"abc", fin=False), CloseCode.PROTOCOL_ERROR),
    "a ping that is too long": (masked(PING, bytes(126)), CloseCode.PROTOCOL_ERROR),
    "a length that could be shorter": (b"\x82\xfe\x00\x05" + bytes(9), CloseCode.PROTOCOL_ERROR),
    "a length of 64 bits with the highest set": (b"\x82\xff" + b"\xff" * 8 + bytes(9), CloseCode.PROTOCOL_ERROR),
    "a close frame with half a code": (masked(CLOSE, b"\x03"), CloseCode.PROTOCOL_ERROR),
    "a close frame with a code that may not be sent": (close(1006), CloseCode.PROTOCOL_ERROR),
    "a close frame whose reason is no text": (close(1000, b"\xff"), CloseCode.INVALID_TEXT),
}
VIOLATIONS_BETWEEN_MESSAGES = {
    "bad text": (masked(TEXT, b"abc\xed\xa0\x80"), CloseCode.INVALID_TEXT),
    "nothing to continue": (masked(CONTINUATION, b"abc"), CloseCode.PROTOCOL_ERROR),
    "too long a text": (header(TEXT, LIMIT + 1), CloseCode.MESSAGE_TOO_BIG),
    "too long a binary message": (header(BINARY, 10 * LIMIT), CloseCode.MESSAGE_TOO_BIG),
}


def pieces_of(data: bytes, cuts: list[float]) -> list[bytes]:
    """The data in as many pieces as there are cuts, and one."""
    places = [0, *sorted(int(cut * len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def deflated(message: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


class ProtocolMachine(RuleBasedStateMachine):
    """``due`` has, in order, how many bytes of the wire have to be read for what, and what that is."""

    def __init__(self) -> None:
        super().__init__()
        self.wire = b""
        self.read = 0
        self.due: list[tuple[int, str, bytes]] = []  # an opcode's name for what comes out, "end" for the end
        self.ends_from: int | None = None  # where the end may be seen at the earliest
        self.rest: list[bytes] = []  # the fragments of the open message that are still to be sent
        self.whole = ("", b"")
        self.code: int = CloseCode.ABNORMAL
        self.closed_with: int | None = None
        self.largest_read = 0

    @initialize(inflates=st.booleans())
    def open(self, inflates: bool) -> None:
        self.inflates = inflates
        self.protocol = WebSocketProtocol(LIMIT, inflates=inflates)

    # What the client does.

    def is_talking(self) -> bool:
        return self.ends_from is None

    def is_between_messages(self) -> bool:
        return self.is_talking() and not self.rest

    def is_in_a_message(self) -> bool:
        return self.is_talking() and bool(self.rest)

    @precondition(is_between_messages)
    @rule(text=st.text(max_size=60), times=st.sampled_from([1, 1, 1, 40]), mask=MASKS)
    def say_text(self, text: str, times: int, mask: bytes) -> None:
        payload = (text * times).encode()[:LIMIT].decode(errors="ignore").encode()
        self.put(masked(TEXT, payload, mask=mask), "text", payload)

    @precondition(is_between_messages)
    @rule(
        data=st.binary(max_size=80) | st.sampled_from([bytes(125), bytes(126), b"\xff" * LIMIT]),
        cuts=st.lists(st.floats(0, 1), min_size=1, max_size=4),
        is_text=st.booleans(),
        is_deflated=st.booleans(),
    )
    def begin_message(self, data: bytes, cuts: list[float], is_text: bool, is_deflated: bool) -> None:
        if is_text:
            data = data.decode("latin-1").encode()[:LIMIT].decode(errors="ignore").encode()
        is_deflated = is_deflated and self.inflates
        self.whole = ("text" if is_text else "binary", data)
        first, *self.rest = pieces_of(deflated(data) if is_deflated else data, cuts)
        opcode = TEXT if is_text else BINARY
        self.put(masked(opcode, first, fin=False, reserved=RSV1 if is_deflated else 0))

    @precondition(is_in_a_message)
    @rule()
    def go_on_with_message(self) -> None:
        piece = self.rest.pop(0)
        if self.rest:
            self.put(masked(CONTINUATION, piece, fin=False))
        else:
            self.put(masked(CONTINUATION, piece), *self.whole)

    @precondition(is_between_messages)
    @rule(data=st.binary(max_size=300))
    def say_it_compressed(self, data: bytes) -> None:
        if self.inflates:
            self.put(masked(BINARY, deflated(data), reserved=RSV1), "binary", data)

    @precondition(is_talking)
    @rule(payload=st.binary(max_size=125), mask=MASKS)
    def ping(self, payload: bytes, mask: bytes) -> None:
        self.put(masked(PING, payload, mask=mask), "pong", payload)

    @precondition(is_talking)
    @rule(payload=st.binary(max_size=125))
    def pong(self, payload: bytes) -> None:
        self.put(masked(PONG, payload))

    @precondition(is_talking)
    @rule(code=st.sampled_from([1000, 1001, 3000, 4999]), reason=st.text(max_size=20))
    def leave(self, code: int, reason: str) -> None:
        self.end(close(code, reason.encode()), code)

    @precondition(is_talking)
    @rule(name=st.sampled_from(sorted(VIOLATIONS)))
    def break_the_protocol(self, name: str) -> None:
        self.end(*VIOLATIONS[name])

    @precondition(is_between_messages)
    @rule(name=st.sampled_from(sorted(VIOLATIONS_BETWEEN_MESSAGES)))
    def break_it_between_messages(self, name: str) -> None:
        self.end(*VIOLATIONS_BETWEEN_MESSAGES[name])

    @precondition(is_between_messages)
    @rule()
    def say_too_much_in_two_fragments(self) -> None:
        self.put(masked(TEXT, bytes(LIMIT - 1), fin=False))
        self.end(header(CONTINUATION, 2), CloseCode.MESSAGE_TOO_BIG)

    @precondition(is_between_messages)
    @rule()
    def say_too_much_in_few_bytes(self) -> None:
        if self.inflates:
            self.end(masked(BINARY, deflated(bytes(LIMIT + 1)), reserved=RSV1), CloseCode.MESSAGE_TOO_BIG)

    @precondition(is_in_a_message)
    @rule()
    def begin_another_message_in_one(self) -> None:
        self.end(masked(TEXT, b"abc"), CloseCode.PROTOCOL_ERROR)

    @precondition(lambda self: self.ends_from is not None)
    @rule(data=st.binary(max_size=50))
    def say_more_behind_the_end(self, data: bytes) -> None:
        self.wire += data

    # What the server does.

    @rule(seed=st.integers(0, 1000), share=st.floats(0, 1))
    def deliver(self, seed: int, share: float) -> None:
        """So much of what is on the wire, in pieces."""
        chance = random.Random(seed)
        until = self.read + round((len(self.wire) - self.read) * share)
        while self.read < until:
            self.receive(self.wire[self.read : self.read + chance.choice((1, 2, 7, 100, 5_000))][: until - self.read])

    @rule()
    def deliver_all_at_once(self) -> None:
        self.receive(self.wire[self.read :])

    @rule(code=st.sampled_from([1000, 4009]))
    def close(self, code: int) -> None:
        was_open = self.protocol.state is State.OPEN
        self.protocol.close(code, "enough")
        if was_open:
            self.closed_with = self.code = code
            assert self.protocol.outgoing == [b"\x88\x08" + code.to_bytes(2, "big") + b"enough"]
            self.protocol.outgoing.clear()

    def put(self, frame: bytes, kind: str = "", payload: bytes = b"") -> None:
        self.wire += frame
        if kind:
            self.due.append((len(self.wire), kind, payload))

    def end(self, frame: bytes, code: int) -> None:
        self.ends_from = len(self.wire) + 2
        self.rest.clear()
        self.put(frame, "end", code.to_bytes(2, "big"))

    def receive(self, data: bytes) -> None:
        """Feed, settle, and compare with what was due by now."""
        was_open = self.protocol.state is State.OPEN
        self.read += len(data)
        self.largest_read = max(self.largest_read, len(data))
        messages = self.protocol.receive(data)
        while self.protocol.has_more:
            messages += self.protocol.receive(b"")
        self.protocol.settle()
        came = [("text" if opcode == TEXT else "binary", payload) for opcode, payload in messages]
        frames = self.protocol.outgoing[:]
        self.protocol.outgoing.clear()
        due = self.take_due()
        ends = [payload for kind, payload in due if kind == "end"]
        if not was_open:
            assert (came, frames) == ([], [])
            assert self.protocol.state is State.DONE or not ends
            return
        assert came == [event for event in due if event[0] in ("text", "binary")]
        pongs = [b"\x8a%c" % len(payload) + payload for kind, payload in due if kind == "pong"]
        assert frames[: len(pongs)] == pongs
        self.check_end(frames[len(pongs) :], ends)

    def take_due(self) -> list[tuple[str, bytes]]:
        due = [(kind, payload) for place, kind, payload in self.due if place <= self.read]
        del self.due[: len(due)]
        return due

    def check_end(self, frames: list[bytes], ends: list[bytes]) -> None:
        """One close frame, with the code that the client caused or gave; perhaps before all of its cause was read."""
        if not frames:
            assert not ends
            return
        assert self.ends_from is not None
        assert self.read >= self.ends_from
        (payload,) = ends or [payload for _, kind, payload in self.due if kind == "end"]
        self.due.clear()
        self.code = int.from_bytes(payload, "big")
        (frame,) = frames
        assert frame[0] == 0x88
        assert frame[2:4] == payload
        assert self.protocol.state is State.DONE

    @invariant()
    def it_knows_how_it_ended(self) -> None:
        if not hasattr(self, "protocol"):
            return
        assert self.protocol.close_code == self.code
        assert (self.protocol.state is State.OPEN) == (self.code == CloseCode.ABNORMAL)

    @invariant()
    def it_keeps_no_more_than_one_message_and_what_came_at_once(self) -> None:
        if hasattr(self, "protocol"):
            kept = [getattr(self.protocol, name) for name in self.protocol.__slots__]
            size = sum(sys.getsizeof(part) for part in kept if isinstance(part, bytes | bytearray))
            # A bytearray takes an eighth more than it holds, so that it can grow.
            assert size <= 1.2 * (most_deflated_bytes(LIMIT) + LONGEST_HEADER + self.largest_read) + 200


TestProtocol = ProtocolMachine.TestCase
