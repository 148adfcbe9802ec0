"""Origins of pages (RFC 6454), as browsers write them in the ``Origin`` of a request. Pure.

Decides the meaning of an operator's word for an origin, and finds words that no browser sends.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

ANY = "*"
OPAQUE = "null"
"""Origin of a page that has none: in a sandboxed frame of any site, or from a file."""
LOCAL_FILES = "file://"
"""Schemes of pages in the web views of some apps."""

DEFAULT_PORTS = {"http": 80, "https": 443}
SOCKET_SCHEMES = {"ws": "http", "wss": "https"}

_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://(\[[^\[\]/?#@]*\]|[^\[\]/?#@:]*)(?::([0-9]*))?(.*)", re.DOTALL)
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""Endings by which a browser takes a name for an IPv4 address (URL Standard, "ends in a number")."""
_DEVIATING = frozenset("ßς\u200c\u200d")
"""Letters of which Python's IDNA (2003) makes other names than browsers do (UTS 46)."""


class OriginError(ValueError):
    """Word that no browser's origin can equal. The text says why, and what to write instead."""


def normal_origin(word: str) -> str:
    """Return the origin as browsers write it: lower case, no slash, no default port, ASCII. ``*`` and ``null`` stay.

    Raises ``OriginError``.
    """
    word = word.strip()
    if word.lower() in (ANY, OPAQUE, LOCAL_FILES):
        return word.lower()
    parts = None if "@" in word else _ORIGIN.fullmatch(word)
    if parts is None:
        raise OriginError(_why_none(word))
    scheme, rest = parts[1].lower(), parts[4]
    if scheme in SOCKET_SCHEMES:
        page = SOCKET_SCHEMES[scheme]
        raise OriginError(f'names the socket; the origin is the page\'s, such as "{page}://{parts[2]}"')
    origin = f"{scheme}://{_normal_host(parts[2])}{_normal_port(scheme, parts[3])}"
    if rest not in ("", "/"):
        raise OriginError(f'has more than scheme, host and port; write "{origin}"')
    return origin


def _why_none(word: str) -> str:
    if "@" in word:
        return "has a user name, which no origin has"
    if not word or "://" in word:
        return 'is no origin; write one such as "https://shop.example.com"'
    return f'has no scheme; write "https://{word}"'


def _normal_host(host: str) -> str:
    if "*" in host:
        raise OriginError(f'has a wildcard; name each origin, or allow every one with "{ANY}"')
    if host.startswith("["):
        return f"[{_ipv6(host[1:-1])}]"
    name = _ascii(host).lower()
    if not _HOST.fullmatch(name):
        raise OriginError(f"has no host name: {host!r}")
    if _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]):
        return str(_ipv4(name))
    return name


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        if not _DEVIATING.isdisjoint(host):
            raise UnicodeError
        return host.encode("idna").decode()
    except UnicodeError:
        raise OriginError(f'has a host name that must be written as browsers do, with "xn--": {host!r}') from None


def _ipv4(name: str) -> IPv4Address:
    try:
        return IPv4Address(name)
    except AddressValueError:
        raise OriginError(f"has an IPv4 address that is none: {name!r}") from None


def _ipv6(text: str) -> IPv6Address:
    try:
        address = IPv6Address(text)
    except AddressValueError:
        address = None
    if address is None or address.scope_id is not None:
        raise OriginError(f"has an IPv6 address that is none: {text!r}")
    return address


def _normal_port(scheme: str, digits: str | None) -> str:
    if not digits:
        return ""
    port = int(digits) if len(digits) <= 10 else -1
    if not 0 <= port <= 65535:
        raise OriginError(f"has a port that is none: {digits}")
    return "" if port == DEFAULT_PORTS.get(scheme) else f":{port}"
