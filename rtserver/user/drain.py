"""How the users of a server that goes down are sent away: all at once, or one after the other.

Decides who is told to come back when. Whether there is somebody to come back to, and which of the two ways that makes
right, is for whoever takes the server down.
"""

import logging
from collections.abc import Awaitable, Callable

from rtserver.base.wire.close_code import CloseCode
from rtserver.user.agent_registry import AgentRegistry
from rtserver.user.user_agent import UserAgent

log = logging.getLogger(__name__)

TURN_AGENTS = 64
"""As many are sent away without a pause, so that the others get their messages in between."""
STEP_SECONDS = 0.01
REASON = "the server is going down"


class Drain:
    """The end of all agents of a registry. Its window is what ``close_at_once`` was told, 0 before."""

    def __init__(self, registry: AgentRegistry) -> None:
        self._registry = registry
        self._window_ms = 0
        self._latecomers = 0
        self.has_begun = False
        """Whether everyone has been told to go; who comes now has to be told as well: ``close_late``."""

    def close_at_once(self, window_ms: int) -> None:
        """Close every connection with 4101, each told to come back at a moment of its own within ``window_ms``.

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
        """Close every connection at a moment of its own within ``window`` seconds, told to come back at once.

        Until then it is served as ever. Those who have come meanwhile go last. For a server beside which another one
        takes the newcomers.
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
        """The same for one who came after everyone was told: the next of the moments, over and over again."""
        self._latecomers += 1
        part(agent, self._window_ms * (self._latecomers * 618 % 1000) // 1000)


def part(agent: UserAgent, after_ms: int) -> None:
    """Say when to come back, and close. What goes wrong with one must not keep the others here."""
    try:
        agent.push_message({"after_ms": after_ms}, "reconnect")
        agent.kick(CloseCode.DRAINING, REASON)
    except BaseException:  # a connection's end calls other people's code
        log.exception("! %s could not be sent away", agent)
