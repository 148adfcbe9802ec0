"""A backend whose prices tell their age: each is 100 and the wall clock's seconds, modulo 100.

    python -m bench.page.producer REDIS-URL QUEUE ROWS RATE TICK-MS QUOTE ...

pushes a past of one bar a minute for each quote, prints ``ready``, then pushes ticks until it is ended.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import redis

FIRST_MS = 1_704_153_600_000  # 2024-01-02
MINUTE_MS = 60_000
PRICE_TURN_MS = 100_000

Push: TypeAlias = Callable[[str], object]


def price_now() -> float:
    """The price of this moment."""
    return 100 + int(time.time() * 1000) % PRICE_TURN_MS / 1000


def message(quotes: list[str], time_ms: int, price: float) -> str:
    """One service message with a tick of each of these quotes."""
    items = [{"quote": quote, "info": {"point": [time_ms, price, price, price, price, 1]}} for quote in quotes]
    return json.dumps({"type": "quote", "src": "bench", "data": items})


def push_past(push: Push, quotes: list[str], rows: int) -> None:
    """One tick a minute."""
    for row in range(rows):
        push(message(quotes, FIRST_MS + row * MINUTE_MS, 150 + row % 37))


def push_ticks(push: Push, quotes: list[str], last_ms: int, rate: float, tick_ms: float) -> None:
    """``rate`` ticks a second of each quote, in turn; each tick is ``tick_ms`` later than the one before."""
    begun, pause = time.perf_counter(), 1 / (rate * len(quotes))
    for number in itertools.count():
        turn, place = divmod(number, len(quotes))
        push(message([quotes[place]], last_ms + int(turn * tick_ms), price_now()))
        ahead = begun + (number + 1) * pause - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)


def main() -> None:
    """See the module."""
    url, queue, rows, rate, tick_ms, *quotes = sys.argv[1:]
    push = partial(redis.Redis.from_url(url).rpush, queue)
    push_past(push, quotes, int(rows))
    print("ready", flush=True)
    push_ticks(push, quotes, FIRST_MS + (int(rows) - 1) * MINUTE_MS, float(rate), float(tick_ms))


if __name__ == "__main__":
    main()
