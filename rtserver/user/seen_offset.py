"""Offsets of pushed messages: the newest that was pushed, and the newest that each user has seen. Pure.

A user has seen what a page says it has, once that page has been sent everything before. A write to a socket proves
nothing: a machine that has gone to sleep takes bytes for a while. The service side writes the offsets to Redis.
"""

from collections import deque
from collections.abc import Callable
from typing import Annotated

import msgspec

from rtserver.base.queue.port import START, order_of
from rtserver.user.user_agent import UserAgent

Offset = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,15}-[0-9]{1,19}\\Z")]
"""An offset from a client. The pattern bounds it to what can be a position on a bus."""


class SeenOffsets:
    """``offset`` is that of the newest message pushed here, None until the first offset is known.

    Single users may be ahead of it.
    """

    def __init__(self) -> None:
        self.offset: str | None = None
        self.on_lost: Callable[[], object] = lambda: None
        """Called when messages were lost before they were pushed."""
        self._early: dict[str, str] = {}
        self._early_in_order: deque[tuple[str, str]] = deque()
        self._complete: set[int] = set()
        self._seen: dict[str, str] = {}

    def begin(self, offset: str) -> None:
        """Note that every message after ``offset`` will be pushed here."""
        if self.offset is None:
            self.offset = offset

    def on_push(self, offset: str) -> None:
        """Note that all messages up to ``offset`` have been pushed."""
        if self.offset is None or order_of(self.offset) < order_of(offset):
            self.offset = offset
            if self._early:
                self._forget_early(offset)

    def on_early(self, user_id: str, offset: str) -> None:
        """Note that all messages up to ``offset`` have been pushed, as far as they are for this user."""
        self._early[user_id] = offset
        self._early_in_order.append((user_id, offset))

    def offset_for(self, user_id: str) -> str | None:
        """Return the offset up to which nothing more will be pushed to a user."""
        early = self._early.get(user_id)
        return self.offset if early is None else max(early, self.offset or START, key=order_of)

    def lose(self, offset: str) -> None:
        """Note that some messages before ``offset`` will not be pushed."""
        self.on_push(offset)
        self.on_lost()

    def on_complete(self, agent: UserAgent) -> None:
        """Trust the agent from now on: it has been sent everything that came before it."""
        self._complete.add(agent.id)

    def on_seen(self, agent: UserAgent, offset: str) -> None:
        """Note a client's claim that it has everything up to ``offset``.

        The claim is capped at the newest pushed offset. Otherwise a page could claim future messages, and its user
        would never get them.
        """
        if agent.id in self._complete and self.offset is not None:
            user_id = str(agent.user.user_id)
            pushed = min(offset, self.offset_for(user_id) or START, key=order_of)
            self._seen[user_id] = max(pushed, self._seen.get(user_id, START), key=order_of)

    def on_remove(self, agent: UserAgent) -> bool:
        """Forget an agent. Return True if its user has a seen offset that was not taken yet."""
        self._complete.discard(agent.id)
        return str(agent.user.user_id) in self._seen

    def _forget_early(self, offset: str) -> None:
        """Forget what no user needs a note of any more."""
        in_order = self._early_in_order
        while in_order and order_of(in_order[0][1]) <= order_of(offset):
            user_id, early = in_order.popleft()
            if self._early.get(user_id) == early:
                del self._early[user_id]

    def take_seen(self) -> tuple[tuple[str, str], ...]:
        """Return the seen offset of each user who has a new one since the last call."""
        seen, self._seen = self._seen, {}
        return tuple(seen.items())
