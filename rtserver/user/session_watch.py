"""Watch over the sessions of open connections, and over changes of their users.

A session's end becomes known in two ways: the site tells it at once, and a timer looks every session up again. A
change of a user becomes known in the same ways. A look-up that fails ends no session.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from rtserver.base.failure.containment import as_exception
from rtserver.base.wire.close_code import CloseCode
from rtserver.user.agent_registry import AgentRegistry
from rtserver.user.identity import Identity
from rtserver.user.session.authenticator import Request
from rtserver.user.session.recent_name import RecentNames
from rtserver.user.session.session_finder import LookUpResult
from rtserver.user.user_agent import UserAgent

log = logging.getLogger(__name__)

EVERYONE = "*"

RECHECKED_TOGETHER = 100
"""Enough sessions to share the cost of a query, few enough to give the event loop turns in between."""


class Authenticator(Protocol):
    """The look-ups of sessions. ``SessionCache`` implements it."""

    @property
    def credential(self) -> Callable[[Request], str | None]:
        """The function from a request to the session's key in it, or None."""

    def maybe_known(self, session_key: str) -> Identity | None:
        """Return the user of a session that was looked up just now, or None where ``look_up`` has to be asked."""

    def look_up(self, session_key: str) -> Awaitable[Identity | None]:
        """Return the user of a session or a token, or None if it is not valid."""

    async def look_up_many(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        """Return the user of each session, None, or the error of its look-up."""

    def forget_answers(self) -> None:
        """Forget cached answers, because something has changed."""


class SessionWatch:
    """Closes the connections of sessions that have ended, and reports changed users.

    ``on_change(agent, user)`` is called when a look-up finds an agent's user changed. ``clock`` gives monotonic
    seconds. ``closed`` names the sessions that were closed within the last minute: a handshake may have looked one up
    before its end.
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
        self.closed = RecentNames(clock)
        self._changed = RecentNames(clock)
        self._due: dict[str, None] = {}  # ids of users to be looked up next
        self._work: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    def close(self, session_key: str) -> None:
        """Close a session's connections with 4009, and refuse its key for a minute."""
        self.closed.add(session_key)
        for agent in self._registry.by_session.get(session_key):
            agent.kick(CloseCode.SESSION_CLOSED, "session closed")

    def recheck_user(self, user_id: str) -> None:
        """Look up the sessions of a changed user again, soon. ``EVERYONE`` stands for all users."""
        self._authenticator.forget_answers()
        self._changed.add(user_id)
        self._recheck_soon(user_id)

    def on_open(self, agent: UserAgent) -> None:
        """Look a new agent up again if its user has changed lately: its look-up may be older than the change."""
        user_id = str(agent.user.user_id)
        if self._changed.has_any(user_id, EVERYONE):
            self._recheck_soon(user_id)

    async def recheck(self) -> None:
        """Look every session up once, and close the connections of those that have ended.

        Sessions are looked up in batches, so that handshakes find the executor free. The caller runs one round at a
        time.
        """
        await self._recheck(self._registry.by_session.names())

    async def wait_rechecked(self) -> None:
        """Wait until no look-up is due."""
        while self._work is not None:
            await asyncio.wait([self._work])

    def _recheck_soon(self, user_id: str) -> None:
        """Look a user up. Users who come while a look-up runs are looked up together by the next one."""
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
            # Answers count in the order of their look-ups: an older one must not undo a newer one.
            async with self._turn:
                outcomes = await self._look_up(names[start : start + RECHECKED_TOGETHER])
                for session_key, outcome in outcomes.items():
                    if isinstance(outcome, Exception):
                        errors.append(outcome)
                    else:
                        self._compare(session_key, outcome)
        if errors:
            log.error(
                "! %d of %d sessions could not be looked up and stay open",
                len(errors),
                len(names),
                exc_info=errors[0],
            )

    async def _look_up(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        try:
            return await self._authenticator.look_up_many(session_keys)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 (nothing is known, and it is logged)
            return dict.fromkeys(session_keys, as_exception(error))

    def _compare(self, session_key: str, identity: Identity | None) -> None:
        """Close connections whose user is not the session's: a site may log another user into the same session."""
        for agent in self._registry.by_session.get(session_key):
            if identity is None or str(identity.user_id) != str(agent.user.user_id):
                # The client tries once more; a cached answer must not admit its old cookie.
                self._authenticator.forget_answers()
                agent.kick(CloseCode.SESSION_CLOSED, "session closed")
            elif identity != agent.user:
                self._on_change(agent, identity)
