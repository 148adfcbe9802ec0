"""One connection's WebSocket with permessage-deflate negotiated: compressed messages among all the others."""

import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.frame import build_frame
from rtserver.base.wire.protocol import INFLATED_AT_ONCE, State, WebSocketProtocol
from tests.base.wire.test_protocol import LIMIT, Received, feed, fragments, octets, split_at, text
from tests.websocket_client import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close, header, masked

RSV1 = 4
HELLO = bytes.fromhex("f248cdc9c90700")  # section 7.2.3.1
KOSME = "κόσμε".encode()


def deflated(message: bytes) -> bytes:
    """A message's payload as clients send it."""
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


def compressed(opcode: int, message: bytes) -> bytes:
    """A client's frame of a whole compressed message."""
    return masked(opcode, deflated(message), reserved=RSV1)


def in_fragments(opcode: int, *payloads: bytes) -> bytes:
    """The same in fragments: the bit stands on the first."""
    first, *rest = payloads
    return masked(opcode, first, fin=False, reserved=RSV1) + b"".join(
        masked(CONTINUATION, payload, fin=place == len(rest)) for place, payload in enumerate(rest, 1)
    )


def receive(*pieces: bytes, limit: int = LIMIT) -> Received:
    return feed(pieces, WebSocketProtocol(limit, inflates=True))


def noise(size: int) -> bytes:
    """Bytes that do not compress."""
    return zlib.compress(b"".join(b"%x" % (n * n) for n in range(size)))[:size]


GOOD = {
    "the Hello of the RFC": (masked(TEXT, HELLO, reserved=RSV1), text(b"Hello")),
    "an empty message": (masked(TEXT, b"\0", reserved=RSV1), text(b"")),
    "a message that is not compressed": (masked(TEXT, b"Hello"), text(b"Hello")),
    "binary": (compressed(BINARY, b"\xff" * 500), [(BINARY, b"\xff" * 500)]),
    "text of more than ASCII": (compressed(TEXT, KOSME * 50), text(KOSME * 50)),
    "each kind by turns": (
        compressed(TEXT, b"a" * 99) + masked(TEXT, b"b") + compressed(TEXT, b"c") + fragments(TEXT, b"d", b"e"),
        text(b"a" * 99, b"b", b"c", b"de"),
    ),
    "fragments": (in_fragments(TEXT, HELLO[:3], HELLO[3:]), text(b"Hello")),
    "a fragment for each byte": (in_fragments(TEXT, *octets(HELLO)), text(b"Hello")),
    "empty fragments": (in_fragments(TEXT, b"", HELLO, b"", b""), text(b"Hello")),
    "a fragmented message that is not compressed, behind one that is": (
        in_fragments(TEXT, *octets(HELLO)) + fragments(TEXT, b"x", b"y"),
        text(b"Hello", b"xy"),
    ),
    "exactly the limit": (compressed(BINARY, bytes(LIMIT)), [(BINARY, bytes(LIMIT))]),
    "the limit of what does not compress": (compressed(BINARY, noise(LIMIT)), [(BINARY, noise(LIMIT))]),
}
BAD = {
    "the bit on a continuation": (
        masked(TEXT, HELLO[:3], fin=False, reserved=RSV1) + masked(CONTINUATION, HELLO[3:], reserved=RSV1),
        1002,
        "reserved bit",
    ),
    "the bit on a continuation only": (
        masked(BINARY, HELLO[:3], fin=False) + masked(CONTINUATION, HELLO[3:], reserved=RSV1),
        1002,
        "reserved bit",
    ),
    "the bit on a ping": (masked(PING, reserved=RSV1), 1002, "reserved bit"),
    "the bit on a pong": (masked(PONG, reserved=RSV1), 1002, "reserved bit"),
    "the bit on a close": (masked(CLOSE, b"\x03\xe8", reserved=RSV1), 1002, "reserved bit"),
    "the bit on a reserved opcode": (masked(3, HELLO, reserved=RSV1), 1002, "reserved bit"),
    "the second bit": (masked(TEXT, HELLO, reserved=2), 1002, "reserved bit"),
    "the third bit": (masked(TEXT, HELLO, reserved=1), 1002, "reserved bit"),
    "two bits": (masked(TEXT, HELLO, reserved=RSV1 | 1), 1002, "reserved bit"),
    "a message that was not compressed after all": (
        masked(TEXT, b"Hello", reserved=RSV1),
        1002,
        "compressed message",
    ),
    "half a message": (masked(TEXT, HELLO[:4], reserved=RSV1), 1002, "compressed message"),
    "half a message in fragments": (in_fragments(TEXT, HELLO[:2], HELLO[2:4]), 1002, "compressed message"),
    "text that is not UTF-8": (compressed(TEXT, b"\xff" * 200), 1007, "text is not UTF-8"),
    "text that ends in half a character": (compressed(TEXT, KOSME[:-1]), 1007, "text is not UTF-8"),
    "one byte too many": (compressed(BINARY, bytes(LIMIT + 1)), 1009, "message over 1000 bytes"),
    "one byte too many in fragments": (
        in_fragments(BINARY, *octets(deflated(bytes(LIMIT + 1)))),
        1009,
        "message over 1000 bytes",
    ),
    "more compressed bytes than the limit can be": (header(BINARY, 1100, reserved=RSV1), 1009, "message over 1000"),
    "the same in fragments": (
        masked(BINARY, noise(1000), fin=False, reserved=RSV1) + header(CONTINUATION, 100),
        1009,
        "message over 1000 bytes",
    ),
}


@pytest.mark.parametrize("split", [lambda data: [data], octets], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("data", "messages"), GOOD.values(), ids=GOOD)
def test_a_compressed_message_is_received_as_what_it_was(
    data: bytes, messages: list, split: Callable[[bytes], list[bytes]]
) -> None:
    assert receive(*split(data)) == (messages, b"", State.OPEN, 1006)


@pytest.mark.parametrize("split", [lambda data: [data], octets], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("data", "code", "reason"), BAD.values(), ids=BAD)
def test_a_violation_ends_the_connection_with_its_code(
    data: bytes, code: int, reason: str, split: Callable[[bytes], list[bytes]]
) -> None:
    outcome = receive(*split(masked(TEXT, b"before") + data))
    assert outcome.messages == text(b"before")
    assert (outcome.state, outcome.close_code) == (State.DONE, code)
    assert outcome.outgoing[4:].startswith(reason.encode())


def test_without_negotiation_the_bit_is_a_violation() -> None:
    assert feed([masked(TEXT, HELLO, reserved=RSV1)]).close_code == 1002


def test_a_ping_between_compressed_fragments_is_answered_at_once() -> None:
    protocol = WebSocketProtocol(inflates=True)
    first = feed([masked(TEXT, HELLO[:3], fin=False, reserved=RSV1) + masked(PING, b"?")], protocol)
    assert (first.messages, first.outgoing) == ([], b"\x8a\x01?")
    assert feed([masked(CONTINUATION, HELLO[3:])], protocol).messages == text(b"Hello")


def test_a_close_behind_a_compressed_message_is_echoed() -> None:
    outcome = receive(masked(TEXT, HELLO, reserved=RSV1) + close(1000))
    assert (outcome.messages, outcome.outgoing) == (text(b"Hello"), build_frame(CLOSE, b"\x03\xe8"))


def test_nothing_is_kept_of_a_message_for_the_next_one() -> None:
    protocol = WebSocketProtocol(inflates=True)
    with_memory = zlib.compressobj(wbits=-15)
    first = with_memory.compress(b"the same words") + with_memory.flush(zlib.Z_SYNC_FLUSH)
    second = with_memory.compress(b"the same words") + with_memory.flush(zlib.Z_SYNC_FLUSH)
    assert feed([masked(TEXT, first[:-4], reserved=RSV1)], protocol).messages == text(b"the same words")
    assert feed([masked(TEXT, second[:-4], reserved=RSV1)], protocol).close_code == 1002


@pytest.mark.parametrize("pieces", [1, 20])
def test_a_bomb_costs_no_more_than_the_limit(pieces: int) -> None:
    bomb = deflated(bytes(50_000_000))
    size = len(bomb) // pieces + 1
    payloads = [bomb[place : place + size] for place in range(0, len(bomb), size)]
    stream = in_fragments(BINARY, *payloads) if pieces > 1 else masked(BINARY, bomb, reserved=RSV1)
    tracemalloc.start()
    try:
        outcome = receive(stream, limit=65_536)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (outcome.messages, outcome.close_code) == ([], 1009)
    assert peak < 600_000


sizes = st.lists(st.integers(1, 40), min_size=1, max_size=60)


def test_many_bombs_are_inflated_a_few_at_a_time() -> None:
    messages = [bytes([number]) * 60_000 for number in range(100)]
    whole = b"".join(compressed(BINARY, message) for message in messages)
    protocol = WebSocketProtocol(inflates=True)
    received: list[tuple[int, bytes]] = []
    data = whole + masked(PING) + close(1000)[:3]
    while data or protocol.has_more:
        some = protocol.receive(data)
        protocol.settle()
        assert sum(len(payload) for _, payload in some) <= INFLATED_AT_ONCE + 60_000
        received += some
        data = b""
    assert received == [(BINARY, message) for message in messages]
    assert protocol.outgoing == [build_frame(PONG, b"")]
    protocol.receive(close(1000)[3:])
    protocol.settle()
    assert protocol.state is State.DONE


@given(st.text(max_size=200), sizes, sizes)
def test_a_compressed_message_may_be_cut_into_fragments_anywhere(
    message: str, fragment_sizes: list[int], read_sizes: list[int]
) -> None:
    payloads = split_at(deflated(message.encode()), fragment_sizes)
    stream = in_fragments(TEXT, *payloads, b"")
    assert receive(*split_at(stream, read_sizes)).messages == text(message.encode())


@given(st.binary(max_size=200), sizes)
def test_random_bytes_end_in_a_state_and_not_in_an_exception(data: bytes, read_sizes: list[int]) -> None:
    outcome = receive(*split_at(data, read_sizes))
    assert outcome == receive(data)
    assert (outcome.state is State.OPEN) == (outcome.close_code == 1006)


@given(st.lists(st.binary(max_size=60), min_size=2, max_size=4))
def test_random_payloads_of_compressed_frames_are_messages_or_violations(payloads: list[bytes]) -> None:
    for stream in (in_fragments(TEXT, *payloads), masked(BINARY, payloads[0], reserved=RSV1)):
        outcome = receive(stream)
        assert outcome.close_code in {1002, 1006, 1007, 1009}
        assert bool(outcome.messages) == (outcome.close_code == 1006)
