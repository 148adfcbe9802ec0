"""Drain of a server that goes down: it closes all connections at once, or one by one.

It decides when each client is told to come back. ``bootstrap.shutdown`` decides which of the two ways is taken.
"""

import logging
from collections.abc import Awaitable, Callable

from rtserver.base.wire.close_code import CloseCode
from rtserver.user.agent_registry import AgentRegistry
from rtserver.user.user_agent import UserAgent

log = logging.getLogger(__name__)

TURN_AGENTS = 64
"""Connections that are closed without a pause; other clients get their messages in between."""
STEP_SECONDS = 0.01
REASON = "the server is going down"


class Drain:
    """The end of all agents of a registry. ``has_begun`` is True once every client was told to go."""

    def __init__(self, registry: AgentRegistry) -> None:
        self._registry = registry
        self._window_ms = 0
        self._latecomers = 0
        self.has_begun = False

    def close_at_once(self, window_ms: int) -> None:
        """Close every connection with 4101. Tell each client to come back at its own moment within ``window_ms``.

        The moments are evenly spread; the first is now.
        """
        self.has_begun = True
        self._window_ms = window_ms
        agents = self._registry.all()
        for place, agent in enumerate(agents):
            part(agent, window_ms * place // len(agents))

    async def close_one_by_one(
        self, window: float, now: Callable[[], float], sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        """Close every connection at its own moment within ``window`` seconds. Tell each client to come back at once.

        Each connection is served until its moment. Connections that open meanwhile are closed last. This way is for a
        server with a successor on the same port.
        """
        begun = now()
        agents = self._registry.all()
        for place, agent in enumerate(agents):
            rest = begun + window * place / len(agents) - now()
            if rest >= STEP_SECONDS:
                await sleep(rest)
            elif not place % TURN_AGENTS:
                await sleep(0)
            if agent.is_open:
                part(agent, 0)
        self.close_at_once(0)

    def close_late(self, agent: UserAgent) -> None:
        """Close a connection that opened after ``close_at_once``, with the next of the moments, round and round."""
        self._latecomers += 1
        part(agent, self._window_ms * (self._latecomers * 618 % 1000) // 1000)


def part(agent: UserAgent, after_ms: int) -> None:
    """Tell a client when to come back, and close. An error is logged, so that the others are closed, too."""
    try:
        agent.push_message({"after_ms": after_ms}, "reconnect")
        agent.kick(CloseCode.DRAINING, REASON)
    except BaseException:  # handlers run at the end of a connection
        log.exception("! %s could not be closed", agent)
