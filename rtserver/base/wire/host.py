"""Name in the ``Host`` of a request (RFC 9110, section 7.2). Pure."""

import re
from collections.abc import Collection
from ipaddress import ip_address

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:\[\]\s]+))(?::\d{1,5})?", re.ASCII | re.IGNORECASE)


def host_name(host: str) -> str | None:
    """Return the name or address without brackets and port, in lower case; None for a malformed ``Host``."""
    parts = _HOST.fullmatch(host)
    return None if parts is None else (parts[1] or parts[2]).lower()


def is_address(name: str) -> bool:
    """Return whether a host name is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_our_host(host: str, names: Collection[str]) -> bool:
    """Return whether a ``Host`` is an address, or one of ``names``, which are in lower case.

    A page whose own name leads to our address (DNS rebinding) sends that name, and is refused.
    """
    name = host_name(host)
    return name is not None and (name in names or is_address(name))
