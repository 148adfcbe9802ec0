"""The sender of a request, as far as the lines of proxies can be relied on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.forwarded import Sender, forwarding_names, is_forwarded, is_within, read_networks, sender_of

PROXIES = read_networks(["10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"])
STRANGER = "203.0.113.9"


def sender(
    peer: str, forwarded_for: str | None = None, proto: str | None = None, *, is_secure: bool = False
) -> Sender:
    given = {"x-forwarded-for": forwarded_for, "x-forwarded-proto": proto}
    headers = {name: value for name, value in given.items() if value is not None}
    return sender_of(peer, headers, PROXIES, is_secure=is_secure)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "remote_ip"),
    [
        # Nobody's word but a proxy's.
        (STRANGER, "198.51.100.1", STRANGER),
        (STRANGER, "10.0.0.1", STRANGER),
        (STRANGER, None, STRANGER),
        ("192.0.2.8", "198.51.100.1", "192.0.2.8"),
        # One proxy.
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("192.0.2.7", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        # A client that brings lines of its own: the proxy appends what it saw.
        ("10.0.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "<script>, 198.51.100.1", "198.51.100.1"),
        # Several proxies, and one line of each, which were joined.
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6,198.51.100.1,192.0.2.7 ,\t10.0.0.2", "198.51.100.1"),
        # A request that began on a proxy's machine.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # What is no address, or not only one.
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "_hidden, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1,", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, , 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1 198.51.100.2", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.300", "10.0.0.1"),
        ("10.0.0.1", "0x7f.1", "10.0.0.1"),
        ("10.0.0.1", "127.1", "10.0.0.1"),
        ("10.0.0.1", "010.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "fe80::1%<b>eth0</b>", "10.0.0.1"),
        ("10.0.0.1", "unix:", "10.0.0.1"),
        ("10.0.0.1", "1" * 16_000, "10.0.0.1"),
        ("10.0.0.1", "," * 16_000, "10.0.0.1"),
        # Ports, which some proxies add.
        ("10.0.0.1", "198.51.100.1:50123", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:50123", "2001:db8::1"),
        ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        # IPv6, and IPv4 in its clothes.
        ("2001:db8:1::1", "2001:DB8:2:0::1", "2001:db8:2::1"),
        ("2001:db8:2::1", "198.51.100.1", "2001:db8:2::1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, ::ffff:10.0.0.2", "198.51.100.1"),
    ],
)
def test_the_sender_is_the_last_address_that_no_proxy_has(
    peer: str, forwarded_for: str | None, remote_ip: str
) -> None:
    assert sender(peer, forwarded_for).remote_ip == remote_ip


@pytest.mark.parametrize(
    ("peer", "proto", "is_secure", "seen"),
    [
        ("10.0.0.1", "https", False, True),
        ("10.0.0.1", "HTTPS", False, True),
        ("10.0.0.1", "http", True, False),
        ("10.0.0.1", None, True, True),
        ("10.0.0.1", None, False, False),
        ("10.0.0.1", "wss", False, True),
        ("10.0.0.1", "WSS", False, True),
        ("10.0.0.1", "ws", True, False),
        ("10.0.0.1", "on", False, True),
        ("10.0.0.1", "off", True, False),
        ("10.0.0.1", "", True, True),
        ("10.0.0.1", "gopher", True, True),
        ("10.0.0.1", "gopher", False, False),
        # What a client brought along stands before what the proxy says.
        ("10.0.0.1", "https, http", False, False),
        ("10.0.0.1", "http, https", False, True),
        (STRANGER, "https", False, False),
        (STRANGER, "http", True, True),
    ],
)
def test_a_proxy_says_whether_tls_was_spoken_to_it(peer: str, proto: str | None, is_secure: bool, seen: bool) -> None:
    assert sender(peer, "198.51.100.1", proto, is_secure=is_secure).is_secure is seen


@pytest.mark.parametrize(
    ("forwarded_for", "proto", "seen"),
    [
        # Two proxies of ours, each of which has added what it saw.
        ("198.51.100.1, 10.0.0.2", "https, http", True),
        ("198.51.100.1, 10.0.0.2", "http, https", False),
        ("198.51.100.1, 10.0.0.2", "wss, ws", True),
        # What the client brought along stands left of the sender.
        ("6.6.6.6, 198.51.100.1", "https, http", False),
        ("6.6.6.6, 198.51.100.1, 10.0.0.2", "http, https, http", True),
        # One of them has not added a scheme: the last one counts.
        ("198.51.100.1, 10.0.0.2", "https", True),
        ("198.51.100.1, 10.0.0.2, 10.0.0.3", "https, http", False),
        ("unknown", "https", True),
    ],
)
def test_of_several_schemes_the_one_in_the_senders_place_counts(forwarded_for: str, proto: str, seen: bool) -> None:
    assert sender("10.0.0.1", forwarded_for, proto).is_secure is seen


def test_a_header_that_proxies_pass_on_as_it_came_is_not_believed() -> None:
    headers = {"forwarded": "for=198.51.100.1;proto=https", "x-forwarded-ssl": "on", "front-end-https": "on"}
    assert sender_of("10.0.0.1", headers, PROXIES, is_secure=False) == ("10.0.0.1", False)


def test_without_proxies_nothing_is_believed() -> None:
    headers = {"x-forwarded-for": "198.51.100.1", "x-forwarded-proto": "https"}
    assert sender_of("127.0.0.1", headers, (), is_secure=False) == ("127.0.0.1", False)


@given(st.text(alphabet="0123456789abcdef.:,[]% \t", max_size=80))
def test_whatever_a_line_holds_the_answer_is_an_address(line: str) -> None:
    assert read_networks([sender("10.0.0.1", line).remote_ip])


@given(st.text(max_size=60), st.sampled_from([STRANGER, "2001:db8:2::5"]))
def test_whatever_a_client_writes_before_it_the_address_that_the_proxy_saw_counts(line: str, client: str) -> None:
    assert sender("10.0.0.1", f"{line}, {client}").remote_ip == client


@pytest.mark.parametrize("words", [["10.0.0.1/8"], ["10.0.0.0/33"], ["localhost"], [""], ["*"], ["2001:db8::1/32"]])
def test_what_is_no_network_is_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"does not appear|has host bits"):
        read_networks(words)


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [
        ("10.255.0.1", True),
        ("11.0.0.1", False),
        ("::ffff:10.0.0.1", True),
        ("2001:db8:1:2::3", True),
        ("2001:db8:1:2::3%eth0", True),
        ("::1", False),
        ("", False),
        ("somebody", False),
    ],
)
def test_an_address_is_inside_a_network_or_not(address: str, is_inside: bool) -> None:
    assert is_within(address, PROXIES) is is_inside


@pytest.mark.parametrize(
    "name",
    [
        "x-forwarded-for",
        "X-Forwarded-Proto",
        "x-forwarded-host",
        "X-Forwarded-Port",
        "x-forwarded",
        "x_forwarded_for",
        "Forwarded",
        "Via",
        "x-real-ip",
        "CF-Connecting-IP",
        "CF-Ray",
        "CDN-Loop",
        "True-Client-IP",
        "X-Client-IP",
        "x-cluster-client-ip",
        "fastly-client-ip",
        "X-Original-Forwarded-For",
        "x-envoy-external-address",
        "X-Amzn-Trace-Id",
        "X-Azure-ClientIP",
        "front-end-https",
    ],
)
def test_every_proxys_mark_is_known(name: str) -> None:
    assert forwarding_names(["Host", name]) == [name]
    assert is_forwarded({"host": "", name.lower().replace("_", "-"): ""})


def test_what_clients_send_themselves_is_no_proxys_mark() -> None:
    names = (
        "host user-agent accept accept-language accept-encoding cookie origin referer connection upgrade "
        "dnt te pragma cache-control if-none-match if-modified-since sec-websocket-key sec-websocket- "
        "version sec-fetch-site priority sec-ch-ua upgrade-insecure-requests x-requested-with "
        "x-csrftoken authorization content-type content-length x-prometheus-scrape-timeout-seconds range"
    )
    assert not is_forwarded(names.split())
    assert forwarding_names(names.title().split()) == []
