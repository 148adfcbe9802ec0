"""Who counts as one when people are counted by their addresses."""

from ipaddress import AddressValueError, IPv6Address, IPv6Network

MAX_TEXT = 64  # what is no address is somebody's invention, and kept as a key


def neighbourhood(ip: str) -> str:
    """The address itself; of IPv6 the network of 64 bits, all of which one subscriber has (RFC 6177, section 2).

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
    return str(IPv6Network((address, 64), strict=False))
