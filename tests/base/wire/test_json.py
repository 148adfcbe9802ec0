"""JSON at the edges: what is let in, what is let out."""

import math
from collections import OrderedDict
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.json import JsonError, ShapeError, decode, encode, encode_exact, encode_scalar

ANYTHING = msgspec.json.Decoder(Any)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=15,
)


class Point(msgspec.Struct):
    x: int
    label: str


@given(json_values)
def test_what_is_written_is_read_back_as_it_was(value: Any) -> None:
    assert decode(encode(value), ANYTHING) == value


def test_what_is_written_is_compact_and_in_utf_8() -> None:
    assert encode({"a": [1, 2.5, None, True], "b": "é€/😀"}) == '{"a":[1,2.5,null,true],"b":"é€/😀"}'.encode()


def test_each_character_is_written_alike_by_itself_and_in_an_object() -> None:
    for character in map(chr, (*range(0xD800), *range(0xE000, 0x11000), 0x10FFFF)):
        assert b'{"a":%b}' % encode_scalar(character) == encode({"a": character})


class Word(StrEnum):
    QUOTE = '"'


@pytest.mark.parametrize("value", [0, -(2**80), True, "", "é/", Word.QUOTE])
def test_what_is_written_by_itself_is_what_is_written_anywhere(value: int | str) -> None:
    assert encode_scalar(value) == encode(value)


def test_a_text_that_json_cannot_say_is_refused_by_itself_too() -> None:
    with pytest.raises(JsonError):
        encode_scalar("\ud800")


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        [1, {"price": math.nan}],
        "\ud800",
        b"bytes",
        object(),
        {1, 2},
    ],
)
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(JsonError):
        encode(value)


def test_a_circle_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(JsonError):
        encode(circle)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[1,]",
        b"nul",
        b"NaN",
        b"-Infinity",
        b"{'a':1}",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"a\nb"',
        b"1 2",
        b"\xef\xbb\xbf1",
        b"[" * 100_000,
    ],
)
def test_bytes_that_are_no_json_are_one_error(raw: bytes) -> None:
    with pytest.raises(JsonError) as caught:
        decode(raw, ANYTHING)
    assert not isinstance(caught.value, ShapeError)
    assert str(caught.value)


def test_a_number_that_no_float_holds_is_refused() -> None:
    with pytest.raises(JsonError, match="out of range"):
        decode(b"1e999", ANYTHING)


def test_json_of_another_shape_is_told_apart_and_says_where() -> None:
    decoder = msgspec.json.Decoder(Point)
    assert decode(b'{"x":1,"label":"a"}', decoder) == Point(1, "a")
    with pytest.raises(ShapeError, match=r"\$\.x"):
        decode(b'{"x":"one","label":"a"}', decoder)
    with pytest.raises(ShapeError, match="label"):
        decode(b'{"x":1}', decoder)


def test_a_part_that_was_kept_raw_can_be_read_later() -> None:
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    assert decode(decode(b'{"data":{"x":1,"label":"a"}}', decoder)["data"], msgspec.json.Decoder(Point)) == Point(
        1, "a"
    )


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    try:
        value = decode(raw, ANYTHING)
    except JsonError:
        return
    assert decode(encode(value), ANYTHING) == value


@pytest.mark.parametrize("number", [2**53, 2**63, 2**64, 12345678901234567890, -(2**70)])
def test_an_integer_and_its_neighbour_stay_two(number: int) -> None:
    for each in (number, number + 1):
        assert encode(each) == encode_exact(each) == str(each).encode()
        assert decode(encode(each), ANYTHING) == each


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_written_so_that_it_reads_as_itself(number: float) -> None:
    read = float(encode(number))
    assert (read, math.copysign(1, read)) == (number, math.copysign(1, number))


@pytest.mark.parametrize(
    "text", ["9007199254740993", "12345678901234567.89", "1.10", "-0.0", "1E-7", "1E+22", "123456789012345678901.3"]
)
def test_a_decimal_keeps_all_its_digits_wherever_it_stands(text: str) -> None:
    number = Decimal(text)
    raw = text.encode()
    assert encode_exact(number) == raw
    value = {"a": [1, (number, "x")], "b": OrderedDict(c=number)}
    assert encode_exact(value) == b'{"a":[1,[%b,"x"]],"b":{"c":%b}}' % (raw, raw)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+400"])
def test_a_decimal_that_is_no_number_of_json_is_refused(text: str) -> None:
    with pytest.raises(JsonError):
        encode_exact([Decimal(text)])


def test_what_json_cannot_say_is_refused_beside_a_decimal_too() -> None:
    circle: list[Any] = [Decimal(1)]
    circle.append(circle)
    for value in (circle, {1, 2}, object(), [Decimal(1), b"x"], "\ud800", math.inf):
        with pytest.raises(JsonError):
            encode_exact(value)


@given(json_values)
def test_what_is_plain_is_written_as_ever(value: Any) -> None:
    assert encode_exact(value) == encode(value)
