"""Heartbeat: knows which quotes of a feed are quiet while their source is alive. Pure; times are in seconds."""

from rtserver.service.message import encode
from rtserver.service.quote.tick import MAX_ITEMS

FORGOTTEN_SECONDS = 86_400.0
"""A quote without a tick for that long is vouched for no longer: it may be yesterday's."""


class Heartbeat:
    """Tells every ``seconds`` that quotes without news since the last time are alive; 0 is never."""

    def __init__(self, src: str, seconds: float, now: float) -> None:
        self._src = src
        self._seconds = seconds
        self._next = now + seconds
        self._heard_at = now
        self._moved: dict[str, float] = {}
        self._known: dict[str, float] = {}

    def on_tick(self, quote: str, now: float) -> None:
        """A tick came: no heartbeat is needed for its quote."""
        self._moved[quote] = self._heard_at = now

    def on_word(self, now: float) -> None:
        """The source has shown that it is alive."""
        self._heard_at = now

    def take_due(self, now: float) -> list[bytes]:
        """Return the messages that are due: none for quotes that moved, nor where the source has been silent."""
        if not self._seconds or now < self._next:
            return []
        self._next = now + self._seconds
        moved, self._moved = self._moved, {}
        quiet = [quote for quote, at in self._known.items() if quote not in moved and now - at < FORGOTTEN_SECONDS]
        self._known = {**{quote: self._known[quote] for quote in quiet}, **moved}
        if now - self._heard_at > self._seconds:
            return []
        parts = (quiet[place : place + MAX_ITEMS] for place in range(0, len(quiet), MAX_ITEMS))
        return [encode("quote_alive", self._src, {"quotes": part}) for part in parts]
