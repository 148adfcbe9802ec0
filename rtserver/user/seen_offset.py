"""How far the pushed messages have come on this side: for everybody, and for each user who says what he has seen.

Decides what a user has seen: what a page of his says, once it has been told what came before. That something was sent
is no sign: what is sent to a machine that has gone to sleep looks sent for a while. Pure bookkeeping; who writes it
down is the service side's business.
"""

from collections.abc import Callable
from typing import Annotated

import msgspec

from rtserver.base.queue.port import START, order_of
from rtserver.user.user_agent import UserAgent

Offset = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,15}-[0-9]{1,19}\\Z")]
"""An offset as clients say it. Bounded, so that it is a place on a bus whatever they say."""


class SeenOffsets:
    """``offset`` is the newest of all messages that were pushed here; None until the beginning is known."""

    def __init__(self) -> None:
        self.offset: str | None = None
        self.on_lost: Callable[[], object] = lambda: None
        """Called when messages are missing from what is pushed to the agents that are there."""
        self._complete: set[int] = set()
        self._seen: dict[str, str] = {}

    def begin(self, offset: str) -> None:
        """What lies behind ``offset`` is pushed here."""
        if self.offset is None:
            self.offset = offset

    def on_push(self, offset: str) -> None:
        """All that lies before ``offset``, and what lies there, has been pushed to the agents of its users."""
        if self.offset is None or order_of(self.offset) < order_of(offset):
            self.offset = offset

    def lose(self, offset: str) -> None:
        """Some of what lies before ``offset`` will not be pushed."""
        self.on_push(offset)
        self.on_lost()

    def on_complete(self, agent: UserAgent) -> None:
        """The agent has been sent what came before it: what it says that it has seen has no gaps from now on."""
        self._complete.add(agent.id)

    def on_seen(self, agent: UserAgent, offset: str) -> None:
        """A client says that it has everything up to there.

        What has not been pushed here yet does not count: a page that says so, by a mistake or for a joke, would keep
        its user from ever being told of what is to come.
        """
        if agent.id in self._complete and self.offset is not None:
            user_id = str(agent.user.user_id)
            pushed = min(offset, self.offset, key=order_of)
            self._seen[user_id] = max(pushed, self._seen.get(user_id, START), key=order_of)

    def on_remove(self, agent: UserAgent) -> bool:
        """The agent has gone; whether its user has said something that has not been taken yet."""
        self._complete.discard(agent.id)
        return str(agent.user.user_id) in self._seen

    def take_seen(self) -> tuple[tuple[str, str], ...]:
        """Users and the offsets up to which they have seen everything, as far as said since the last time."""
        seen, self._seen = self._seen, {}
        return tuple(seen.items())
