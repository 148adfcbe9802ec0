"""The largest message of a client: what is let through fits into a frame of every framing."""

import pytest

from rtserver.base.tce.framing import message_frame, message_packet
from rtserver.base.wire.client_message import encode, encode_around
from rtserver.base.wire.deflate import deflated_text_frame
from rtserver.base.wire.frame import text_frame
from rtserver.base.wire.message_size import (
    FRAME_BYTES,
    TCE_PACKET_BYTES,
    MessageSizeLimit,
    MessageTooLargeError,
    chunk_bytes,
)
from rtserver.base.wire.payload import Framing
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES, SIZE_AHEAD

HARD = 50_000
FRAMINGS = [text_frame, deflated_text_frame, message_packet, message_frame]


def message_of(size: int, msg_type: str, filling: str) -> bytes:
    room = size - len(encode_around(msg_type, b'""'))
    return encode_around(msg_type, b'"%b"' % (filling * room).encode()[:room])


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("msg_type", ["t", "é" * 32, "t" * 64, "t" * 2_000])
@pytest.mark.parametrize("filling", ["x", "q7Jz"])
def test_what_is_let_through_fits_into_one_frame_of_any_framing(
    framing: Framing, msg_type: str, filling: str
) -> None:
    limit = MessageSizeLimit(HARD)
    size = limit.largest
    while True:
        message = message_of(size, msg_type, filling)
        try:
            limit.check(message, msg_type)
        except MessageTooLargeError:
            size -= 1
        else:
            break
    assert len(framing(message)) <= HARD
    assert len(message) >= HARD - FRAME_BYTES - len(msg_type)


def test_one_byte_more_is_too_much_and_the_error_says_how_much_there_is_room_for() -> None:
    limit = MessageSizeLimit(HARD)
    message = encode("t", "x" * HARD)
    with pytest.raises(MessageTooLargeError) as caught:
        limit.check(message, "t")
    assert (caught.value.size, caught.value.limit) == (len(message), HARD - FRAME_BYTES)
    assert "outbox_hard_bytes" in str(caught.value)


def test_what_clients_of_every_kind_take_is_as_long_as_tce_clients_say() -> None:
    assert TCE_PACKET_BYTES == DEFAULT_MAX_PACKET_BYTES
    sizes = MessageSizeLimit()
    message = message_of(sizes.largest_everywhere, "t" * 64, "x")
    assert message_packet(message)[SIZE_AHEAD:].find(message) > 0
    assert MessageSizeLimit(HARD).largest_everywhere == MessageSizeLimit(HARD).largest


def test_several_frames_of_an_update_may_wait_in_order() -> None:
    assert chunk_bytes(262_144) == 65_536
    assert chunk_bytes(1) > 0
