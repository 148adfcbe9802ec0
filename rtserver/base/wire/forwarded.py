"""Who sends a request, where proxies stand before the server: their word counts, everybody else's does not. Pure.

A proxy tells the address that it got a request from in ``X-Forwarded-For``, behind those that it was told itself, and
in ``X-Forwarded-Proto`` whether it came over TLS. Anybody can send such lines, so each address is believed only
because the one to its right is that of a proxy we know. No other header is believed: most proxies pass on a client's
own ``Forwarded`` as it came.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
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
"""Each header of such a name says that the request came by a proxy, or by a content delivery network."""

SECURE_WORDS = frozenset({"https", "wss", "on"})
PLAIN_WORDS = frozenset({"http", "ws", "off"})
"""What proxies say of the scheme; some say the socket's, such as Traefik."""

LONGEST_ADDRESS = 64  # with brackets and a port


class Sender(NamedTuple):
    """``remote_ip`` is the last address that can be relied on, ``is_secure`` whether its way to us began with TLS."""

    remote_ip: str
    is_secure: bool


def read_networks(words: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks, such as ``10.0.0.0/8``. Raises ``ValueError``, also for one with host bits set."""
    return tuple(ip_network(word) for word in words)


def is_within(address: str, networks: Networks) -> bool:
    """Whether it is one of theirs; what is no address is nobody's."""
    return _is_one_of(_maybe_address(address.partition("%")[0]), networks)


def sender_of(peer: str, headers: Mapping[str, str], trusted: Networks, *, is_secure: bool) -> Sender:
    """Who sent the request that ``peer`` brought, over TLS or not; ``headers`` by name in lower case.

    From right to left, as far as proxies of ours have written: the first address that is none of theirs is the
    sender's. What is no address ends the search, and the proxy that passed it on stands for whoever it was.

    Where each proxy has added a scheme, as it has added an address, the sender's is the one in its address's place;
    otherwise the last one counts. A word that is no scheme says nothing.
    """
    if not (trusted and is_within(peer, trusted)):
        return Sender(peer, is_secure)
    addresses = headers.get(FORWARDED_FOR, "").split(",")
    words = headers.get(FORWARDED_PROTO, "").lower().split(",")
    found, steps = _last_outside(peer, addresses, trusted)
    word = words[-steps if steps and len(words) == len(addresses) else -1].strip()
    return Sender(found, word in SECURE_WORDS or (is_secure and word not in PLAIN_WORDS))


def is_forwarded(names: Iterable[str]) -> bool:
    """Whether the names of a request's headers, in lower case, say that it came by a proxy, ours or anybody's."""
    names = tuple(names)
    return not FORWARDING_NAMES.isdisjoint(names) or any(name.startswith(FORWARDING_PREFIXES) for name in names)


def forwarding_names(names: Iterable[str]) -> list[str]:
    """Those of some names that only proxies send, in whatever case; ``_`` counts as ``-``, as it does for CGI."""
    return [name for name in names if is_forwarded([name.lower().replace("_", "-")])]


def _last_outside(peer: str, addresses: Sequence[str], trusted: Networks) -> tuple[str, int]:
    """The sender's address, and how many of ``addresses`` from the right lead to it; 0 for the peer's own."""
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
    """``192.0.2.1``, ``2001:db8::1``, or either with a port: ``192.0.2.1:443``, ``[2001:db8::1]:443``.

    An IPv4 address in the clothes of an IPv6 one (``::ffff:192.0.2.1``) is the IPv4 address. No zones: what stands
    behind the ``%`` of an IPv6 address may be anything.
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
