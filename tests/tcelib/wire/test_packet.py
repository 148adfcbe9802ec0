"""Packets in a stream of bytes (TCE protocol, section 1; section 7, items 1 to 6 and 38)."""

import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from tcelib.error import PacketError
from tcelib.wire.message import Header, RpcMessage, build_body
from tcelib.wire.packet import (
    INFLATED_AT_ONCE,
    SHORT_BYTES,
    SHORT_FRONTS,
    PacketReader,
    answer_middle,
    build_packet,
    pack_short,
    wrap,
)

MAX = 0x100000
CALL = bytes.fromhex("efd2bb99000000280000000001000100000001010007000700000000010000000000000000000568656c6c6f")


class Inbox:
    """A reader, what it gave and what it dropped."""

    def __init__(self, max_packet_bytes: int = MAX) -> None:
        self.packets = []
        self.dropped: list[object] = []
        self.reader = PacketReader(max_packet_bytes, self.dropped.append)

    def feed(self, data: bytes) -> "Inbox":
        self.reader.feed(data, self.packets)
        return self

    @property
    def messages(self) -> list[RpcMessage]:
        return [RpcMessage.of(packet) for packet in self.packets]

    @property
    def params(self) -> list[bytes]:
        return [message.paramstream for message in self.messages]


def envelope(
    body: bytes, size: int | None = None, compress: int = 0, encrypt: int = 0, version: str = "00000100"
) -> bytes:
    size = 10 + len(body) if size is None else size
    return bytes.fromhex(f"efd2bb99{size:08x}{compress:02x}{encrypt:02x}{version}") + body


def body_of(params: bytes, sequence: int = 1) -> bytes:
    return build_body(sequence, 1, 7 << 16 | 7, params=params)


def test_a_packet_is_cut_by_its_size() -> None:
    inbox = Inbox().feed(CALL + CALL)

    assert inbox.params == [b"\0\0\0\5hello"] * 2


@pytest.mark.parametrize("cut", range(1, len(CALL)))
def test_a_packet_may_come_in_two_parts_cut_anywhere(cut: int) -> None:
    inbox = Inbox().feed(CALL[:cut])
    assert inbox.packets == []

    assert inbox.feed(CALL[cut:]).params == [b"\0\0\0\5hello"]


def test_a_packet_may_come_byte_by_byte_with_others_behind_it() -> None:
    inbox = Inbox()
    for byte in CALL * 3:
        inbox.feed(bytes([byte]))

    assert inbox.params == [b"\0\0\0\5hello"] * 3


def test_header_and_body_in_two_websocket_messages_are_one_packet() -> None:
    assert Inbox().feed(CALL[:14]).feed(CALL[14:]).params == [b"\0\0\0\5hello"]


packets = st.builds(
    lambda params, deflates, extra: build_packet(5, 1, 1 << 16, extra=extra, params=params, deflates=deflates),
    st.binary(max_size=300),
    st.booleans(),
    st.one_of(st.none(), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)),
)


@given(st.lists(packets, max_size=8), st.data())
def test_packets_cut_and_joined_anywhere_are_the_same_packets(sent: list[bytes], data: DataObject) -> None:
    stream = b"".join(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    inbox = Inbox()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        inbox.feed(stream[start:end])

    assert inbox.packets == Inbox().feed(stream).packets
    assert len(inbox.packets) == len(sent)


@pytest.mark.parametrize("version", ["00000000", "00000100", "00000101", "01000000", "ffffffff"])
def test_version_and_encryption_are_ignored(version: str) -> None:
    assert Inbox().feed(envelope(body_of(b"x"), version=version, encrypt=3)).params == [b"x"]


@pytest.mark.parametrize("size", [0, 1, 10, 0x100001, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_size_out_of_bounds_is_refused_as_soon_as_it_is_known(size: int) -> None:
    with pytest.raises(PacketError, match=f"of {size} bytes"):
        Inbox().feed(envelope(b"", size=size))


def test_the_greatest_size_is_taken() -> None:
    assert Inbox(max_packet_bytes=100).feed(envelope(body_of(b"x" * 69))).params == [b"x" * 69]
    with pytest.raises(PacketError, match="101"):
        Inbox(max_packet_bytes=100).feed(envelope(body_of(b"x" * 70))[:14])


def test_what_does_not_begin_like_a_packet_is_refused_and_what_stood_before_it_is_given() -> None:
    inbox = Inbox()

    with pytest.raises(PacketError, match="00000001"):
        inbox.feed(CALL + bytes.fromhex("00000001") + CALL)
    assert inbox.params == [b"\0\0\0\5hello"]


@pytest.mark.parametrize("compress", [2, 3, 255])
def test_an_unknown_compression_is_refused(compress: int) -> None:
    with pytest.raises(PacketError, match="compression"):
        Inbox().feed(envelope(body_of(b"x"), compress=compress))


@pytest.mark.parametrize("length", range(1, 21))
def test_a_body_too_short_for_a_message_is_dropped_and_the_stream_goes_on(length: int) -> None:
    inbox = Inbox().feed(CALL + envelope(bytes(length)) + CALL)

    assert inbox.params == [b"\0\0\0\5hello"] * 2
    assert len(inbox.dropped) == 1


def test_a_short_body_at_the_end_of_what_has_come_is_dropped_at_once() -> None:
    assert len(Inbox().feed(envelope(b"1234")).dropped) == 1


def test_a_compressed_body_is_inflated() -> None:
    compressed = zlib.compress(body_of(b"x" * 200))

    assert Inbox().feed(envelope(compressed, compress=1) + CALL).params == [b"x" * 200, b"\0\0\0\5hello"]


def test_a_compressed_packet_may_be_shorter_than_any_plain_one() -> None:
    packet = envelope(zlib.compress(bytes(60)), compress=1)
    assert len(packet) < 35

    assert Inbox().feed(packet).params == [bytes(39)]


def test_a_compressed_body_too_short_for_a_message_is_dropped() -> None:
    assert len(Inbox().feed(envelope(zlib.compress(b"1234"), compress=1)).dropped) == 1


def test_zeros_behind_the_zlib_stream_are_skipped() -> None:
    padded = zlib.compress(body_of(b"x" * 200), 9) + bytes(150)

    assert Inbox().feed(envelope(padded, compress=1) + CALL).params == [b"x" * 200, b"\0\0\0\5hello"]


@pytest.mark.parametrize("damage", [lambda z: b"\0" * len(z), lambda z: z[:-1], lambda z: z[:2], lambda z: z[:9] + z])
def test_a_body_that_does_not_inflate_ends_the_stream(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(PacketError):
        Inbox().feed(envelope(damage(zlib.compress(body_of(b"x" * 200))), compress=1))


def test_a_bomb_is_inflated_up_to_the_limit_and_no_further() -> None:
    bomb = zlib.compress(bytes(200_000_000))
    packet = envelope(bomb, compress=1)
    tracemalloc.start()
    try:
        inbox = Inbox().feed(packet)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * MAX
    assert len(inbox.dropped) == 1


def test_many_bombs_in_one_read_are_inflated_a_few_at_a_time() -> None:
    bombs = envelope(zlib.compress(body_of(bytes(200_000))), compress=1) * 20
    inbox = Inbox().feed(bombs + CALL)
    rounds = 1
    while inbox.reader.has_more:
        before = len(inbox.packets)
        inbox.feed(b"")
        assert len(inbox.packets) - before <= INFLATED_AT_ONCE // 200_000 + 2
        rounds += 1
    assert rounds >= 9
    assert inbox.params == [bytes(200_000)] * 20 + [inbox.params[-1]]
    assert inbox.reader.inflated == 20 * len(body_of(bytes(200_000)))


def test_bytes_that_come_before_all_is_inflated_keep_their_place() -> None:
    bomb = envelope(zlib.compress(body_of(bytes(INFLATED_AT_ONCE))), compress=1)
    inbox = Inbox().feed(bomb * 2 + CALL[:20])
    assert inbox.reader.has_more
    inbox.feed(CALL[20:])
    while inbox.reader.has_more:
        inbox.feed(b"")
    assert [len(params) for params in inbox.params[:2]] == [INFLATED_AT_ONCE] * 2
    assert len(inbox.params) == 3


def test_a_body_inflated_to_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    fitting, longer = body_of(bytes(979)), body_of(bytes(980))
    assert len(fitting) == 1000

    assert Inbox(max_packet_bytes=1010).feed(envelope(zlib.compress(fitting), compress=1)).params == [bytes(979)]
    inbox = Inbox(max_packet_bytes=1010).feed(envelope(zlib.compress(longer), compress=1) + CALL)
    assert inbox.params == [b"\0\0\0\5hello"]
    assert inbox.dropped == ["a message inflates to more than 1000 bytes"]


def test_of_a_message_that_is_too_long_the_header_is_told() -> None:
    told = []
    reader = PacketReader(1010, pytest.fail, lambda fields, reason: told.append(Header(*fields).sequence))
    reader.feed(envelope(zlib.compress(body_of(bytes(980), sequence=77)), compress=1), [])
    assert told == [77]


@pytest.mark.parametrize(
    ("packet", "inflates"),
    [
        (CALL, False),
        (envelope(body_of(b""), version="01000000"), True),
        (envelope(body_of(b"")[:4], version="01000000"), True),
        (envelope(zlib.compress(body_of(b"")), compress=1), True),
        (envelope(body_of(b""), version="00000101"), False),
    ],
)
def test_a_peer_inflates_if_it_has_compressed_or_is_python(packet: bytes, inflates: bool) -> None:
    assert Inbox().feed(packet).reader.peer_inflates is inflates


@pytest.mark.parametrize("size", range(SHORT_BYTES + 2))
def test_a_short_packet_is_its_body_in_an_envelope(size: int) -> None:
    fields = {"errcode": 7, "paramsize": 255, "call_id": 0x8001, "params": bytes(range(size))}
    packet = build_packet(0xFFFFFF00, 0x21, 0xFFFE0007, **fields)

    assert packet == wrap(build_body(0xFFFFFF00, 0x21, 0xFFFE0007, **fields))


@pytest.mark.parametrize("size", [0, 1, SHORT_BYTES])
def test_a_short_answer_is_the_packet_of_any_answer(size: int) -> None:
    params = bytes(range(size))
    header = pack_short(SHORT_FRONTS[size], 0xFFFFFF00, answer_middle(0xFFFE0007, 1), 0x8001)

    assert header + params == build_packet(0xFFFFFF00, 2, 0xFFFE0000, paramsize=1, call_id=0x8001, params=params)


def test_bodies_over_100_bytes_are_compressed_for_a_peer_that_inflates() -> None:
    assert build_packet(1, 1, 0, params=bytes(79), deflates=True)[8] == 0
    assert build_packet(1, 1, 0, params=bytes(80), deflates=True)[8] == 1
    assert build_packet(1, 1, 0, params=bytes(80))[8] == 0
    assert build_packet(1, 1, 0, extra={"k": "v"}, params=bytes(80), deflates=True)[8] == 1
    assert build_packet(1, 1, 0, extra={"k": "v"}, params=bytes(80))[8] == 0


def test_a_compressed_packet_says_its_true_size_and_holds_the_same_message() -> None:
    packet = build_packet(9, 1, 5, params=b"x" * 500, deflates=True)

    assert int.from_bytes(packet[4:8], "big") == len(packet) - 4 < 500
    assert Inbox().feed(packet).packets[0][1] == b"x" * 500


@given(st.binary(min_size=101, max_size=3000), st.integers(1, 50))
def test_what_is_compressed_can_be_inflated_by_anyone(data: bytes, times: int) -> None:
    packet = wrap(data * times, deflates=True)

    assert (zlib.decompress(packet[14:]) if packet[8] else packet[14:]) == data * times


def test_a_body_that_grows_when_compressed_is_sent_as_it_is() -> None:
    noise = bytes(range(1, 256))

    assert wrap(noise, deflates=True)[8] == 0
    assert wrap(bytes(255), deflates=True)[8] == 1
