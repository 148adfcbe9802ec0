"""Whether the sessions of open connections still hold, and whether their users are who they were.

Two ways lead to the end of one: the site says so at once, and every session is looked up again by a timer. By the
same two ways a change of a user becomes known. A look-up that fails says nothing about a session, so it ends none.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from rtserver.base.failure.containment import as_exception
from rtserver.base.wire.close_code import CloseCode
from rtserver.user.agent_registry import AgentRegistry
from rtserver.user.identity import Identity
from rtserver.user.session.authenticator import LookUpResult, Request
from rtserver.user.session.recent_name import RecentNames
from rtserver.user.user_agent import UserAgent

log = logging.getLogger(__name__)

EVERYONE = "*"

RECHECKED_TOGETHER = 100
"""Enough to share the cost of a query, few enough for the event loop to have its turns in between."""


class Authenticator(Protocol):
    """Who knows the sessions: ``SessionAuthenticator``."""

    @property
    def credential(self) -> Callable[[Request], str | None]:
        """Return the session's key that a request shows, or None. Called with the request."""

    def look_up(self, session_key: str) -> Awaitable[Identity | None]:
        """Return the user of a session or a token; None where it does not hold."""

    async def look_up_many(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        """Whose sessions they are; an error for each of which that cannot be told."""

    def forget_answers(self) -> None:
        """Something has changed: nobody is answered from memory with what was known before."""


class SessionWatch:
    """Ends the connections of sessions that have ended, and tells of users who are not who they were.

    ``on_change(agent, user)`` is called when a look-up says something else of an agent's user than is known.
    ``clock`` gives seconds that never run back.
    """

    def __init__(
        self,
        registry: AgentRegistry,
        authenticator: Authenticator,
        clock: Callable[[], float],
        on_change: Callable[[UserAgent, Identity], object],
    ) -> None:
        self._registry = registry
        self._authenticator = authenticator
        self._clock = clock
        self._on_change = on_change
        self._closed = RecentNames(clock)
        self._changed = RecentNames(clock)
        self._due: dict[str, None] = {}  # ids of users to be looked up next
        self._work: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    def close(self, session_key: str) -> None:
        """End a session's connections with 4009, and refuse newcomers with that key for a minute."""
        self._closed.add(session_key)
        for agent in self._registry.by_session.get(session_key):
            agent.kick(CloseCode.SESSION_CLOSED, "session closed")

    def is_known_closed(self, session_key: str) -> bool:
        """Whether the session was closed within the last minute: a handshake may have looked it up before that."""
        return session_key in self._closed

    def recheck_user(self, user_id: str) -> None:
        """Something about a user has changed (``EVERYONE``: about any of them): look the sessions up again, soon."""
        self._authenticator.forget_answers()
        self._changed.add(user_id)
        self._recheck_soon(user_id)

    def on_open(self, agent: UserAgent) -> None:
        """A newcomer, who may have been looked up before the user changed, is looked up once more."""
        user_id = str(agent.user.user_id)
        if user_id in self._changed or EVERYONE in self._changed:
            self._recheck_soon(user_id)

    async def recheck(self) -> None:
        """Look every session up once, however many connections it has, and end those that no longer hold.

        Some at a time, so that newcomers find the executor free. One round at a time is the caller's business.
        """
        await self._recheck(self._registry.by_session.names())

    async def wait_rechecked(self) -> None:
        """Until nobody is due any more."""
        while self._work is not None:
            await asyncio.wait([self._work])

    def _recheck_soon(self, user_id: str) -> None:
        """Those who are asked for while a look-up is under way are looked up together by the next one."""
        self._due[user_id] = None
        if self._work is None:
            self._work = asyncio.ensure_future(self._recheck_due())

    async def _recheck_due(self) -> None:
        try:
            while self._due:
                due, self._due = self._due, {}
                if EVERYONE in due:
                    await self.recheck()
                else:
                    agents = (agent for user_id in due for agent in self._registry.by_user.get(user_id))
                    await self._recheck(tuple(dict.fromkeys(agent.session_key for agent in agents)))
        finally:
            self._work = None

    async def _recheck(self, names: Sequence[str]) -> None:
        errors: list[Exception] = []
        for start in range(0, len(names), RECHECKED_TOGETHER):
            # Answers count in the order in which they were asked for: an older one must not undo a newer one.
            async with self._turn:
                outcomes = await self._look_up(names[start : start + RECHECKED_TOGETHER])
                for session_key, outcome in outcomes.items():
                    if isinstance(outcome, Exception):
                        errors.append(outcome)
                    else:
                        self._compare(session_key, outcome)
        if errors:
            log.error(
                "! %d of %d sessions could not be checked, they stay", len(errors), len(names), exc_info=errors[0]
            )

    async def _look_up(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        try:
            return await self._authenticator.look_up_many(session_keys)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 (nothing is known, and it is logged)
            return dict.fromkeys(session_keys, as_exception(error))

    def _compare(self, session_key: str, identity: Identity | None) -> None:
        """End what is not the session's user's any more: a site may let another user into the same session."""
        for agent in self._registry.by_session.get(session_key):
            if identity is None or str(identity.user_id) != str(agent.user.user_id):
                # The client tries once more, and with the old cookie it must not be let in by what was known before.
                self._authenticator.forget_answers()
                agent.kick(CloseCode.SESSION_CLOSED, "session closed")
            elif identity != agent.user:
                self._on_change(agent, identity)
