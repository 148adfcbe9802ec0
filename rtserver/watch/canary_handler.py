"""Handler of the canary's loop-back connections: canaries that come over the bridge go out over them.

It lets in this process alone, by a secret that never leaves it. Such a connection has no user, and so gets nothing
that is sent to users.
"""

import hmac
import secrets
from collections.abc import Mapping
from typing import Protocol

from rtserver.base.bridge.message import Canary
from rtserver.base.wire.frame import text_frame
from rtserver.watch.canary_trail import CanaryStage, CanaryTrail


class Request(Protocol):
    """Handshake, as far as it is read here. Header names are in lower case."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Values of the headers by name."""


class Connection(Protocol):
    """Connection that a canary is sent over."""

    def push(self, frame: bytes) -> None:
        """Send a whole frame, soon."""


class CanaryHandler:
    """Handler of a server's connections (``ServerHandler``) that lets in clients that show ``headers``.

    The next canary goes to all of ``connections``.
    """

    def __init__(self, trail: CanaryTrail) -> None:
        self._trail = trail
        self._secret = f"Bearer {secrets.token_urlsafe(32)}"
        self.connections: set[Connection] = set()

    @property
    def headers(self) -> dict[str, str]:
        """Headers that a handshake has to have."""
        return {"Authorization": self._secret}

    def on_canary(self, canary: Canary) -> None:
        """Send a canary that has come over the bridge."""
        self._trail.reach(CanaryStage.DOOR, canary.sent)
        for connection in self.connections:
            connection.push(text_frame(repr(canary.sent).encode()))
            self._trail.reach(CanaryStage.SOCKET, canary.sent)

    def credential(self, request: Request) -> str:
        """Return the secret that a request shows; never None, because it cannot be shown later."""
        return request.headers.get("authorization", "")

    def authenticate(self, credential: str) -> str | None:
        """Return a name for this process itself, None for all others."""
        return "canary" if hmac.compare_digest(credential.encode(), self._secret.encode()) else None

    def on_open(self, connection: Connection, identity: object) -> Connection:
        """See ``ConnectionHandler``."""
        self.connections.add(connection)
        return connection

    def user_id(self, connection: Connection) -> str:
        """See ``ConnectionHandler``. No user has this id."""
        return "canary"

    def on_text(self, connection: Connection, payload: bytes) -> None:
        """See ``ConnectionHandler``. The client sends nothing."""

    def on_lag(self, connection: Connection, is_lagging: bool) -> None:
        """See ``ConnectionHandler``. A few bytes at a time cause no lag."""

    def on_close(self, connection: Connection, code: int) -> None:
        """See ``ConnectionHandler``."""
        self.connections.discard(connection)
