"""Loop-back addresses: those that only this machine can reach."""

from rtserver.base.wire.forwarded import is_within, read_networks

LOOPBACK = read_networks(["127.0.0.0/8", "::1"])


def is_loopback(host: str) -> bool:
    """Return True if an address to listen on, or its name, is for this machine alone."""
    return host == "localhost" or is_within(host, LOOPBACK)
