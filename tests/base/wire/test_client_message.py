"""The envelope of the JSON protocol, byte by byte."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.client_message import (
    BadMessage,
    ErrorCode,
    decode,
    decode_data,
    encode,
    encode_around,
    encode_error,
    type_of,
)
from rtserver.base.wire.json import JsonError

ANYTHING = msgspec.json.Decoder(Any)
NUMBERS = msgspec.json.Decoder(list[int])


def refused(payload: bytes) -> ErrorCode:
    with pytest.raises(BadMessage) as caught:
        decode(payload)
    assert caught.value.message
    assert str(caught.value.code) in str(caught.value)
    return caught.value.code


def test_a_message_has_a_type_data_and_an_id() -> None:
    message = decode(b'{"type":"ping","data":[1, 2],"id":7}')
    assert (message.type, bytes(message.data), message.id) == ("ping", b"[1, 2]", 7)


def test_data_and_id_may_be_left_out() -> None:
    message = decode(b'{"type":"ping"}')
    assert decode_data(message.data, ANYTHING) is None
    assert message.id is None


def test_keys_that_the_envelope_does_not_know_are_passed_over() -> None:
    assert decode(b'{"v":2,"type":"ping","extra":{"a":[1]}}').type == "ping"


@pytest.mark.parametrize("given_id", [0, -1, 2**53 - 1, "", "a-1", "ä" * 64])
def test_an_id_is_an_integer_or_a_short_string(given_id: int | str) -> None:
    assert decode(json.dumps({"type": "a", "id": given_id}).encode()).id == given_id


@pytest.mark.parametrize("wrong", ["1.5", "true", "[]", "{}", "1e3", str(2**53), "9" * 5000, '"' + "x" * 65 + '"'])
def test_any_other_id_is_a_bad_message(wrong: str) -> None:
    assert refused(b'{"type":"a","id":%b}' % wrong.encode()) is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b"[]",
        b"null",
        b"1",
        b'"ping"',
        b'{"data":1}',
        b'{"type":1}',
        b'{"type":null}',
        b'{"type":["a"]}',
        b'{"type":""}',
        b'{"type":"%b"}' % (b"x" * 65),
    ],
)
def test_json_that_is_no_envelope_is_a_bad_message(payload: bytes) -> None:
    assert refused(payload) is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"ping",
        b'{"type":"a"',
        b'{"type":"a"}x',
        b'{"type":"a",}',
        b"{'type':'a'}",
        b"\xff",
        b"\x00",
        b'{"type":"a","data":[1,}',
        b'{"type":"a","data":NaN}',
        b'{"type":"\xff"}',
        b'{"type":"\\ud800"}',
    ],
)
def test_what_is_not_json_is_bad_json(payload: bytes) -> None:
    assert refused(payload) is ErrorCode.BAD_JSON


@pytest.mark.parametrize("key", ["data", "extra"])
def test_json_that_is_nested_too_deeply_is_bad_json(key: str) -> None:
    depth = 1_000_000  # Python 3.14 passes over some 100,000
    assert refused(b'{"type":"a","%b":%b%b}' % (key.encode(), b"[" * depth, b"]" * depth)) is ErrorCode.BAD_JSON


def test_data_that_is_broken_inside_is_found_when_it_is_read() -> None:
    message = decode(b'{"type":"a","data":"\xff"}')
    with pytest.raises(BadMessage) as caught:
        decode_data(message.data, ANYTHING)
    assert caught.value.code is ErrorCode.BAD_JSON


def test_data_of_another_shape_is_a_bad_request_that_says_where() -> None:
    with pytest.raises(BadMessage, match=r"\$\[1\]") as caught:
        decode_data(msgspec.Raw(b'[1,"2"]'), NUMBERS)
    assert caught.value.code is ErrorCode.BAD_REQUEST


def test_messages_are_encoded_compactly_and_without_an_id_that_is_not_there() -> None:
    assert encode("ping", "pong") == b'{"type":"ping","data":"pong"}'
    assert encode("a", {"x": (1, None)}, "q") == b'{"type":"a","data":{"x":[1,null]},"id":"q"}'
    assert encode("a", 1, 0) == b'{"type":"a","data":1,"id":0}'


@given(
    st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.integers(-9, 9) | st.sampled_from(['"', "q"])
)
def test_data_that_is_json_already_is_put_into_the_same_envelope(text: str, message_id: str | int | None) -> None:
    data = {"text": text}
    ready = encode(text, data, message_id)
    assert json.loads(encode_around(text, json.dumps(data).encode(), message_id)) == json.loads(ready)


def test_data_that_json_cannot_say_is_an_error_of_ours() -> None:
    with pytest.raises(JsonError):
        encode("a", float("nan"))


def test_an_error_names_its_code_and_the_message_it_answers() -> None:
    assert json.loads(encode_error(ErrorCode.FORBIDDEN, "no", "mycharts", 3)) == {
        "type": "error",
        "data": {"code": "forbidden", "message": "no", "type": "mycharts"},
        "id": 3,
    }
    assert json.loads(encode_error("internal", "oh"))["data"] == {"code": "internal", "message": "oh", "type": None}


def test_the_codes_are_the_protocols_seven() -> None:
    seven = ["bad_json", "bad_message", "unknown_type", "bad_request", "forbidden", "rate_limited", "internal"]
    assert [str(code) for code in ErrorCode] == seven


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64), json_values)
def test_what_is_encoded_is_decoded_to_the_same(
    msg_type: str,
    data: object,
) -> None:
    message = decode(encode(msg_type, data, 1))
    assert (message.type, decode_data(message.data, ANYTHING), message.id) == (msg_type, data, 1)


@given(st.binary(max_size=60) | st.text('{}[]":,typedaid\\u0123\x00', max_size=60).map(str.encode))
def test_no_bytes_raise_anything_but_bad_message(payload: bytes) -> None:
    with suppress(BadMessage):
        decode_data(decode(payload).data, ANYTHING)


@given(name=st.text(st.characters(exclude_categories=["Cs"])), data=st.text(st.characters(exclude_categories=["Cs"])))
def test_the_type_of_a_message_is_read_from_its_front_whatever_it_is(name: str, data: str) -> None:
    assert type_of(encode(name, data)) == name
    assert type_of(encode_around(name, b"[]", 1)) == name
    assert type_of(json.dumps({"data": data, "type": name}).encode()) == name
