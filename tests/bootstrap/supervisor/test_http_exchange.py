"""Requests of monitors, byte by byte."""

import pytest

from rtserver.bootstrap.supervisor.http_exchange import JSON, BadRequestError, Request, answer_of, read_request

HEAD = b"GET /readyz?x=1 HTTP/1.1\r\nHost: localhost:1\r\nAccept: */*\r\n\r\n"


def test_a_request_is_read_when_its_head_is_complete() -> None:
    assert [read_request(HEAD[:length]) for length in range(len(HEAD))] == [None] * len(HEAD)
    assert read_request(HEAD + b"more") == Request("GET", "/readyz", {"host": "localhost:1", "accept": "*/*"})


@pytest.mark.parametrize(
    "data",
    [b"GET /\r\n\r\n", b"\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"x" * 20_000],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(BadRequestError):
        read_request(data)


def test_an_answer_says_its_length_and_that_it_is_the_last() -> None:
    head, _, body = answer_of(503, b"{}", JSON).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 503 Service Unavailable"
    assert {b"Content-Length: 2", b"Connection: close", b"Content-Type: application/json"} <= {*lines}
    assert body == b"{}"
    assert answer_of(503, b"{}", JSON, has_body=False) == head + b"\r\n\r\n"
