"""Names under which monitors may ask for numbers and details, and why others are refused.

The port on loop-back of a server and that of a supervisor have the same rule.
"""

import os
from collections.abc import Iterable
from urllib.parse import urlsplit

from rtserver.base.wire.forwarded import forwarding_names
from rtserver.base.wire.host import is_address, is_our_host
from rtserver.bootstrap.config.config import Config

ADVICE = "ask the port on loop-back, see admin_port"
PROXIED = f"not shown through a proxy; {ADVICE}"
FOREIGN_HOST = f"not shown under this host name; ask by the address, or {ADVICE}"


def own_names(config: Config) -> frozenset[str]:
    """Return the host names that are ours, in lower case, without addresses."""
    names = {"localhost", os.uname().nodename, config.host}
    names |= {urlsplit(origin).hostname or "" for origin in config.allowed_origins}
    return frozenset(name.lower() for name in names if name and not is_address(name))


def loopback_refusal(headers: Iterable[str], host: str, names: frozenset[str]) -> str:
    """Return why a sender on this machine is refused, by its headers' names and its ``Host``; empty if it is not."""
    if forwarding_names(headers):
        return PROXIED
    return "" if is_our_host(host, names) else FOREIGN_HOST
