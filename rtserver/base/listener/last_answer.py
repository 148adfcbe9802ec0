"""Last answers of HTTP on a bare socket, which is closed behind them."""

import socket
from contextlib import suppress
from math import ceil

from rtserver.base.limit.table import Limit
from rtserver.base.wire.handshake import HandshakeError, refusal
from rtserver.base.wire.http_head import MAX_HEAD_BYTES
from tcelib.limit.too_many import TooMany, TryLaterError

SHARED_LIMITS = frozenset({Limit.FILES, Limit.HANDSHAKES, Limit.MEMORY, Limit.PENDING, Limit.REQUESTS})
"""Limits that all clients share. Every other limit is one client's own."""


def http_error(error: TryLaterError) -> HandshakeError:
    """Return 429 for a client that met a limit of its own, otherwise 503; both with ``Retry-After`` in seconds."""
    is_own = isinstance(error, TooMany) and error.limit not in SHARED_LIMITS
    return HandshakeError(
        429 if is_own else 503, error.reason, {"Retry-After": str(max(1, ceil(error.retry_seconds)))}
    )


def refuse(connection: socket.socket, error: HandshakeError) -> None:
    """Answer with the error's status and reason, and close."""
    close_with(connection, refusal(error))


def refuse_unread(connection: socket.socket, error: HandshakeError) -> None:
    """Refuse a request that has not been read: closed with it unread, the socket would lose the answer."""
    with suppress(OSError):
        connection.recv(MAX_HEAD_BYTES)
    refuse(connection, error)


def close_with(connection: socket.socket, answer: bytes) -> None:
    """Send the last answer and close."""
    with suppress(OSError):
        connection.send(answer)
        socket.socket.shutdown(connection, socket.SHUT_WR)
    connection.close()
