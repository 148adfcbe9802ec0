"""The opening handshake: which headers make a WebSocket, and which origins may ask."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.handshake import HandshakeError, accept_value, check_origin

GOOD = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
}


def test_the_key_of_section_1_3_is_answered_as_section_1_3_says() -> None:
    assert accept_value(GOOD) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_tokens_are_found_in_any_case_and_among_others() -> None:
    headers = {
        "upgrade": "WebSocket, other",
        "connection": "keep-alive,  upgrade",
        "sec-websocket-key": " dGhlIHNhbXBsZSBub25jZQ== ",
        "sec-websocket-version": "13",
    }
    assert accept_value(headers) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("upgrade", None, 426),
        ("upgrade", "h2c", 426),
        ("upgrade", "websocketish", 426),
        ("connection", None, 426),
        ("connection", "keep-alive", 426),
        ("sec-websocket-version", None, 426),
        ("sec-websocket-version", "8", 426),
        ("sec-websocket-version", "13, 8", 426),
        ("sec-websocket-key", None, 400),
        ("sec-websocket-key", "", 400),
        ("sec-websocket-key", "not base64!", 400),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ", 400),
        ("sec-websocket-key", "c2hvcnQ=", 400),
        ("sec-websocket-key", b64encode(bytes(17)).decode(), 400),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=\xe9", 400),
    ],
)
def test_a_header_that_is_missing_or_wrong_refuses_the_request(header: str, value: str | None, status: int) -> None:
    headers = {name: text for name, text in {**GOOD, header: value}.items() if text is not None}
    with pytest.raises(HandshakeError) as caught:
        accept_value(headers)
    assert caught.value.status == status
    assert str(status) in str(caught.value)


def test_a_refusal_says_in_its_headers_what_would_be_accepted() -> None:
    with pytest.raises(HandshakeError) as no_upgrade:
        accept_value({})
    assert no_upgrade.value.headers == {"Upgrade": "websocket"}
    with pytest.raises(HandshakeError) as old_version:
        accept_value({**GOOD, "sec-websocket-version": "8"})
    assert old_version.value.headers == {"Sec-WebSocket-Version": "13"}


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.text(max_size=20)))
def test_headers_of_any_kind_are_answered_or_refused(headers: dict[str, str]) -> None:
    with pytest.raises(HandshakeError):
        accept_value(headers)


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "example.org", ()),
        ("https://example.org", "example.org", ()),
        ("http://Example.org:8888", "example.ORG:8888", ()),
        ("http://[::1]:8888", "[::1]:8888", ()),
        ("https://www.example.org", "api.example.org", ("https://www.example.org",)),
        ("https://anything.example", "api.example.org", ("*",)),
        ("null", "api.example.org", ("*",)),
        ("https://example.org", "example.org:443", ()),
        ("http://example.org:80", "example.org", ()),
    ],
)
def test_a_page_of_the_own_host_and_an_allowed_one_may_connect(
    origin: str | None, host: str, allowed: tuple[str, ...]
) -> None:
    check_origin(origin, host, allowed)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "example.org"),
        ("https://example.org.evil.example", "example.org"),
        ("https://example.org@evil.example", "example.org"),
        ("https://evil.example@example.org", "example.org"),
        ("https://example.org:444", "example.org"),
        ("example.org", "example.org"),
        ("null", "example.org"),
        ("null", ""),
        ("https://example.org", "example.org:80"),
        ("http://example.org", "example.org:443"),
        ("ftp://example.org", "example.org"),
        ("http://", ":80"),
        ("", "example.org"),
        ("", ""),
        ("http://[broken", "example.org"),
        ("http://[not-an-address]", "example.org"),
    ],
)
def test_a_page_of_another_site_is_refused(origin: str, host: str) -> None:
    with pytest.raises(HandshakeError) as caught:
        check_origin(origin, host, ("https://www.example.org",))
    assert caught.value.status == 403


def test_where_tls_is_spoken_a_page_that_came_without_it_is_another_sites() -> None:
    check_origin("https://example.org", "example.org", is_secure=True)
    check_origin("http://example.org", "example.org", ("http://example.org",), is_secure=True)
    with pytest.raises(HandshakeError):
        check_origin("http://example.org", "example.org", is_secure=True)


@given(st.text(max_size=30))
def test_an_origin_of_any_kind_is_allowed_or_refused(origin: str) -> None:
    with pytest.raises(HandshakeError):
        check_origin(f"http://{origin}/", "example.org:8888")


def test_of_an_origin_that_is_refused_no_more_is_shown_than_a_line_holds() -> None:
    with pytest.raises(HandshakeError) as caught:
        check_origin("http://" + "x" * 10_000, "example.org")
    assert len(caught.value.reason) < 200
