"""The head of a request: what is read out of it, and what is no request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.handshake import HandshakeError
from rtserver.base.wire.http_head import has_bare_line_feed, parse_request


def test_the_target_and_the_headers_are_read_by_name_in_lower_case() -> None:
    head = parse_request(b"GET /rt/?a=1 HTTP/1.1\r\nHost: example.org:8000\r\nX-Empty:\r\nORIGIN:\t http://a b \t")
    assert head.target == "/rt/?a=1"
    assert head.headers == {"host": "example.org:8000", "x-empty": "", "origin": "http://a b"}


def test_a_header_in_several_lines_is_one_list_and_cookies_stay_cookies() -> None:
    head = parse_request(b"GET / HTTP/1.1\r\nConnection: a\r\nCookie: a=1\r\nconnection: b\r\nCookie: b=2")
    assert head.headers == {"connection": "a, b", "cookie": "a=1; b=2"}


@pytest.mark.parametrize(
    "head",
    [
        b"",
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
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        b"GET / HTTP/1.1\r\nContent-Length: 0, 0",
    ],
)
def test_what_another_reader_might_read_otherwise_is_refused(head: bytes) -> None:
    with pytest.raises(HandshakeError) as caught:
        parse_request(head)
    assert caught.value.status == 400


@pytest.mark.parametrize("blanks", [b" ", b"\t "])
def test_blanks_without_end_are_refused_like_anything_else(blanks: bytes) -> None:
    with pytest.raises(HandshakeError):
        parse_request(b"GET / HTTP/1.1\r\nname:" + blanks * 8_000 + b"\0")


def test_blanks_stay_within_a_value_and_go_around_it() -> None:
    assert parse_request(b"GET / HTTP/1.1\r\na: \t b \tc\t \r\nb: \t \r\nc:\xa0d\xa0").headers == {
        "a": "b \tc",
        "b": "",
        "c": "\xa0d\xa0",
    }


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused(target: bytes, headers: bytes) -> None:
    try:
        head = parse_request(b"GET /" + target + b" HTTP/1.1\r\n" + headers)
    except HandshakeError:
        return
    assert all(name == name.lower() for name in head.headers)


def test_a_request_of_any_method_and_version_is_read() -> None:
    request = parse_request(b"POST /a HTTP/1.0\r\nContent-Length: 12")
    assert request == ("/a", {"content-length": "12"}, "POST", 0)
    assert parse_request(b"OPTIONS * HTTP/1.1\r\nTransfer-Encoding: Chunked").method == "OPTIONS"


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\ncontent-length: 0",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"Content-Length: 5, 5",
        b"Content-Length: -5",
        b"Content-Length: +5",
        b"Content-Length: 0x5",
        b"Content-Length: 5_0",
        b"Content-Length:",
        b"Content-Length: 1" + b"0" * 30,
        b"Content-Length: \xb2",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding:",
    ],
)
def test_a_body_that_two_readers_could_end_at_different_places_is_refused(lines: bytes) -> None:
    with pytest.raises(HandshakeError) as caught:
        parse_request(b"POST / HTTP/1.1\r\nHost: a\r\n" + lines)
    assert caught.value.status == 400


def test_http_1_0_knows_no_transfer_encoding() -> None:
    with pytest.raises(HandshakeError):
        parse_request(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked")


@pytest.mark.parametrize(
    ("head", "is_bare"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r", False),
        (b"GET / HTTP/1.1\nHost: a", True),
        (b"\n", True),
        (b"\r\n\n", True),
        (b"", False),
    ],
)
def test_a_line_without_a_carriage_return_is_seen_before_the_head_is_whole(head: bytes, is_bare: bool) -> None:
    assert has_bare_line_feed(head) is is_bare
