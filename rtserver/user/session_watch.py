"""Whether the sessions of open connections still hold.

Two ways lead to the end of one: the site says so at once, and every session is looked up again by a timer. A look-up
that fails says nothing about a session, so it ends none.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from rtserver.base.wire.close_code import CloseCode
from rtserver.user.agent_registry import AgentRegistry
from rtserver.user.auth import Identity, Outcome, Request

log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 60.0
"""How long a session that was closed is refused, whatever a look-up says: longer than any handshake takes."""


RECHECKED_TOGETHER = 100
"""Enough to share the cost of a query, few enough for the event loop to have its turns in between."""


class Authenticator(Protocol):
    """Who knows the sessions: ``SessionAuthenticator``."""

    def session_key(self, request: Request) -> str | None:
        """The session that a request claims to come from; None if it claims none."""

    async def authenticate(self, request: Request) -> Identity | None:
        """Whom a request comes from."""

    async def look_up(self, session_key: str) -> Identity | None:
        """Whose session or token it is."""

    async def look_up_many(self, session_keys: Sequence[str]) -> Mapping[str, Outcome]:
        """Whose sessions they are; an error for each of which that cannot be told."""


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

        Some at a time, so that newcomers find the executor free. One round at a time is the caller's business.
        """
        errors: list[Exception] = []
        names = self._registry.by_session.names()
        for start in range(0, len(names), RECHECKED_TOGETHER):
            for session_key, outcome in (await self._look_up(names[start : start + RECHECKED_TOGETHER])).items():
                if isinstance(outcome, Exception):
                    errors.append(outcome)
                else:
                    self._compare(session_key, outcome)
        if errors:
            log.error(
                "! %d of %d sessions could not be checked, they stay", len(errors), len(names), exc_info=errors[0]
            )

    async def _look_up(self, session_keys: Sequence[str]) -> Mapping[str, Outcome]:
        try:
            return await self._authenticator.look_up_many(session_keys)
        except Exception as error:  # noqa: BLE001 (whatever it is: nothing is known, and it is logged)
            return dict.fromkeys(session_keys, error)

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
