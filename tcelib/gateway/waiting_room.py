"""WaitingRoom: messages for users who are not here, until it is known where they are. Pure.

A user who has just left may be on the way to another gateway, and the registry may not know of it yet. So a message
waits for a moment, or for as long as it says itself, and no longer. All messages of a user leave together, in the
order they came in.
"""

from collections.abc import Collection
from typing import NamedTuple

SETTLE_SECONDS = 1.0
"""Time in which a user who moves is known at the next gateway: the registry is told within a tenth of a second."""
MOST_MESSAGES = 10_000
MOST_BYTES = 16 * 1024 * 1024


class WaitingPush(NamedTuple):
    """A message that waits. It is given up at ``until``, in seconds of the clock of the room."""

    body: bytes
    until: float


class WaitingRoom:
    """Messages by user. Users are bytes, as they stand in messages."""

    def __init__(self, most_messages: int = MOST_MESSAGES, most_bytes: int = MOST_BYTES) -> None:
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._pushes: dict[str, list[WaitingPush]] = {}
        self._count = self._bytes = 0

    def __len__(self) -> int:
        """Return the number of messages that wait."""
        return self._count

    @property
    def users(self) -> Collection[str]:
        """The users whose messages wait."""
        return self._pushes.keys()

    def add(self, user: str, body: bytes, now: float, linger: float = 0.0) -> bool:
        """Let a message wait for ``linger`` seconds, ``SETTLE_SECONDS`` at least. Return false without room."""
        if self._count >= self._most_messages or self._bytes + len(body) > self._most_bytes:
            return False
        self._pushes.setdefault(user, []).append(WaitingPush(body, now + max(linger, SETTLE_SECONDS)))
        self._count += 1
        self._bytes += len(body)
        return True

    def take(self, user: str) -> list[bytes]:
        """Return the messages of a user who was found; they wait no more."""
        pushes = self._pushes.pop(user, [])
        self._leave(pushes)
        return [push.body for push in pushes]

    def expire(self, now: float) -> int:
        """Give up the messages whose time is over, and return their number."""
        before = self._count
        for user, pushes in tuple(self._pushes.items()):
            over = [push for push in pushes if push.until <= now]
            if over:
                self._leave(over)
                kept = [push for push in pushes if push.until > now]
                if kept:
                    self._pushes[user] = kept
                else:
                    del self._pushes[user]
        return before - self._count

    def _leave(self, pushes: Collection[WaitingPush]) -> None:
        self._count -= len(pushes)
        self._bytes -= sum(len(push.body) for push in pushes)
