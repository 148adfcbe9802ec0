"""Addresses as keys of limits: one key for each subscriber."""

from ipaddress import AddressValueError, IPv6Address

MAX_TEXT = 64  # a text that is no address is invented by a client, and kept as a key
_NETWORK = (1 << 128) - (1 << 64)  # the first 64 bits


def neighbourhood(ip: str) -> str:
    """Return the address itself, or for IPv6 its network of 64 bits, which one subscriber has (RFC 6177, section 2).

    An IPv4 address is the same whether it comes over IPv4 or over IPv6 (RFC 4291, section 2.5.5.2).
    """
    if ":" not in ip:
        return ip[:MAX_TEXT]
    try:
        address = IPv6Address(ip.partition("%")[0])
    except AddressValueError:
        return ip[:MAX_TEXT]
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    # IPv6Network would read the address and write it twice.
    return f"{IPv6Address(int(address) & _NETWORK)}/64"
