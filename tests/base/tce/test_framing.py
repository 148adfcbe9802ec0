"""Packets that a client of TCE gets for a JSON message, byte by byte."""

import logging

import pytest

from rtserver.base.tce.framing import framing_of, message_frame, message_packet, packet_frames
from tests.tce_client import Packet, PacketBuffer, strings

MESSAGE = '{"type":"notice","data":{"text":"hé"}}'.encode()


def the_one_in(data: bytes) -> Packet:
    packets = PacketBuffer()
    packets.buffer += data
    found = packets.take()
    assert not packets.buffer
    assert found is not None
    return found


def test_a_message_is_a_one_way_call_with_its_type_and_all_of_it() -> None:
    expected = (
        "efd2bb99 00000054 00 00 01000000"  # envelope: 84 bytes behind the magic, nothing compressed
        "01 00000000 21 7530 0000 00000000 02 0000 00000000"  # one-way call of 30000.0 with two parameters
        "00000006 6e6f74696365"
        "00000027 7b2274797065223a226e6f74696365222c2264617461223a7b2274657874223a2268c3a9227d7d"
    )
    assert message_packet(MESSAGE) == bytes.fromhex(expected)


def test_a_client_in_cpp_is_called_by_an_index_of_eight_bits() -> None:
    expected = message_packet(MESSAGE).replace(bytes.fromhex("217530 0000"), bytes.fromhex("2100fa 0000"))
    assert framing_of(250, is_framed=False, in_cesu8=False)(MESSAGE) == expected
    assert framing_of(250, is_framed=True, in_cesu8=False)(MESSAGE) == bytes((0x82, len(expected))) + expected


def test_the_original_javascript_client_gets_texts_that_it_can_read() -> None:
    message = '{"type":"notice","data":"😀"}'.encode()
    packet = framing_of(30000, is_framed=False, in_cesu8=True)(message)
    assert b"\xed\xa0\xbd\xed\xb8\x80" in packet
    assert "😀".encode() not in packet
    assert strings(the_one_in(packet).params)[0] == "notice"


@pytest.mark.parametrize("is_framed", [True, False])
def test_clients_of_one_kind_have_one_framing(is_framed: bool) -> None:
    usual = framing_of(30000, is_framed=is_framed, in_cesu8=False)
    assert usual is (message_frame if is_framed else message_packet)
    for terminal, in_cesu8 in ((250, False), (250, True), (30000, True)):
        first, second = (framing_of(terminal, is_framed=is_framed, in_cesu8=in_cesu8) for _ in range(2))
        assert first is second is not usual


def test_over_a_websocket_it_is_in_one_binary_frame() -> None:
    inside = message_packet(MESSAGE)
    assert message_frame(MESSAGE) == bytes((0x82, len(inside))) + inside


def test_each_packet_has_a_frame_of_its_own() -> None:
    assert packet_frames([b"ab", b"c"]) == b"\x82\x02ab\x82\x01c"


def test_not_even_a_type_that_is_too_long_makes_the_error_too_long() -> None:
    packet = message_packet(b'{"type":"%b","data":1}' % (b"t" * 1_100_000))
    assert len(packet) < 1_000


def test_in_place_of_a_message_that_is_too_long_the_client_is_told(caplog: pytest.LogCaptureFixture) -> None:
    longest = 1_048_576 - 31 - 8 - len("picture")
    message = b'{"type":"picture","data":"%b"}'
    message %= b"x" * (longest - len(message % b""))
    assert strings(the_one_in(message_packet(message)).params)[0] == "picture"
    with caplog.at_level(logging.ERROR):
        name, text = strings(the_one_in(message_packet(message + b" ")).params)
    assert name == "error"
    assert '"type":"picture"' in text
    assert "too long" in caplog.text
