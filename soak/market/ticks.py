"""Ticks: the live prices of the instruments, as a feed for ``rtserver feed run soak.market.ticks:Ticks``."""

import random
import time
from collections.abc import Iterator

from rtserver.feed.port import Feed, FeedTick, QuoteInfo
from soak.market.past import quotes

TURN_SECONDS = 0.02


class Ticks(Feed):
    """``rate`` ticks a second of ``count`` instruments, one after the other. What was held up follows at once."""

    def __init__(self, count: str, rate: str) -> None:
        self._quotes = quotes(int(count))
        self._rate = float(rate)

    def __iter__(self) -> Iterator[FeedTick | None]:
        """Yield ticks for ever."""
        chance = random.Random(1)
        prices = [100.0] * len(self._quotes)
        begun, sent = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - begun) * self._rate)
            now_ms = int(time.time() * 1000)
            for number in range(sent, due):
                place = number % len(prices)
                prices[place] = price = round(prices[place] + chance.gauss(0, 0.02), 2)
                yield self._quotes[place], QuoteInfo([now_ms, price], chance.randrange(1, 100))
            sent = due
            time.sleep(TURN_SECONDS)
