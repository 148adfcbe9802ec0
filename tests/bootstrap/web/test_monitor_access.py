"""Access to numbers and details: at the public port by settings, peer, Host and headers, and at our own."""

import socket
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.web.monitor_access import (
    FOREIGN_HOST,
    FOREIGN_PEER,
    OFF,
    PROXIED,
    private_access,
    public_access,
    tells_at_public_port,
)


def request(peer: str | None = "127.0.0.1", host: str = "127.0.0.1:8888") -> HTTPServerRequest:
    """As ``WebApplication`` hands it on; ``peer`` None came through a proxy."""
    made: Any = SimpleNamespace(connection=SimpleNamespace(direct_peer=peer), headers=HTTPHeaders({"Host": host}))
    return cast(HTTPServerRequest, made)


@pytest.mark.parametrize(
    ("config", "tells"),
    [
        ({}, True),
        ({"host": "localhost"}, True),
        ({"host": "::1"}, True),
        ({"host": "127.0.0.2"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "::"}, False),
        ({"host": "10.0.0.1"}, False),
        ({"host": "rt.example.org"}, False),
        ({"trusted_proxies": ("127.0.0.1",)}, False),
        ({"trusted_proxies": ("10.0.0.1",)}, False),
        ({"host": "0.0.0.0", "public_metrics": "on"}, True),
        ({"trusted_proxies": ("10.0.0.1",), "public_metrics": "on"}, True),
        ({"public_metrics": "off"}, False),
        ({"host": "0.0.0.0", "metrics_allow": ("10.0.0.0/8",)}, False),
    ],
)
def test_the_public_port_tells_nothing_where_a_proxy_is_likely(config: dict[str, Any], tells: bool) -> None:
    assert tells_at_public_port(Config(**config)) is tells
    assert (public_access(Config(**config)).refusal(request("192.0.2.1")) == OFF) is not tells


@pytest.mark.parametrize(
    ("peer", "host", "refusal"),
    [
        ("127.0.0.1", "127.0.0.1:8888", ""),
        ("::1", "[::1]:8888", ""),
        ("127.0.0.1", "localhost:8888", ""),
        ("127.0.0.1", socket.gethostname(), ""),
        ("127.0.0.1", "evil.example", FOREIGN_HOST),
        ("127.0.0.1", "evil.example:8888", FOREIGN_HOST),
        ("127.0.0.1", "", FOREIGN_HOST),
        ("192.0.2.1", "127.0.0.1:8888", FOREIGN_PEER),
        (None, "127.0.0.1:8888", PROXIED),
    ],
)
@pytest.mark.parametrize("port", [public_access, private_access])
def test_peer_and_host_decide_at_either_port(port: Any, peer: str | None, host: str, refusal: str) -> None:
    assert port(Config()).refusal(request(peer, host)) == refusal


def test_names_that_the_configuration_has_are_ours() -> None:
    config = Config(host="RT.example.org", public_metrics="on", allowed_origins=("https://shop.example.org:8443",))
    access = public_access(config)
    for host in ("rt.example.org:8888", "shop.example.org"):
        assert access.refusal(request(host=host)) == ""
    assert access.refusal(request(host="other.example.org")) == FOREIGN_HOST


def test_our_own_port_is_for_this_machine_whoever_else_is_allowed_at_the_public_one() -> None:
    config = Config(metrics_allow=("10.0.0.5",), host="0.0.0.0", public_metrics="off")
    assert private_access(config).refusal(request()) == ""


def test_every_refusal_tells_of_the_safe_port() -> None:
    assert all("admin_port" in text for text in (OFF, PROXIED, FOREIGN_HOST, FOREIGN_PEER))


def test_a_request_that_no_web_application_has_seen_is_told_nothing() -> None:
    unseen: Any = SimpleNamespace(connection=object(), headers=HTTPHeaders({"Host": "127.0.0.1"}))
    assert public_access(Config()).refusal(cast(HTTPServerRequest, unseen)) == PROXIED
