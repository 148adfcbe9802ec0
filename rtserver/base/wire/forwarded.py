"""Sender of a request that came through proxies: only trusted proxies are believed. Pure.

A proxy appends the address that it got a request from to ``X-Forwarded-For``, and says in ``X-Forwarded-Proto``
whether the request came over TLS. Anybody can send such lines, so an address is believed only if the address to its
right belongs to a proxy we know. No other header is believed: most proxies pass on a client's own ``Forwarded``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import methodcaller
from typing import NamedTuple, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Networks: TypeAlias = Collection[Network]

FORWARDED_FOR = "x-forwarded-for"
FORWARDED_PROTO = "x-forwarded-proto"
FORWARDING_NAMES = frozenset(
    {
        "cdn-loop",
        "fastly-client-ip",
        "forwarded",
        "front-end-https",
        "proxy-client-ip",
        "true-client-ip",
        "via",
        "wl-proxy-client-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-proxyuser-ip",
        "x-real-ip",
        "x-real-port",
        "x-remote-addr",
        "x-remote-ip",
        "x-scheme",
        "x-url-scheme",
    }
)
FORWARDING_PREFIXES = (
    "cf-",
    "fly-",
    "x-amzn-",
    "x-appengine-",
    "x-arr-",
    "x-azure-",
    "x-envoy-",
    "x-forwarded",
    "x-original-",
    "x-vercel-",
)
"""Prefixes of header names that only proxies and content delivery networks send."""

_HAS_PREFIX = methodcaller("startswith", FORWARDING_PREFIXES)

SECURE_WORDS = frozenset({"https", "wss", "on"})
PLAIN_WORDS = frozenset({"http", "ws", "off"})
"""Words of proxies for a scheme, with TLS and without. Some name the socket's, such as Traefik."""

LONGEST_ADDRESS = 64  # with brackets and a port


class Sender(NamedTuple):
    """Sender of a request: the last trustworthy address, and whether its way to us began with TLS."""

    remote_ip: str
    is_secure: bool


def read_networks(words: Iterable[str]) -> tuple[Network, ...]:
    """Return networks for words such as ``10.0.0.0/8`` or ``::1``. Raises ``ValueError``, also for host bits."""
    return tuple(ip_network(word) for word in words)


def is_within(address: str, networks: Networks) -> bool:
    """Return whether an address is in one of the networks; a text that is no address is in none."""
    return _is_one_of(_maybe_address(address.partition("%")[0]), networks)


def sender_of(peer: str, headers: Mapping[str, str], trusted: Networks, *, is_secure: bool) -> Sender:
    """Return the sender of a request that came from ``peer``; ``headers`` by name in lower case.

    Addresses are read from right to left, as far as trusted proxies wrote them: the first that is no proxy's is the
    sender's. A text that is no address ends the search, and the proxy that passed it on counts as the sender.

    Where each proxy has added a scheme, as it has added an address, the sender's is the one at its address's place;
    otherwise the last one counts. A word that is no scheme is ignored.
    """
    if not (trusted and is_within(peer, trusted)):
        return Sender(peer, is_secure)
    addresses = headers.get(FORWARDED_FOR, "").split(",")
    words = headers.get(FORWARDED_PROTO, "").lower().split(",")
    found, steps = _last_outside(peer, addresses, trusted)
    word = words[-steps if steps and len(words) == len(addresses) else -1].strip()
    return Sender(found, word in SECURE_WORDS or (is_secure and word not in PLAIN_WORDS))


def is_forwarded(names: Iterable[str]) -> bool:
    """Return whether the names of a request's headers, in lower case, show that it came by any proxy."""
    names = tuple(names)
    return not FORWARDING_NAMES.isdisjoint(names) or any(map(_HAS_PREFIX, names))


def forwarding_names(names: Iterable[str]) -> list[str]:
    """Return the header names that only proxies send, in any case; ``_`` counts as ``-``, as it does for CGI."""
    return [name for name in names if is_forwarded([name.lower().replace("_", "-")])]


def _last_outside(peer: str, addresses: Sequence[str], trusted: Networks) -> tuple[str, int]:
    """Return the sender's address and its distance from the right of ``addresses``; 0 for the peer's own."""
    found, steps = peer, 0
    for item in reversed(addresses):
        address = _maybe_address(item)
        if address is None:
            break
        found, steps = str(address), steps + 1
        if not _is_one_of(address, trusted):
            break
    return found, steps


def _is_one_of(address: Address | None, networks: Networks) -> bool:
    return address is not None and any(address in network for network in networks)


def _maybe_address(text: str) -> Address | None:
    """Read ``192.0.2.1``, ``2001:db8::1``, or either with a port: ``192.0.2.1:443``, ``[2001:db8::1]:443``.

    An IPv4 address that is mapped into IPv6 (``::ffff:192.0.2.1``) is the IPv4 address. Zones are refused: any text
    may stand behind the ``%`` of an IPv6 address.
    """
    text = text.strip()
    if len(text) > LONGEST_ADDRESS or "%" in text:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
