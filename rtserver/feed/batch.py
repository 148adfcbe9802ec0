"""FeedBatch: gathers a feed's ticks into messages of the queue, without repeats. Pure."""

from collections.abc import Hashable
from itertools import count

from rtserver.feed.port import FeedTick
from rtserver.service.message import encode
from rtserver.service.quote.quote_file import quote_item

KNOWN_IDS = 100_000
"""Ids that are remembered, of all quotes together: far more than a source repeats after a new connection."""


class FeedBatch:
    """Up to ``most`` ticks of one sender, none of which waits longer than ``seconds`` for the others.

    ``run`` is a text that no other run of the sender has. Each message gets an id of it: a message that is put again,
    because nobody knows whether the first try arrived, counts once. Ticks with an id are compared by quote and id.
    """

    def __init__(self, src: str, run: str, *, most: int, seconds: float) -> None:
        self._src = src
        self._run = run
        self._most = most
        self._seconds = seconds
        self._items: list[dict[str, object]] = []
        self._began = 0.0
        self._known: dict[tuple[str, Hashable], None] = {}
        self._numbers = count(1)
        self.ticks = self.repeats = self.messages = 0

    def take(self, tick: FeedTick, now: float) -> None:
        """Add a tick, unless it is a repeat."""
        quote, info = tick
        if info.id is not None and not self._is_new((quote, info.id)):
            self.repeats += 1
            return
        if not self._items:
            self._began = now
        self._items.append(quote_item(quote, info))
        self.ticks += 1

    def room(self) -> int:
        """Return how many ticks the next message still takes."""
        return self._most - len(self._items)

    def wait(self, now: float, longest: float) -> float:
        """Return the seconds, ``longest`` at most, until the next message is due."""
        return max(0.0, min(longest, self._began + self._seconds - now)) if self._items else longest

    def is_due(self, now: float) -> bool:
        """Return True if the ticks should wait no longer."""
        return bool(self._items) and (self.room() <= 0 or now >= self._began + self._seconds)

    def take_message(self) -> bytes | None:
        """Return the message of all ticks so far, which are then forgotten; None if there are none.

        Raises ``JsonError`` for a tick that JSON cannot hold.
        """
        if not self._items:
            return None
        items, self._items = self._items, []
        self.messages += 1
        return encode("quote", self._src, items, f"{self._run}-{next(self._numbers)}")

    def _is_new(self, key: tuple[str, Hashable]) -> bool:
        if key in self._known:
            return False
        self._known[key] = None
        if len(self._known) > KNOWN_IDS:
            del self._known[next(iter(self._known))]
        return True
