"""Origins as operators write them, and words that no browser can send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.origin import OriginError, normal_origin


@pytest.mark.parametrize(
    ("word", "origin"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        ("https://shop.example.com/", "https://shop.example.com"),
        ("HTTPS://Shop.Example.COM", "https://shop.example.com"),
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("https://shop.example.com:0443/", "https://shop.example.com"),
        ("http://shop.example.com:80", "http://shop.example.com"),
        ("https://shop.example.com:80", "https://shop.example.com:80"),
        ("http://localhost:08000", "http://localhost:8000"),
        ("https://shop.example.com:", "https://shop.example.com"),
        (" https://shop.example.com ", "https://shop.example.com"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example:8443", "https://xn--bcher-kva.example:8443"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://192.0.2.1:8000", "http://192.0.2.1:8000"),
        ("http://[2001:DB8:0::1]:80", "http://[2001:db8::1]"),
        ("https://my_shop.example", "https://my_shop.example"),
        ("https://shop.example.", "https://shop.example."),
        ("capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        ("file://", "file://"),
        ("null", "null"),
        ("NULL", "null"),
        ("*", "*"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(word: str, origin: str) -> None:
    assert normal_origin(word) == origin
    assert normal_origin(origin) == origin


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("shop.example.com", 'has no scheme; write "https://shop.example.com"'),
        ("shop.example.com:443", 'has no scheme; write "https://shop.example.com:443"'),
        ("localhost:8000", "has no scheme"),
        ("//shop.example.com", "has no scheme"),
        ("", "is no origin; write one such as"),
        ("://shop", "is no origin"),
        ("https://", "has no host name"),
        ("https://shop.example.com/cart", 'has more than scheme, host and port; write "https://shop.example.com"'),
        ("https://Shop.example.com:443/?a", 'has more than scheme, host and port; write "https://shop.example.com"'),
        ("https://shop.example.com#top", "has more than"),
        ("https://shop.example.com,https://x", "has no host name"),
        ("https://me@shop.example.com", "has a user name"),
        ("https://me:pw@shop.example.com", "has a user name"),
        ("wss://shop.example.com", 'names the socket; the origin is the page\'s, such as "https://shop.example.com"'),
        ("ws://shop.example.com:8888/rt/", 'such as "http://shop.example.com"'),
        ("https://*.example.com", "has a wildcard; name each origin"),
        ("https://*", "has a wildcard"),
        ("https://shop example.com", "has no host name"),
        ("https://shop..example.com", "has no host name"),
        ("https://shop.example.com:99999", "has a port that is none"),
        ("https://shop.example.com:" + "9" * 5000, "has a port that is none"),
        ("https://shop.example.com:x", "has more than"),
        ("https://faß.example", 'with "xn--"'),
        ("https://" + "ü" * 70 + ".example", 'with "xn--"'),
        ("https://127.1", "has an IPv4 address that is none"),
        ("https://0x7f.0x1", "has an IPv4 address that is none"),
        ("https://256.1.1.1", "has an IPv4 address that is none"),
        ("https://[::g]", "has an IPv6 address that is none"),
        ("https://[fe80::1%eth0]", "has an IPv6 address that is none"),
    ],
)
def test_what_no_browser_sends_is_refused_with_what_to_write(word: str, reason: str) -> None:
    with pytest.raises(OriginError) as caught:
        normal_origin(word)
    assert reason in str(caught.value)


@given(st.text(max_size=40) | st.text(max_size=30).map("https://".__add__))
def test_any_word_is_normal_or_refused_and_what_is_normal_stays(word: str) -> None:
    try:
        origin = normal_origin(word)
    except OriginError:
        return
    assert normal_origin(origin) == origin
    assert origin == origin.lower()
    assert origin.isascii()
