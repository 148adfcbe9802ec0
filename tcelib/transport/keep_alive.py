"""TCP's own probes, for connections on which nothing moves."""

import socket
from typing import Any

PROBES = 3


def expect_life(connection: Any, seconds: float) -> None:
    """Let the system find out which peers are gone. ``connection`` is a TCP socket.

    Silence for ``seconds`` leads to questions, and as long again without any answer, or without taking what is sent,
    to the end of the connection. 0 asks for nothing. Raises ``OSError``.
    """
    if not seconds:
        return
    whole = max(1, round(seconds))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", whole),
        ("TCP_KEEPINTVL", max(1, whole // PROBES)),
        ("TCP_KEEPCNT", PROBES),
        ("TCP_USER_TIMEOUT", 2_000 * whole),
    ):
        if hasattr(socket, name):  # not every system has all of them
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
