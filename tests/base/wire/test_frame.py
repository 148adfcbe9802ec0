"""Frames, byte by byte as RFC 6455 prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.frame import Opcode, ProtocolError, build_frame, close_frame, parse_close, text_frame, unmask
from tests.websocket_client import xor


def test_a_text_frame_is_the_one_of_section_5_7() -> None:
    assert text_frame(b"Hello") == bytes.fromhex("810548656c6c6f")


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, "8200"),
        (125, "827d"),
        (126, "827e007e"),
        (256, "827e0100"),
        (65535, "827effff"),
        (65536, "827f0000000000010000"),
    ],
)
def test_a_length_takes_its_shortest_form(length: int, header: str) -> None:
    assert build_frame(Opcode.BINARY, bytes(length)) == bytes.fromhex(header) + bytes(length)
    assert text_frame(bytes(length)) == b"\x81" + bytes.fromhex(header)[1:] + bytes(length)


def test_tornado_unmasks_the_example_of_section_5_7() -> None:
    assert unmask(b"\x37\xfa\x21\x3d", bytes.fromhex("7f9f4d5158")) == b"Hello"


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=100))
def test_unmasking_is_xor_with_the_mask_over_and_over(mask: bytes, payload: bytes) -> None:
    unmasked = unmask(mask, payload)
    assert unmasked == xor(mask, payload)
    assert type(unmasked) is bytes


def test_a_close_frame_is_its_code_and_its_reason() -> None:
    assert close_frame(1000) == bytes.fromhex("880203e8")
    assert close_frame(4108, "slow") == b"\x88\x06\x10\x0cslow"


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_a_close_frame_refuses_a_code_that_may_not_be_sent(code: int) -> None:
    with pytest.raises(ValueError, match=str(code)):
        close_frame(code)


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("x" * 123, 123),
        ("x" * 124, 123),
        ("x" + "é" * 61, 123),
        ("é" * 62, 122),
        ("x" * 120 + "€€", 123),
        ("€" * 42, 123),
    ],
)
def test_a_reason_that_does_not_fit_is_cut_between_characters(reason: str, kept: int) -> None:
    frame = close_frame(1000, reason)
    assert frame[1] == len(frame) - 2 == 2 + kept
    assert reason.startswith(frame[4:].decode())


@given(st.integers(3000, 4999), st.text(max_size=30))
def test_a_close_frame_is_read_back_as_it_was_built(code: int, reason: str) -> None:
    assert parse_close(close_frame(code, reason)[2:]) == (code, reason)


def test_a_close_frame_without_a_code_reads_as_no_status() -> None:
    assert parse_close(b"") == (CloseCode.NO_STATUS, "")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"\x03", 1002),
        (b"\x00\x00", 1002),
        (b"\x03\xed", 1002),
        (b"\xff\xff", 1002),
        (b"\x03\xe8\xc3", 1007),
        (b"\x03\xe8\xed\xa0\x80", 1007),
    ],
)
def test_a_broken_close_payload_names_the_code_to_close_with(payload: bytes, code: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_close(payload)
    assert caught.value.code == code
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_protocol_error_reads_as_a_sentence_with_its_number() -> None:
    assert str(ProtocolError(CloseCode.INVALID_TEXT, "text is not UTF-8")) == "text is not UTF-8 (1007)"
