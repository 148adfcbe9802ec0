"""The settings of a site's session cookie, and their meaning for the browsers that should bring it."""

from types import SimpleNamespace
from typing import Any

import pytest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.check_cookie import covers_host, covers_path, judge_cookies

SITE = SimpleNamespace(
    SESSION_COOKIE_HTTPONLY=True,
    SESSION_COOKIE_SAMESITE="Lax",
    SESSION_COOKIE_SECURE=False,
    SESSION_COOKIE_NAME="sessionid",
    SESSION_COOKIE_PATH="/",
    SESSION_COOKIE_DOMAIN=None,
    CSRF_COOKIE_NAME="csrftoken",
    LANGUAGE_COOKIE_NAME="django_language",
    ALLOWED_HOSTS=["shop.example.com", "localhost"],
)
OWN = {"django_settings": "shop.settings"}
TLS = {"tls_cert": "cert.pem", "tls_key": "key.pem"}
SECURE = {"SESSION_COOKIE_SECURE": True}


@pytest.mark.parametrize(
    ("change", "config", "found"),
    [
        ({}, {}, []),
        ({}, OWN, []),
        (SECURE, OWN | TLS, []),
        ({"SESSION_COOKIE_SAMESITE": "Strict"}, OWN, []),
        ({"SESSION_COOKIE_SAMESITE": "lax"}, OWN, []),  # Django takes it in any case
        ({"SESSION_COOKIE_HTTPONLY": False}, OWN, ["warn SESSION_COOKIE_HTTPONLY is False"]),
        ({"SESSION_COOKIE_SAMESITE": "None"}, OWN, ["warn SESSION_COOKIE_SAMESITE is 'None'"]),
        ({"SESSION_COOKIE_SAMESITE": None}, OWN, ["warn SESSION_COOKIE_SAMESITE is None"]),
        ({"SESSION_COOKIE_SAMESITE": False}, OWN, ["warn SESSION_COOKIE_SAMESITE is False"]),
        ({}, OWN | TLS, ["warn SESSION_COOKIE_SECURE is False"]),
        # Behind a proxy that nobody was told of: its word would not count, and pages lead in a circle.
        (SECURE, {}, ["warn RTSITE_HTTPS is on"]),
        (SECURE, OWN, ["warn SESSION_COOKIE_SECURE is True"]),
        (SECURE, {"trusted_proxies": ("127.0.0.1",)}, []),
        (SECURE, TLS, []),
        # The name.
        ({"SESSION_COOKIE_NAME": "csrftoken"}, OWN, ["FAIL SESSION_COOKIE_NAME and CSRF_COOKIE_NAME are both"]),
        ({"LANGUAGE_COOKIE_NAME": "sessionid"}, OWN, ["FAIL SESSION_COOKIE_NAME and LANGUAGE_COOKIE_NAME are both"]),
        ({"SESSION_COOKIE_NAME": "__Secure-s"}, OWN, ['FAIL SESSION_COOKIE_NAME is "__Secure-s", which browsers']),
        ({"SESSION_COOKIE_NAME": "__Host-s"} | SECURE, OWN | TLS, []),
        (
            {"SESSION_COOKIE_NAME": "__Host-s", "SESSION_COOKIE_DOMAIN": "example.com"} | SECURE,
            OWN | TLS,
            ['FAIL SESSION_COOKIE_NAME is "__Host-s", which browsers take with SESSION_COOKIE_PATH'],
        ),
        # The path.
        ({"SESSION_COOKIE_PATH": "/admin"}, OWN, ['FAIL SESSION_COOKIE_PATH is "/admin": browsers do not send']),
        ({"SESSION_COOKIE_PATH": "/r"}, OWN, ['FAIL SESSION_COOKIE_PATH is "/r"']),
        ({"SESSION_COOKIE_PATH": ""}, OWN, ['FAIL SESSION_COOKIE_PATH is ""']),
        ({"SESSION_COOKIE_PATH": None}, OWN, ['FAIL SESSION_COOKIE_PATH is ""']),
        ({"SESSION_COOKIE_PATH": "/rt"}, OWN, []),
        ({"SESSION_COOKIE_PATH": "/shop"}, OWN | {"path": "/shop/rt/"}, []),
        ({"SESSION_COOKIE_PATH": "/shop/"}, OWN | {"path": "/shop/rt/"}, []),
        # The domain.
        ({"SESSION_COOKIE_DOMAIN": ".example.com"}, OWN, []),
        ({"SESSION_COOKIE_DOMAIN": "Shop.example.com"}, OWN, []),
        ({"SESSION_COOKIE_DOMAIN": "example.org"}, OWN, ['FAIL SESSION_COOKIE_DOMAIN is "example.org", and none']),
        ({"SESSION_COOKIE_DOMAIN": "ample.com"}, OWN, ['FAIL SESSION_COOKIE_DOMAIN is "ample.com", and none']),
        ({"SESSION_COOKIE_DOMAIN": "example.org", "ALLOWED_HOSTS": ["*"]}, OWN, []),
        ({"SESSION_COOKIE_DOMAIN": "shop.example.com", "ALLOWED_HOSTS": [".example.com"]}, OWN, []),
        ({"SESSION_COOKIE_DOMAIN": ".example.com", "ALLOWED_HOSTS": [".shop.example.com"]}, OWN, []),
        (
            {"SESSION_COOKIE_DOMAIN": "shop.example.com", "ALLOWED_HOSTS": ["example.com"]},
            OWN,
            ['FAIL SESSION_COOKIE_DOMAIN is "shop.example.com", and none of ALLOWED_HOSTS (example.com)'],
        ),
        (
            {"SESSION_COOKIE_DOMAIN": "example.com"},
            OWN | {"allowed_origins": ("https://a.example.com", "https://example.net")},
            ['WARN SESSION_COOKIE_DOMAIN is "example.com", which example.net of allowed_origins'],
        ),
        (
            {},
            OWN | {"allowed_origins": ("https://www.example.com",), "host": "0.0.0.0"},
            ["warn allowed_origins names www.example.com, and SESSION_COOKIE_DOMAIN is not set"],
        ),
        ({}, OWN | {"allowed_origins": ("http://localhost:8000",), "host": "0.0.0.0"}, []),
        ({}, OWN | {"allowed_origins": ("https://www.example.com",)}, []),
    ],
)
def test_a_cookie_that_is_given_away_or_never_comes_is_told_with_its_setting(
    change: dict[str, Any], config: dict[str, Any], found: list[str]
) -> None:
    findings = list(judge_cookies(SimpleNamespace(**(vars(SITE) | change)), Config(**config)))
    said = [f"{finding.severity} {finding.detail}".lower() for finding in findings]
    assert len(said) == len(found)
    assert all(one.startswith(beginning.lower()) for one, beginning in zip(said, found, strict=True))
    assert all(finding.subject == "cookies" for finding in findings)


def test_what_to_write_is_part_of_the_sentence() -> None:
    [finding] = judge_cookies(SimpleNamespace(**(vars(SITE) | {"SESSION_COOKIE_PATH": "/shop"})), Config(**OWN))
    assert 'SESSION_COOKIE_PATH = "/", or path = "/shop/rt/" in rtserver.toml' in finding.detail


@pytest.mark.parametrize(
    ("cookie_path", "path", "is_sent"),
    [
        ("/", "/rt/", True),
        ("/rt", "/rt/", True),
        ("/rt/", "/rt/", True),
        ("/rt/x", "/rt/", False),
        ("r", "/rt/", False),
    ],
)
def test_a_cookie_goes_to_its_path_and_what_is_below(cookie_path: str, path: str, is_sent: bool) -> None:
    assert covers_path(cookie_path, path) is is_sent


@pytest.mark.parametrize(
    ("domain", "host", "is_sent"),
    [("a.b", "a.b", True), ("a.b", "x.a.b", True), ("a.b", "xa.b", False), ("x.a.b", "a.b", False)],
)
def test_a_cookie_goes_to_its_domain_and_what_is_below(domain: str, host: str, is_sent: bool) -> None:
    assert covers_host(domain, host) is is_sent
