"""Under which name a request knows us."""

import pytest

from rtserver.base.wire.host import host_name, is_our_host


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("example.org", "example.org"),
        ("Example.ORG:8888", "example.org"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("", None),
        (":80", None),
        ("::1", None),
        ("a:b", None),
        ("a:123456", None),
        ("a b", None),
        ("[::1", None),
        ("[evil.example]", None),
        ("127.0.0.1@evil.example:80", "127.0.0.1@evil.example"),
        ("127.0.0.1,evil.example", "127.0.0.1,evil.example"),
    ],
)
def test_a_host_has_a_name_or_is_malformed(host: str, name: str | None) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1:8888", True),
        ("203.0.113.9", True),
        ("[::1]:8888", True),
        ("localhost:8888", True),
        ("LOCALHOST", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("127.0.0.1,evil.example", False),
        ("evil.example:8888", False),
        ("2130706433", False),
        ("0x7f.1", False),
        ("127.1", False),
        ("", False),
    ],
)
def test_an_address_is_ours_and_no_name_but_our_own(host: str, is_ours: bool) -> None:
    assert is_our_host(host, {"localhost"}) is is_ours
