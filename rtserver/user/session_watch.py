"""Whether the sessions of open connections still hold.

Two ways lead to the end of one: the site says so at once, and every session is looked up again by a timer. A look-up
that fails says nothing about a session, so it ends none.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from rtserver.base.wire.close_code import CloseCode
from rtserver.user.agent_registry import AgentRegistry
from rtserver.user.auth import Identity, Request

log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 60.0
"""How long a session that was closed is refused, whatever a look-up says: longer than any handshake takes."""


class Authenticator(Protocol):
    """Who knows the sessions: ``SessionAuthenticator``."""

    async def authenticate(self, request: Request) -> Identity | None:
        """Whom a request comes from."""

    async def look_up(self, session_key: str) -> Identity | None:
        """Whose session it is."""


class SessionWatch:
    """Ends the connections of sessions that have ended. ``clock`` gives seconds that never run back."""

    def __init__(self, registry: AgentRegistry, authenticator: Authenticator, clock: Callable[[], float]) -> None:
        self._registry = registry
        self._authenticator = authenticator
        self._clock = clock
        self._closed: dict[str, float] = {}  # session key to the moment of its end, the oldest first

    def close(self, session_key: str) -> None:
        """End a session's connections with 4009, and refuse newcomers with that key for a minute."""
        self._forget_old()
        self._closed.pop(session_key, None)
        self._closed[session_key] = self._clock()
        for agent in self._registry.by_session.get(session_key):
            agent.kick(CloseCode.SESSION_CLOSED, "session closed")

    def is_known_closed(self, session_key: str) -> bool:
        """Whether the session was closed within the last minute: a handshake may have looked it up before that."""
        self._forget_old()
        return session_key in self._closed

    async def recheck(self) -> None:
        """Look every session up once, however many connections it has, and end those that no longer hold.

        One after the other, so that newcomers find the executor free. One round at a time is the caller's business.
        """
        errors = []
        names = self._registry.by_session.names()
        for session_key in names:
            try:
                identity = await self._authenticator.look_up(session_key)
            except Exception as error:  # noqa: BLE001 (whatever the store raises: nothing is known, and logged below)
                errors.append(error)
            else:
                self._compare(session_key, identity)
        if errors:
            log.error(
                "! %d of %d sessions could not be checked, they stay", len(errors), len(names), exc_info=errors[0]
            )

    def _compare(self, session_key: str, identity: Identity | None) -> None:
        """End what is not the session's user's any more: a site may let another user into the same session."""
        for agent in self._registry.by_session.get(session_key):
            if identity is None or str(identity.user_id) != str(agent.user.user_id):
                agent.kick(CloseCode.SESSION_CLOSED, "session closed")

    def _forget_old(self) -> None:
        oldest_kept = self._clock() - REMEMBERED_SECONDS
        while self._closed:
            session_key = next(iter(self._closed))
            if self._closed[session_key] >= oldest_kept:
                return
            del self._closed[session_key]
