"""``resume``: a client's request for the pushed messages that it missed."""

import time
from collections.abc import Callable
from functools import partial

import msgspec

from rtserver.base.limit.cpu_quota import CallLater
from rtserver.base.wire.client_message import ErrorCode
from rtserver.modules.resume_agent import RESUME, ResumeAgent, ResumeResult
from rtserver.user.msg_handler import BaseUserMsgHandler, RequestError, Users
from rtserver.user.seen_offset import Offset
from rtserver.user.user_agent import UserAgent

PAGES_A_SECOND = 100
"""Clients that are told of a common loss per second: many pages reload then."""

PAUSE_SECONDS = 1.0
"""Least time between two resumes of a connection. Usually there is one."""


def at_once(seconds: float, call: Callable[[], object]) -> None:
    """Call at once, in the place of an event loop's timers."""
    call()


class ResumeRequest(msgspec.Struct, frozen=True):
    """``offset`` is that of the client's newest message; null asks for what no page of the user has got."""

    offset: Offset | None


class ResumeMsgHandler(BaseUserMsgHandler):
    """Handler of resumes. It counts ``resumes``, the ``messages`` they sent, and the ``lost`` ones with a loss."""

    msg_type = RESUME
    request = ResumeRequest

    def __init__(
        self, users: Users, *, clock: Callable[[], float] = time.monotonic, call_later: CallLater = at_once
    ) -> None:
        super().__init__(users)
        self._clock = clock
        self._call_later = call_later
        users.seen_offsets.on_lost = self._on_lost
        self._next: dict[int, float] = {}
        self.resumes = 0
        self.messages = 0
        self.lost = 0

    def on_useragent_request(self, agent: UserAgent, data: ResumeRequest, request_id: int | str | None) -> None:
        """Start a resume, which answers when everything has been sent."""
        now = self._clock()
        if now < self._next.get(agent.id, now):
            raise RequestError(f"only one resume in {PAUSE_SECONDS:g} s", ErrorCode.RATE_LIMITED)
        if data.offset is None:
            # Seen offsets of the user's pages on this server must be noted before they are looked up.
            self.users.tell_seen()
        self._resume_of(agent).start(data.offset, request_id)
        self._next[agent.id] = now + PAUSE_SECONDS

    def on_useragent_remove(self, agent: UserAgent) -> None:
        """End the agent's resume."""
        agent.modules.pop(RESUME, None)
        self._next.pop(agent.id, None)

    def _resume_of(self, agent: UserAgent) -> ResumeAgent:
        """Return the agent's resume, made when it is first needed."""
        resume: ResumeAgent | None = agent.modules.get(RESUME)
        if resume is None:
            resume = agent.modules[RESUME] = ResumeAgent(agent, self._on_end, self.users.sizes.largest)
        return resume

    def _on_lost(self) -> None:
        """Tell every agent that messages were lost, a few at a time."""
        for place, agent_id in enumerate(tuple(self.users.agents)):
            self._call_later(place / PAGES_A_SECOND, partial(self._tell, agent_id))

    def _tell(self, agent_id: int) -> None:
        agent = self.users.agents.get(agent_id)
        if agent is not None:
            self.lost += self._resume_of(agent).on_lost()

    def _on_end(self, agent: UserAgent, outcome: ResumeResult) -> None:
        self.resumes += 1
        self.messages += outcome.count
        self.lost += outcome.gone is not None
        self.users.seen_offsets.on_complete(agent)
