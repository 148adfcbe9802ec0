"""Strings on the wire (TCE protocol, section 3.1; section 7, items 20 and 23)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcelib.wire.text import HalvedText, decode_text, encode_text, has_pairs


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"hello", "hello"),
        (b"\xe4\xbd\xa0", "你"),
        (b"\xf0\x9f\x98\x80", "😀"),
        (b"\xed\xa0\xbd\xed\xb8\x80", "😀"),
        (b"a\xed\xa0\xbd\xed\xb8\x80b", "a😀b"),
        (b"\xed\xa0\x80\xed\xb0\x80", "\U00010000"),
        (b"\xed\xaf\xbf\xed\xbf\xbf", "\U0010ffff"),
        (b"a\xc0\x80b", "a\0b"),
        (b"\xc0\x80\xed\xa0\xbd\xed\xb8\x80\xff", "\0😀\udcff"),
        (b"\xe9", "\udce9"),
        (b"\xed\xa0\xbd", "\udced\udca0\udcbd"),
        (b"\xed\xb8\x80\xed\xa0\xbd", "\udced\udcb8\udc80\udced\udca0\udcbd"),
    ],
)
def test_what_other_languages_send_is_read_as_what_they_mean(raw: bytes, text: str) -> None:
    assert decode_text(raw) == text


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("", b""),
        ("你😀\0", b"\xe4\xbd\xa0\xf0\x9f\x98\x80\0"),
        ("\ud83d\ude00", b"\xf0\x9f\x98\x80"),
        ("\udcff", b"\xff"),
    ],
)
def test_text_is_written_as_standard_utf_8(text: str, raw: bytes) -> None:
    assert encode_text(text) == raw


@pytest.mark.parametrize(
    "text", ["\ud83d", "a\ude00b", "\ud83d \ude00", "\udcc3\udca9", "\udced\udca0\udcbd\udced\udcb8\udc80"]
)
def test_a_text_that_would_be_read_as_another_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"surrogates not allowed|escaped bytes"):
        encode_text(text)


@pytest.mark.parametrize("value", [5, None, b"bytes", ["a"]])
def test_only_text_is_text(value: int | bytes | list[str] | None) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        encode_text(value)


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    assert decode_text(encode_text(text)) == text


@given(st.text(st.characters(categories=["Cs", "L"])))
def test_a_text_with_surrogates_comes_back_or_is_refused(text: str) -> None:
    try:
        raw = encode_text(text)
    except ValueError:
        return
    assert decode_text(raw) == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@given(st.binary())
def test_bytes_that_are_no_text_come_back_except_where_they_meant_a_character(raw: bytes) -> None:
    text = decode_text(raw)
    again = encode_text(text)
    assert decode_text(again) == text
    if b"\xc0\x80" not in raw and b"\xed" not in raw:
        assert again == raw


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("plain, 你\0", "plain, 你\0".encode()),
        ("a😀b", b"a\xed\xa0\xbd\xed\xb8\x80b"),
        ("\ud83d\ude00", b"\xed\xa0\xbd\xed\xb8\x80"),
        ("\U00010000\U0010ffff", b"\xed\xa0\x80\xed\xb0\x80\xed\xaf\xbf\xed\xbf\xbf"),
        ("\udcff😀", b"\xff\xed\xa0\xbd\xed\xb8\x80"),
    ],
)
def test_halved_text_is_written_as_the_original_javascript_reads_it(text: str, raw: bytes) -> None:
    assert encode_text(HalvedText(text)) == raw
    assert has_pairs(text) is (raw != encode_text(text))


@given(st.text())
def test_halved_text_is_read_as_the_same(text: str) -> None:
    assert decode_text(encode_text(HalvedText(text))) == text
