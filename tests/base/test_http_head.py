"""The head of a request: what is read out of it, and what is no request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.handshake import HandshakeError
from rtserver.base.wire.http_head import parse_head


def test_the_target_and_the_headers_are_read_by_name_in_lower_case() -> None:
    head = parse_head(b"GET /rt/?a=1 HTTP/1.1\r\nHost: example.org:8000\r\nX-Empty:\r\nORIGIN:\t http://a b \t")
    assert head.target == "/rt/?a=1"
    assert head.headers == {"host": "example.org:8000", "x-empty": "", "origin": "http://a b"}


def test_a_header_in_several_lines_is_one_list_and_cookies_stay_cookies() -> None:
    head = parse_head(b"GET / HTTP/1.1\r\nConnection: a\r\nCookie: a=1\r\nconnection: b\r\nCookie: b=2")
    assert head.headers == {"connection": "a, b", "cookie": "a=1; b=2"}


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"POST / HTTP/1.1",
        b"GET / HTTP/1.0",
        b"GET /a b HTTP/1.1",
        b"GET  HTTP/1.1",
        b"GET /\xe9 HTTP/1.1",
        b"GET / HTTP/1.1\r\nno colon",
        b"GET / HTTP/1.1\r\nname : value",
        b"GET / HTTP/1.1\r\n: value",
        b"GET / HTTP/1.1\r\nfolded: a\r\n b",
        b"GET / HTTP/1.1\r\nname: a\nother: b",
        b"GET / HTTP/1.1\r\nname: a\rother: b",
        b"GET / HTTP/1.1\r\nname: a\0b",
        b"GET / HTTP/1.1\r\nn\xe9: a",
        b"GET / HTTP/1.1\r\nHost: a\r\nhost: a",
    ],
)
def test_what_another_reader_might_read_otherwise_is_refused(head: bytes) -> None:
    with pytest.raises(HandshakeError) as caught:
        parse_head(head)
    assert caught.value.status == 400


@pytest.mark.parametrize("blanks", [b" ", b"\t "])
def test_blanks_without_end_are_refused_like_anything_else(blanks: bytes) -> None:
    with pytest.raises(HandshakeError):
        parse_head(b"GET / HTTP/1.1\r\nname:" + blanks * 8_000 + b"\0")


def test_blanks_stay_within_a_value_and_go_around_it() -> None:
    assert parse_head(b"GET / HTTP/1.1\r\na: \t b \tc\t \r\nb: \t \r\nc:\xa0d\xa0").headers == {
        "a": "b \tc",
        "b": "",
        "c": "\xa0d\xa0",
    }


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused(target: bytes, headers: bytes) -> None:
    try:
        head = parse_head(b"GET /" + target + b" HTTP/1.1\r\n" + headers)
    except HandshakeError:
        return
    assert all(name == name.lower() for name in head.headers)
