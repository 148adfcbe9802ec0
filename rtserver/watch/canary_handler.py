"""Who owns the loop-back connections of the canary: what comes over the bridge goes out over them.

Lets nobody in but this process, by a secret that nobody else has heard. No user is behind such a connection, so none
of what is said to users comes here.
"""

import hmac
import secrets
from collections.abc import Mapping
from typing import Protocol

from rtserver.base.bridge.message import Canary
from rtserver.base.wire.frame import text_frame
from rtserver.watch.canary_trail import CanaryStage, CanaryTrail


class Request(Protocol):
    """What is read of a handshake; header names are in lower case."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name."""


class Connection(Protocol):
    """What is done with a connection."""

    def push(self, frame: bytes) -> None:
        """Send a whole frame, soon."""


class CanaryHandler:
    """Handler of a server's connections (``ServerHandler``) that lets in clients that show ``headers``.

    ``connections`` are those that the next canary goes to.
    """

    def __init__(self, trail: CanaryTrail) -> None:
        self._trail = trail
        self._secret = f"Bearer {secrets.token_urlsafe(32)}"
        self.connections: set[Connection] = set()

    @property
    def headers(self) -> dict[str, str]:
        """What a handshake has to have."""
        return {"Authorization": self._secret}

    def on_canary(self, canary: Canary) -> None:
        """One has come over the bridge."""
        self._trail.reach(CanaryStage.DOOR, canary.sent)
        for connection in self.connections:
            connection.push(text_frame(repr(canary.sent).encode()))
            self._trail.reach(CanaryStage.SOCKET, canary.sent)

    def credential(self, request: Request) -> str:
        """Return what a request shows; never None, because nobody may show it later."""
        return request.headers.get("authorization", "")

    async def authenticate(self, credential: str) -> str | None:
        """Return a name for this process itself, None for anybody else."""
        return "canary" if hmac.compare_digest(credential.encode(), self._secret.encode()) else None

    def on_open(self, connection: Connection, identity: object) -> Connection:
        """A new loop-back connection."""
        self.connections.add(connection)
        return connection

    def user_id(self, connection: Connection) -> str:
        """No user's."""
        return "canary"

    def on_text(self, connection: Connection, payload: bytes) -> None:
        """It has nothing to say."""

    def on_lag(self, connection: Connection, is_lagging: bool) -> None:
        """It gets a few bytes at a time."""

    def on_close(self, connection: Connection, code: int) -> None:
        """It is over."""
        self.connections.discard(connection)
