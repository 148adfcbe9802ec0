"""Ports of a connection to the application: the handler of its events, and the reasons of refusals."""

from collections.abc import Awaitable
from typing import Any, Protocol, TypeAlias

Agent: TypeAlias = Any
"""The handler's own object for a connection. Nothing here looks into it."""

Identity: TypeAlias = Any
"""The handler's own object for a known user."""


class ConnectionHandler(Protocol):
    """Application side of all connections. Called on the event loop's thread.

    ``agent`` is the object that ``on_open`` returned for the connection.
    """

    def authenticate(self, credential: str) -> Identity | Awaitable[Identity | None] | None:
        """Return the identity that a session's key or a token stands for, or None for one that does not hold.

        Return an awaitable of that where it has to be asked for. The caller opens the connection in the turn of the
        event loop in which this answers.
        Raises ``TryLaterError`` while that cannot be told, and for a user with too many connections.
        """

    def on_open(self, connection: Any, identity: Identity) -> Agent | None:
        """Take a new connection. The agent returned names it in every later call; None drops the connection."""

    def user_id(self, agent: Agent) -> str:
        """Return the id of the connection's user, as servants read it."""

    def on_text(self, agent: Agent, payload: bytes) -> Awaitable[object] | None:
        """Handle a text message. Nothing more is read while the awaitable that is returned is pending."""

    def on_lag(self, agent: Agent, is_lagging: bool) -> None:
        """Note that the client has begun to lag behind what is sent to it, or has caught up."""

    def on_close(self, agent: Agent, code: int) -> None:
        """Note the end of the connection, by either side. Called once, as the last call for this agent."""


class RefusalReasons(Protocol):
    """Source of log lines that give the reason of a refusal. It is asked after the answer has been sent."""

    async def of_cookies(self, header: str) -> str:
        """Return why a Cookie header was refused."""

    async def of_token(self, token: str | None) -> str:
        """Return why a token was refused, or that there was none."""
