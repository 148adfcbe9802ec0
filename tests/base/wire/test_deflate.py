"""permessage-deflate as bytes: what RFC 7692 prints, and what a client might send instead."""

import tracemalloc
import zlib
from hashlib import sha512

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtserver.base.wire.deflate import deflated_text_frame, inflate, maybe_accept, most_deflated_bytes
from rtserver.base.wire.frame import Opcode, ProtocolError, build_frame, text_frame

BOTH = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
CONFIRMED = BOTH + "; server_max_window_bits=15"
LIMIT = 10_000

ACCEPTED = {
    "the plain offer": ("permessage-deflate", BOTH),
    "Chromium's": ("permessage-deflate; client_max_window_bits", BOTH),
    "a window for the client": ("permessage-deflate; client_max_window_bits=10", BOTH),
    "the smallest window for the client": ("permessage-deflate; client_max_window_bits=8", BOTH),
    "a value in quotes": ('permessage-deflate; client_max_window_bits="15"', BOTH),
    "no takeover, asked for": (BOTH, BOTH),
    "the whole window": ("permessage-deflate; server_max_window_bits=15", CONFIRMED),
    "everything": (
        "permessage-deflate;client_max_window_bits;server_max_window_bits=15;server_no_context_takeover",
        CONFIRMED,
    ),
    "spaces and tabs": ("\tpermessage-deflate ;\tclient_max_window_bits = 12 ", BOTH),
    "behind another extension": ("x-webkit-deflate-frame, permessage-deflate", BOTH),
    "a fallback behind an offer that is declined": (
        "permessage-deflate; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
        BOTH,
    ),
    "the first of two that are acceptable": (
        "permessage-deflate; server_max_window_bits=15, permessage-deflate",
        CONFIRMED,
    ),
}
DECLINED = {
    "nothing": "",
    "another extension": "permessage-bzip2",
    "a name that only begins like it": "permessage-deflate2",
    "upper case": "Permessage-Deflate",
    "an unknown parameter": "permessage-deflate; level=9",
    "an empty parameter": "permessage-deflate;",
    "a parameter twice": "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
    "a value where none may be": "permessage-deflate; server_no_context_takeover=1",
    "an empty value where none may be": "permessage-deflate; client_no_context_takeover=",
    "no value where one must be": "permessage-deflate; server_max_window_bits",
    "an empty value": "permessage-deflate; client_max_window_bits=",
    "an empty value in quotes": 'permessage-deflate; client_max_window_bits=""',
    "half a pair of quotes": 'permessage-deflate; client_max_window_bits="15',
    "a window for the server that is not ours": "permessage-deflate; server_max_window_bits=14",
    "a window too small": "permessage-deflate; client_max_window_bits=7",
    "a window too large": "permessage-deflate; client_max_window_bits=16",
    "a leading zero": "permessage-deflate; client_max_window_bits=08",
    "a number in other digits": "permessage-deflate; client_max_window_bits=\N{ARABIC-INDIC DIGIT NINE}",
    "commas only": ",,,",
    "equals signs only": "permessage-deflate; ===",
}


@pytest.mark.parametrize(("offers", "answer"), ACCEPTED.values(), ids=ACCEPTED)
def test_an_offer_that_can_be_kept_is_accepted(offers: str, answer: str) -> None:
    assert maybe_accept(offers) == answer


@pytest.mark.parametrize("offers", DECLINED.values(), ids=DECLINED)
def test_an_offer_that_cannot_be_kept_is_declined(offers: str) -> None:
    assert maybe_accept(offers) is None


@given(st.text() | st.lists(st.sampled_from(BOTH.split("; ") + list(',;="\\ 0189 ') + ["client_max_window_bits"])))
def test_whatever_is_offered_the_answer_is_one_of_three(offers: str | list[str]) -> None:
    assert maybe_accept("".join(offers)) in {None, BOTH, CONFIRMED}


# Out.


def inflated(payload: bytes) -> bytes:
    """Inflate a payload as a client does (section 7.2.2), with nothing kept from earlier messages."""
    return zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")


@pytest.mark.parametrize("size", [300, 65_535, 65_536, 200_000])
def test_a_message_is_compressed_and_its_frame_says_so_in_its_first_reserved_bit(size: int) -> None:
    payload = (b"%06d," * (size // 7 + 1) % tuple(range(size // 7 + 1)))[:size]
    frame = deflated_text_frame(payload)
    assert frame[0] == 0xC0 | Opcode.TEXT
    start = 2 if frame[1] <= 125 else 4 if frame[1] == 126 else 10
    assert frame == build_frame(0x40 | Opcode.TEXT, frame[start:])
    assert inflated(frame[start:]) == payload
    assert len(frame) < size / 2


@pytest.mark.parametrize("message", [b"", b"x" * 123], ids=["empty", "short"])
def test_a_short_message_stays_as_it_is(message: bytes) -> None:
    assert deflated_text_frame(message) == text_frame(message)


def test_a_message_that_does_not_shrink_stays_as_it_is() -> None:
    noise = b"".join(sha512(b"%d" % number).digest() for number in range(20))
    assert deflated_text_frame(noise) == text_frame(noise)


def test_the_same_message_is_the_same_frame_whatever_went_before_it() -> None:
    message = b"news of the day " * 20
    first = deflated_text_frame(message)
    deflated_text_frame(b"something else entirely " * 20)
    assert deflated_text_frame(message) == first


# In.

EXAMPLES = {
    "the Hello of section 7.2.3.1": ("f248cdc9c90700", b"Hello"),
    "the Hello that leans on the one before it": ("f20011000000", None),
    "not compressed, section 7.2.3.3": ("000500faff48656c6c6f00", b"Hello"),
    "a last block of its own, section 7.2.3.4": ("f348cdc9c9070000", b"Hello"),
    "a last block of its own and nothing behind it": ("f348cdc9c90700", b"Hello"),
    "two blocks, section 7.2.3.5": ("f248050000" + "00ffffcac9c90700", b"Hello"),
    "an empty message, section 7.2.3.6": ("00", b""),
    "no bytes at all, which even an empty message has": ("", None),
}


@pytest.mark.parametrize(("data", "message"), EXAMPLES.values(), ids=EXAMPLES)
def test_the_examples_of_the_rfc_are_read_as_it_says(data: str, message: bytes | None) -> None:
    if message is None:
        with pytest.raises(ProtocolError, match="not DEFLATE"):
            inflate(bytes.fromhex(data), LIMIT)
    else:
        assert inflate(bytes.fromhex(data), LIMIT) == message


def deflated(message: bytes, level: int = 6, wbits: int = -15, flush: int = zlib.Z_SYNC_FLUSH) -> bytes:
    """Deflate a message as a client does."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, wbits)
    data = compressor.compress(message) + compressor.flush(flush)
    return data if flush == zlib.Z_FINISH else data.removesuffix(b"\x00\x00\xff\xff")


@given(
    st.binary(max_size=300),
    st.integers(1, 40),
    st.integers(0, 9),
    st.integers(9, 15),
    st.sampled_from([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_FINISH]),
)
def test_a_message_comes_back_however_a_client_compresses_it(
    piece: bytes, times: int, level: int, window: int, flush: int
) -> None:
    message = piece * times
    data = deflated(message, level, -window, flush)
    assert inflate(data, max(1, len(message))) == message
    assert len(data) <= most_deflated_bytes(len(message))


@given(st.binary(min_size=1, max_size=100), st.integers(1, 9), st.data())
def test_a_message_that_was_cut_off_is_refused(piece: bytes, level: int, data: st.DataObject) -> None:
    whole = deflated(piece * 3, level)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(ProtocolError) as caught:
        inflate(whole[:cut], LIMIT)
    assert caught.value.code == 1002


@pytest.mark.parametrize("cut", range(2, 27))
def test_a_message_that_was_cut_off_in_a_block_without_compression_is_refused(cut: int) -> None:
    whole = deflated(b"stored, not compressed", 0)
    assert len(whole) == 28
    with pytest.raises(ProtocolError, match=r"not whole|not DEFLATE"):
        inflate(whole[:cut], LIMIT)


def test_bytes_behind_a_last_block_are_refused_rather_than_lost() -> None:
    with pytest.raises(ProtocolError, match="not whole"):
        inflate(deflated(b"one", flush=zlib.Z_FINISH) + deflated(b"two"), LIMIT)


def test_a_message_of_exactly_the_limit_is_read_and_one_byte_more_is_not() -> None:
    assert inflate(deflated(bytes(LIMIT)), LIMIT) == bytes(LIMIT)
    with pytest.raises(ProtocolError, match="over 10000 bytes") as caught:
        inflate(deflated(bytes(LIMIT + 1)), LIMIT)
    assert caught.value.code == 1009


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    bomb = deflated(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError) as caught:
            inflate(bomb, 65_536)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == 1009
    assert len(bomb) < 60_000
    assert peak < 400_000


@given(st.binary(max_size=400))
@example(b"\x04")
@example(b"\xff" * 10)
def test_random_bytes_are_a_message_or_a_protocol_error(data: bytes) -> None:
    try:
        length = len(inflate(data, LIMIT))
    except ProtocolError:
        length = 0
    assert length <= LIMIT
