"""TradeMarket: made-up trades in the shape that ``trade.py`` reads. Pure: a seed and times in, trades out."""

import random
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

KEPT = 1000
STEP = 0.0004
"""Standard deviation of one trade's change, as a share of the price."""


class TradeMarket:
    """Prices of some symbols, each a random walk that is drawn back to where it began.

    Trades are numbered from 1 on, each symbol for itself. The newest ``KEPT`` of all are at hand again.
    """

    def __init__(self, symbols: Sequence[str], seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._first = {symbol: round(10 ** self._random.uniform(0, 4), 2) for symbol in symbols}
        self._prices = dict(self._first)
        self._ids = dict.fromkeys(symbols, 0)
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def trade(self, time_ms: int) -> dict[str, Any]:
        """Return the next trade, of any symbol."""
        symbol = self._random.choice(list(self._prices))
        pull = 0.001 * (self._first[symbol] / self._prices[symbol] - 1)
        self._prices[symbol] *= 1 + pull + self._random.gauss(0, STEP)
        self._ids[symbol] += 1
        made = {
            "e": "trade",
            "E": time_ms,
            "s": symbol,
            "t": self._ids[symbol],
            "p": f"{self._prices[symbol]:.2f}",
            "q": f"{self._random.randint(1, 500) / 1000:.3f}",
            "T": time_ms,
        }
        self._kept.append(made)
        return made

    def newest(self, count: int, symbols: Iterable[str]) -> list[dict[str, Any]]:
        """Return up to ``count`` of the newest trades of some symbols, the oldest first."""
        wanted = set(symbols)
        found = [made for made in self._kept if made["s"] in wanted]
        return found[-count:] if count else []


def streams_of(path: str, query: str) -> tuple[list[str], bool]:
    """Return the symbols that a client asks for, in capitals, and whether it asked for a combined stream.

    ``/ws/btcusdt@trade`` asks for one symbol, ``/stream`` with the query ``btcusdt@trade/ethusdt@trade`` for several.
    """
    is_combined = not path.startswith("/ws/")
    names = query.split("/") if is_combined else [path.removeprefix("/ws/")]
    return [name.partition("@")[0].upper() for name in names if name.endswith("@trade")], is_combined
