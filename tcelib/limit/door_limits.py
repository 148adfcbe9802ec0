"""Limits of the doors of a gateway, with their defaults."""

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Limits of all doors of a gateway together. Rates are per second, and ten seconds' worth may come at once; times
    are in seconds. 0 is no limit, except for times and for ``packet_bytes`` and ``unsent_bytes``.

    ``pending``: connections whose handshake of TLS or WebSocket is under way. ``calls`` and ``bytes`` are what one
    connection may send: it is read more slowly beyond. ``unsent_bytes`` may wait for a client that does not read, and
    ``unsent_total_bytes`` for all of them; a client with more is given up.
    """

    connections: int = 10_000
    connections_per_ip: int = 1_000
    handshakes: float = 2_000
    handshakes_per_ip: float = 200
    pending: int = 5_000
    pending_per_ip: int = 500
    handshake_seconds: float = 10
    login_seconds: float = 10
    idle_seconds: float = 600
    packet_bytes: int = MEBIBYTE
    calls: float = 10_000
    bytes: float = 16 * MEBIBYTE
    unsent_bytes: int = 4 * MEBIBYTE
    unsent_total_bytes: int = 256 * MEBIBYTE
