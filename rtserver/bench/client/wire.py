"""Port of the protocols that a load connection may speak, and the choice by its address.

Decides how the server is told who we are: by a cookie in the handshake, or by a token in the first packet.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from rtserver.bench.client.error import OptionError
from rtserver.bench.client.target import Target
from rtserver.bench.client.tce import TceProtocol, TceWebSocketProtocol
from rtserver.bench.client.websocket import ClientProtocol, upgrade_request

SESSION_COOKIE = "sessionid"


class ClientWire(Protocol):
    """One connection as bytes in and bytes out, from its first byte on. Messages are those of the JSON protocol."""

    @property
    def outgoing(self) -> list[bytes]:
        """Bytes to be sent; the caller clears the list when it sends them."""

    @property
    def is_open(self) -> bool:
        """Return whether the server has let us in."""

    @property
    def ending(self) -> tuple[int, str] | None:
        """Close code and reason, when the server has said that this is the end."""

    def receive(self, data: bytes, /) -> list[bytes]:
        """Take bytes as they came; give the messages that are whole now.

        Raises ``RefusedError`` while it is not open, and ``ProtocolError`` for what no server may send.
        """

    def message(self, payload: bytes, /) -> bytes:
        """Return the bytes of a message."""

    def closing(self) -> bytes:
        """Return the bytes that go out before we close."""


def wires(target: Target, cookie: str, tokens: Sequence[str], extension: str = "") -> Callable[[int], ClientWire]:
    """Return a function that makes the wire of a connection from its number; several tokens take turns.

    JSON may offer an ``extension`` of the WebSocket, which the server has to agree to.

    Either way of saying who we are does for either protocol: a server takes a token in the place of a session's key,
    and TCE over TCP has no cookies, so that the key in ``cookie`` is the token. Raises ``OptionError`` where there is
    none in it.
    """
    if target.scheme == "tce":
        shown = tokens or (session_key(cookie),)
        return lambda number: TceProtocol(shown[number % len(shown)])
    if target.is_tce:
        request, shown = upgrade_request(target.netloc, target.path, cookie), tokens or ("",)
        return lambda number: TceWebSocketProtocol(request, shown[number % len(shown)])
    cookies = [f"{SESSION_COOKIE}={token}" for token in tokens] or [cookie]
    requests = [upgrade_request(target.netloc, target.path, each, extension) for each in cookies]
    return lambda number: ClientProtocol(requests[number % len(requests)], extension)


def session_key(cookie: str) -> str:
    """The session's key in a Cookie header; empty if there is no header. Raises ``OptionError``."""
    pairs = (pair.strip().partition("=") for pair in cookie.split(";"))
    found = next((key for name, _, key in pairs if name == SESSION_COOKIE), "")
    if cookie and not found:
        raise OptionError(
            f"TCE over TCP needs a session's key, and {SESSION_COOKIE} is not in the cookie: give --token"
        )
    return found
