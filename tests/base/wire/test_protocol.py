"""One connection's WebSocket, as literal bytes: what RFC 6455 and the Autobahn suite ask of a server."""

import random
import tracemalloc
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtserver.base.wire.frame import build_frame, text_frame
from rtserver.base.wire.protocol import State, WebSocketProtocol
from tests.websocket_client import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close, header, masked

LIMIT = 1000
HELLO = bytes.fromhex("818537fa213d7f9f4d5158")  # section 5.7: a masked "Hello"
OVER_LIMIT = header(BINARY, LIMIT + 1)
KOSME = "κόσμε".encode()
Split: TypeAlias = Callable[[bytes], list[bytes]]


class Received(NamedTuple):
    """All that one connection did with its bytes."""

    messages: list[tuple[int, bytes]]
    outgoing: bytes
    state: State
    close_code: int


def feed(pieces: Iterable[bytes], protocol: WebSocketProtocol | None = None) -> Received:
    """Receive and settle piece by piece, as the connection does."""
    protocol = protocol or WebSocketProtocol(LIMIT)
    messages = []
    for piece in pieces:
        messages += protocol.receive(piece)
        protocol.settle()
    return Received(messages, b"".join(protocol.outgoing), protocol.state, protocol.close_code)


def octets(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def text(*payloads: bytes) -> list[tuple[int, bytes]]:
    return [(TEXT, payload) for payload in payloads]


def fragments(opcode: int, *payloads: bytes) -> bytes:
    first, *rest = payloads
    middle = b"".join(masked(CONTINUATION, payload, fin=False) for payload in rest[:-1])
    return masked(opcode, first, fin=False) + middle + masked(CONTINUATION, rest[-1])


# What leaves the connection open: bytes, messages, what the server sends.
GOOD = {
    "the masked Hello of section 5.7": (HELLO, text(b"Hello"), b""),
    "an empty text": (masked(TEXT), text(b""), b""),
    "an empty binary message": (masked(BINARY), [(BINARY, b"")], b""),
    "binary that is no text": (masked(BINARY, b"\xff\xfe\x00"), [(BINARY, b"\xff\xfe\x00")], b""),
    "125 bytes": (masked(TEXT, b"*" * 125), text(b"*" * 125), b""),
    "126 bytes": (masked(TEXT, b"*" * 126), text(b"*" * 126), b""),
    "a message of exactly the limit": (masked(BINARY, bytes(LIMIT)), [(BINARY, bytes(LIMIT))], b""),
    "fragments of exactly the limit": (
        fragments(BINARY, bytes(LIMIT - 1), b"\1"),
        [(BINARY, bytes(LIMIT - 1) + b"\1")],
        b"",
    ),
    "another mask": (masked(TEXT, b"Hello", mask=b"\1\2\3\4"), text(b"Hello"), b""),
    "a mask of zeros": (masked(TEXT, b"Hello", mask=bytes(4)), text(b"Hello"), b""),
    "a ping": (masked(PING, b"hi"), [], b"\x8a\x02hi"),
    "an empty ping": (masked(PING), [], b"\x8a\x00"),
    "a ping of 125 bytes": (masked(PING, b"\xff" * 125), [], b"\x8a\x7d" + b"\xff" * 125),
    "ten pings, each answered in order": (
        b"".join(masked(PING, b"%d" % i) for i in range(10)),
        [],
        b"".join(b"\x8a\x01%d" % i for i in range(10)),
    ),
    "a pong nobody asked for": (masked(PONG, b"hi") + HELLO, text(b"Hello"), b""),
    "many messages in a packet": (HELLO * 3 + masked(BINARY, b"x"), [*text(*[b"Hello"] * 3), (BINARY, b"x")], b""),
    "two fragments": (fragments(TEXT, b"Hel", b"lo"), text(b"Hello"), b""),
    "empty fragments": (fragments(TEXT, b"", b"", b"Hello", b""), text(b"Hello"), b""),
    "fragments that are all empty": (fragments(TEXT, b"", b"", b""), text(b""), b""),
    "binary fragments, next to whole messages": (
        HELLO + fragments(BINARY, b"\xff", b"\xfe") + HELLO,
        [(TEXT, b"Hello"), (BINARY, b"\xff\xfe"), (TEXT, b"Hello")],
        b"",
    ),
    "a ping between fragments": (
        masked(TEXT, b"Hel", fin=False) + masked(PING, b"?") + masked(CONTINUATION, b"lo"),
        text(b"Hello"),
        b"\x8a\x01?",
    ),
    "pings and pongs between every two fragments": (
        masked(TEXT, b"1", fin=False)
        + masked(PING, b"a")
        + masked(PONG, b"b")
        + masked(CONTINUATION, b"2", fin=False)
        + masked(PING, b"c")
        + masked(CONTINUATION, b"3"),
        text(b"123"),
        b"\x8a\x01a\x8a\x01c",
    ),
    "a ping while the text is in the middle of a character": (
        masked(TEXT, KOSME[:1], fin=False) + masked(PING, b"\xff") + masked(CONTINUATION, KOSME[1:]),
        text(KOSME),
        b"\x8a\x01\xff",
    ),
    "characters cut by fragments": (fragments(TEXT, *octets(KOSME)), text(KOSME), b""),
    "the last character there is": (masked(TEXT, b"\xf4\x8f\xbf\xbf"), text(b"\xf4\x8f\xbf\xbf"), b""),
    "noncharacters and a zero": (masked(TEXT, "\0\ufffe\uffff".encode()), text("\0\ufffe\uffff".encode()), b""),
}

# What ends it: bytes, messages before the end, the close code, and how the reason begins.
BAD = {
    "the first reserved bit": (masked(TEXT, b"x", reserved=4), [], 1002, "reserved bit"),
    "the second reserved bit": (masked(TEXT, b"x", reserved=2), [], 1002, "reserved bit"),
    "the third reserved bit": (masked(TEXT, b"x", reserved=1), [], 1002, "reserved bit"),
    "a reserved bit on a ping": (masked(PING, reserved=4), [], 1002, "reserved bit"),
    "a reserved bit on a close": (masked(CLOSE, reserved=7), [], 1002, "reserved bit"),
    "a reserved bit behind a good message": (HELLO + masked(TEXT, reserved=4) + HELLO, text(b"Hello"), 1002, "reser"),
    **{
        f"reserved opcode {code}": (masked(code), [], 1002, "reserved opcode") for code in (3, 4, 5, 6, 7, 11, 12, 15)
    },
    "a reserved opcode behind a good message": (HELLO + masked(5, b"x") + HELLO, text(b"Hello"), 1002, "reserved op"),
    "no mask": (b"\x81\x05Hello", [], 1002, "client frame without a mask"),
    "a ping without a mask": (b"\x89\x00", [], 1002, "client frame without a mask"),
    "a close without a mask": (b"\x88\x02\x03\xe8", [], 1002, "client frame without a mask"),
    "a ping of 126 bytes": (masked(PING, bytes(126)), [], 1002, "control frame over"),
    "a ping of 64 KiB, by its header": (header(PING, 65536), [], 1002, "control frame over"),
    "a close of 126 bytes": (close(1000, b"x" * 124), [], 1002, "control frame over"),
    "a short ping with a long length": (b"\x89\xfe\x00\x01", [], 1002, "control frame over"),
    "a fragmented ping": (masked(PING, fin=False), [], 1002, "fragmented control"),
    "a fragmented close": (masked(CLOSE, b"\x03\xe8", fin=False), [], 1002, "fragmented control"),
    "a continuation of nothing": (masked(CONTINUATION, b"x"), [], 1002, "fragments out of order"),
    "a continuation of nothing, not final": (masked(CONTINUATION, b"x", fin=False), [], 1002, "fragments out"),
    "a continuation after the last": (
        fragments(TEXT, b"a", b"b") + masked(CONTINUATION, b"c"),
        text(b"ab"),
        1002,
        "fragments out",
    ),
    "a text inside a fragmented text": (masked(TEXT, b"a", fin=False) + HELLO, [], 1002, "fragments out of order"),
    "a binary inside a fragmented text": (masked(TEXT, fin=False) + masked(BINARY, b"b"), [], 1002, "fragments out"),
    "125 bytes in a 16-bit length": (b"\x81\xfe\x00\x7d", [], 1002, "length not in its shortest form"),
    "65535 bytes in a 64-bit length": (b"\x81\xff\0\0\0\0\0\0\xff\xff", [], 1002, "length not in its shortest form"),
    "a length of more than 63 bits": (b"\x81\xff\x80\0\0\0\0\0\0\0", [], 1002, "length not in its shortest form"),
    "a length of 63 bits": (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", [], 1009, "message over 1000 bytes"),
    "a message over the limit, by its header": (OVER_LIMIT, [], 1009, "message over 1000 bytes"),
    "fragments over the limit, by the last one's header": (
        masked(TEXT, b"x" * 600, fin=False) + header(CONTINUATION, 401),
        [],
        1009,
        "message over 1000 bytes",
    ),
    "a good message before one over the limit": (HELLO + OVER_LIMIT, text(b"Hello"), 1009, "message over"),
    "a byte that is never UTF-8": (masked(TEXT, b"abc\xff"), [], 1007, "text is not UTF-8"),
    "half a character": (masked(TEXT, b"abc\xce"), [], 1007, "text is not UTF-8"),
    "half a character at the end of the fragments": (fragments(TEXT, b"abc", b"\xce"), [], 1007, "text is not UTF-8"),
    "a surrogate": (masked(TEXT, b"\xed\xa0\x80"), [], 1007, "text is not UTF-8"),
    "a character beyond the last": (masked(TEXT, b"\xf4\x90\x80\x80"), [], 1007, "text is not UTF-8"),
    "a slash in two bytes": (masked(TEXT, b"\xc0\xaf"), [], 1007, "text is not UTF-8"),
    "five bytes for one character": (masked(TEXT, b"\xf8\x88\x80\x80\x80"), [], 1007, "text is not UTF-8"),
    "bad text in a fragment, before the last one comes": (
        masked(TEXT, KOSME, fin=False) + masked(CONTINUATION, b"\xe0\x80", fin=False),
        [],
        1007,
        "text is not UTF-8",
    ),
    "a good message before a bad one": (HELLO + masked(TEXT, b"\xff") + HELLO, text(b"Hello"), 1007, "text is not"),
    "a close with half a code": (masked(CLOSE, b"\x03"), [], 1002, "close frame with half a code"),
    "a close reason that is not UTF-8": (close(1000, b"\xed\xa0\x80"), [], 1007, "close reason is not UTF-8"),
    **{
        f"close code {code}": (close(code), [], 1002, f"close code {code}")
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}

# A close that is as it should be: bytes, messages before it, the code it ends with, the frame that echoes it.
CLOSING = {
    "a close without a code": (masked(CLOSE), [], 1005, b"\x88\x00"),
    "a normal close": (close(1000), [], 1000, b"\x88\x02\x03\xe8"),
    "a close with a reason": (close(1001, b"gone"), [], 1001, b"\x88\x02\x03\xe9"),
    "a close with the longest reason": (close(1000, b"x" * 123), [], 1000, b"\x88\x02\x03\xe8"),
    **{
        f"a close with {code}": (close(code), [], code, b"\x88\x02" + code.to_bytes(2, "big"))
        for code in (1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
    },
    "messages in the packet of the close": (HELLO + HELLO + close(1000), text(b"Hello", b"Hello"), 1000, None),
    "messages behind the close": (close(1000) + HELLO + masked(PING, b"x"), [], 1000, b"\x88\x02\x03\xe8"),
    "a violation behind the close": (close(1000) + b"\xff\xff", [], 1000, b"\x88\x02\x03\xe8"),
    "a second close": (close(1000) + close(1001), [], 1000, b"\x88\x02\x03\xe8"),
    "a close in the middle of a message": (masked(TEXT, b"Hel", fin=False) + close(1000), [], 1000, None),
    "a ping before the close": (masked(PING, b"x") + close(1000), [], 1000, b"\x8a\x01x\x88\x02\x03\xe8"),
}


@pytest.mark.parametrize("split", [lambda data: [data], octets], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("data", "messages", "outgoing"), GOOD.values(), ids=GOOD)
def test_what_the_rfc_allows_is_received(data: bytes, messages: list, outgoing: bytes, split: Split) -> None:
    assert feed(split(data)) == (messages, outgoing, State.OPEN, 1006)


@pytest.mark.parametrize("split", [lambda data: [data], octets], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("data", "messages", "code", "reason"), BAD.values(), ids=BAD)
def test_a_violation_ends_the_connection_with_its_code(
    data: bytes, messages: list, code: int, reason: str, split: Split
) -> None:
    outcome = feed(split(data))
    assert outcome.messages == messages
    assert (outcome.state, outcome.close_code) == (State.DONE, code)
    said = code.to_bytes(2, "big") + reason.encode()
    assert outcome.outgoing[2:].startswith(said)
    assert outcome.outgoing == build_frame(CLOSE, outcome.outgoing[2:])


@pytest.mark.parametrize("split", [lambda data: [data], octets], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("case", CLOSING.values(), ids=CLOSING)
def test_a_close_frame_is_echoed(case: tuple[bytes, list, int, bytes | None], split: Split) -> None:
    data, messages, code, echo = case
    outgoing = b"\x88\x02\x03\xe8" if echo is None else echo
    assert feed(split(data)) == (messages, outgoing, State.DONE, code)


@pytest.mark.parametrize("end", [1, 2, 3, 5, 6, 9, 10, len(HELLO) - 1])
def test_the_bytes_left_over_are_the_beginning_of_the_next_message(end: int) -> None:
    protocol = WebSocketProtocol()
    assert protocol.receive(HELLO + HELLO[:end]) == text(b"Hello")
    assert protocol.receive(HELLO[end:] + HELLO[:end]) == text(b"Hello")
    assert protocol.receive(HELLO[end:]) == text(b"Hello")


def test_a_text_is_refused_by_the_fragment_that_breaks_it() -> None:
    protocol = WebSocketProtocol()
    assert feed([masked(TEXT, b"\xf4", fin=False)], protocol).state is State.OPEN
    assert feed([masked(CONTINUATION, b"\x90", fin=False)], protocol).close_code == 1007


def test_a_long_message_in_many_fragments_comes_out_whole() -> None:
    message = random.Random(6455).randbytes(65536)
    pieces = [message[i : i + 1300] for i in range(0, len(message), 1300)]
    assert feed([fragments(BINARY, *pieces)], WebSocketProtocol()).messages == [(BINARY, message)]


def test_the_end_waits_until_the_messages_before_it_are_answered() -> None:
    protocol = WebSocketProtocol()
    assert protocol.receive(HELLO + close(1000)) == text(b"Hello")
    assert protocol.state is State.OPEN
    assert protocol.outgoing == []
    protocol.settle()
    assert protocol.state is State.DONE
    assert protocol.outgoing == [b"\x88\x02\x03\xe8"]
    protocol.settle()
    assert protocol.outgoing == [b"\x88\x02\x03\xe8"]


def test_settling_when_nothing_has_ended_does_nothing() -> None:
    protocol = WebSocketProtocol()
    protocol.receive(HELLO)
    protocol.settle()
    assert protocol.state is State.OPEN
    assert protocol.outgoing == []


def test_our_close_is_sent_once_and_done_when_the_peer_answers() -> None:
    protocol = WebSocketProtocol()
    protocol.close(4003, "kicked")
    protocol.close(1000)
    assert protocol.state is State.CLOSING
    assert feed([close(4003)], protocol) == ([], b"\x88\x08\x0f\xa3kicked", State.DONE, 4003)


def test_after_our_close_no_message_is_given_out_and_no_ping_answered() -> None:
    protocol = WebSocketProtocol()
    protocol.close(1001)
    crossing = [
        HELLO,
        masked(PING, b"x"),
        masked(TEXT, b"Hel", fin=False),
        masked(CONTINUATION, b"lo"),
        HELLO + HELLO,
    ]
    assert feed(crossing, protocol) == ([], b"\x88\x02\x03\xe9", State.CLOSING, 1001)
    assert feed([HELLO + close(1000)], protocol) == ([], b"\x88\x02\x03\xe9", State.DONE, 1001)


def test_a_violation_after_our_close_ends_it_without_a_second_close_frame() -> None:
    protocol = WebSocketProtocol()
    protocol.close(1001)
    assert feed([b"\xff"], protocol).state is State.CLOSING
    assert feed([b"\x80"], protocol) == ([], b"\x88\x02\x03\xe9", State.DONE, 1001)


def test_a_handler_that_closes_while_the_peers_close_is_in_the_same_packet_is_the_one_who_closed() -> None:
    protocol = WebSocketProtocol()
    assert protocol.receive(HELLO + close(1000)) == text(b"Hello")
    protocol.close(4003)
    protocol.settle()
    assert protocol.state is State.DONE
    assert (protocol.close_code, protocol.outgoing) == (4003, [b"\x88\x02\x0f\xa3"])


def test_a_close_code_that_may_not_be_sent_is_a_bug_of_the_caller() -> None:
    protocol = WebSocketProtocol()
    with pytest.raises(ValueError, match="1006"):
        protocol.close(1006)
    assert protocol.state is State.OPEN


@pytest.mark.parametrize("refused", [OVER_LIMIT, close(1000), b"\xff\x80"], ids=["oversize", "close", "violation"])
def test_what_comes_behind_the_end_is_neither_looked_at_nor_kept(refused: bytes) -> None:
    protocol = WebSocketProtocol(LIMIT)
    before = feed([refused], protocol)
    flood = HELLO * 6000
    tracemalloc.start()
    try:
        after = feed([flood] * 100, protocol)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after == before
    assert held < len(flood)


def test_an_oversize_message_costs_no_more_than_its_header() -> None:
    tracemalloc.start()
    try:
        outcome = feed([header(BINARY, 1 << 62), *[bytes(1000)] * 1000])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome.close_code == 1009
    assert peak < 100_000


class CountingProtocol(WebSocketProtocol):
    """Counts how often the buffer is looked through."""

    looks = 0

    def _receive_frames(self, data: bytes, messages: list[tuple[int, bytes]]) -> int:
        self.looks += 1
        return super()._receive_frames(data, messages)


def test_a_large_frame_that_drips_in_is_looked_at_a_few_times_and_not_once_per_byte() -> None:
    protocol = CountingProtocol(65536)
    frame = masked(BINARY, bytes(65536))
    assert feed(octets(frame), protocol).messages == [(BINARY, bytes(65536))]
    assert protocol.looks <= 4


chunks = st.lists(st.integers(1, 40), min_size=1, max_size=60)


def split_at(data: bytes, sizes: list[int]) -> list[bytes]:
    """``data`` in pieces of these sizes, over and over."""
    pieces, position, turn = [], 0, 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data[position : position + size])
        position, turn = position + size, turn + 1
    return pieces


any_case = st.sampled_from([case[0] for table in (GOOD, BAD, CLOSING) for case in table.values()])
good_case = st.sampled_from([case[0] for case in GOOD.values()])


@given(st.lists(good_case, max_size=4), any_case, st.binary(max_size=12), chunks)
def test_however_a_stream_is_split_the_same_comes_out(
    before: list[bytes], last: bytes, rest: bytes, sizes: list[int]
) -> None:
    stream = b"".join(before) + last + rest
    assert feed(split_at(stream, sizes)) == feed([stream])


@given(st.binary(max_size=200), chunks)
@example(b"\x00\x80" + bytes(4), [1])
def test_random_bytes_end_in_a_state_and_not_in_an_exception(data: bytes, sizes: list[int]) -> None:
    outcome = feed(split_at(data, sizes))
    assert outcome == feed([data])
    assert outcome.state in {State.OPEN, State.DONE}
    assert (outcome.state is State.OPEN) == (outcome.close_code == 1006)


@given(
    st.lists(st.tuples(st.sampled_from([TEXT, BINARY]), st.text(max_size=200), st.binary(min_size=4, max_size=4))),
    chunks,
)
def test_every_message_comes_back_as_it_was_sent(sent: list[tuple[int, str, bytes]], sizes: list[int]) -> None:
    stream = b"".join(masked(opcode, payload.encode(), mask=mask) for opcode, payload, mask in sent)
    outcome = feed(split_at(stream, sizes))
    assert outcome.messages == [(opcode, payload.encode()) for opcode, payload, _ in sent]
    assert outcome.state is State.OPEN


@given(st.text(min_size=1, max_size=60), chunks)
def test_a_text_may_be_cut_into_fragments_anywhere(message: str, sizes: list[int]) -> None:
    pieces = split_at(message.encode(), sizes)
    assert feed([fragments(TEXT, *pieces, b"")]).messages == text(message.encode())


@given(st.binary(min_size=1, max_size=30))
def test_text_is_given_out_exactly_if_it_is_utf_8(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        expected: list[tuple[int, bytes]] = []
    else:
        expected = text(payload)
    assert feed([masked(TEXT, payload)]).messages == expected
    assert feed([fragments(TEXT, *octets(payload), b"")]).messages == expected


def test_a_servers_frame_is_refused_by_a_server() -> None:
    assert feed([text_frame(b"Hello")]).close_code == 1002
