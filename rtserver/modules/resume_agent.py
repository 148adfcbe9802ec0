"""Resume of one connection: the missed messages, in portions, as fast as the client takes them.

It asks for the next portion and reports the end to the client. The service side keeps the messages.
"""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import Refused, Replay, Resume
from rtserver.base.queue.port import Gone
from rtserver.base.wire.client_message import ErrorCode
from rtserver.base.wire.payload import Payload
from rtserver.modules.user_agent_module import BaseUserAgentModule
from rtserver.user.msg_handler import RequestError
from rtserver.user.user_agent import UserAgent

RESUME = "resume"


class ResumeResult(msgspec.Struct, frozen=True):
    """Result of a resume: the number of messages sent, and why some are lost, if any."""

    count: int
    gone: str | None


class ResumeAgent(BaseUserAgentModule):
    """Runs one resume at a time for one agent. ``on_end`` gets the result of each.

    A kept message of more than ``largest`` bytes, from a time of larger limits, is left out; the client is told.
    """

    def __init__(self, agent: UserAgent, on_end: Callable[[UserAgent, ResumeResult], object], largest: int) -> None:
        super().__init__(agent)
        self._on_end = on_end
        self._largest = largest
        self._is_running = self._is_current = self._has_missed = False

    def start(self, offset: str | None, request_id: int | str | None) -> None:
        """Send the messages after ``offset``. Raises ``RequestError`` while another resume runs."""
        if self._is_running:
            raise RequestError("another resume of this connection is running", ErrorCode.RATE_LIMITED)
        self._request_id = request_id
        self._count = 0
        self._oldest: str | None = None
        self._gone: str | None = None
        self._ask(offset, self.agent.live_from)
        self._is_running, self._is_current = True, False

    def on_lost(self) -> bool:
        """Note that live messages were lost. Return True if the client is told now.

        A client that has not resumed yet is told at the end of its resume.
        """
        if self._is_current:
            self._tell_lost(Gone.MISSED, None, 0, None)
        else:
            self._has_missed = True
        return self._is_current

    def _ask(self, after: str | None, until: str | None) -> None:
        agent = self.agent
        user_id = str(agent.user.user_id)
        agent.ask(lambda ref: Resume(agent.id, ref, user_id, after, until), self._on_answer)

    def _on_answer(self, answer: Replay | Refused) -> None:
        if isinstance(answer, Refused):
            self._is_running = False
            self.agent.push_error(answer.code, answer.message, RESUME, self._request_id)
            return
        fitting = [message for message in answer.messages if len(message) <= self._largest]
        for message in fitting:
            self.agent.push(Payload(message))
        self._count += len(fitting)
        self._oldest = self._oldest or answer.oldest
        self._gone = self._gone or answer.gone
        if len(fitting) < len(answer.messages):
            self._gone = self._gone or Gone.TOO_LARGE
        if answer.is_all:
            self._end()
        else:
            # At shutdown the bridge is closed; the client asks the next server.
            with suppress(BridgeClosedError):
                self._ask(answer.after, answer.until)

    def _end(self) -> None:
        self._is_running, self._is_current = False, True
        if self._has_missed:
            self._gone = self._gone or Gone.MISSED
            self._has_missed = False
        if self._gone is None:
            self.agent.push_message({"count": self._count}, "resumed", self._request_id)
        else:
            self._tell_lost(self._gone, self._oldest, self._count, self._request_id)
        self._on_end(self.agent, ResumeResult(self._count, self._gone))

    def _tell_lost(self, reason: str, offset: str | None, count: int, request_id: int | str | None) -> None:
        lost = {"count": count, "offset": offset, "reason": reason}
        self.agent.push_message(lost, "resume_lost", request_id)
