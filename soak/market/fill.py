"""Puts the past of many instruments into the store, with a process for each core.

Decides how much of it there is: ``Plan``. The store is the product's own, so the rows lie in Redis as they would.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from typing import NamedTuple

from rtserver.base.queue.redis_queue import plain_client
from rtserver.history.redis_history import RedisHistory
from soak.market.past import day_bars, minute_bars, quotes, trading_days

DAYS_A_MONTH = 21
PORTION = 50
DAY_SECONDS = 86_400


class Plan(NamedTuple):
    """Number of instruments, and the past of each: trading days of minutes and months of daily bars.

    The first ``deep`` instruments have minutes for all of the months.
    """

    instruments: int
    minute_days: int
    months: int
    deep: int
    minutes_a_day: int

    @property
    def bars(self) -> int:
        """Return the number of bars of all instruments."""
        days = self.months * DAYS_A_MONTH
        minute_days = (self.instruments - self.deep) * self.minute_days + self.deep * days
        return self.instruments * days + minute_days * self.minutes_a_day


def fill(redis_url: str, queue: str, plan: Plan) -> Iterator[int]:
    """Store all of it, and yield the number of instruments that are stored after each portion."""
    today = int(time.time()) // DAY_SECONDS
    portions = [range(start, min(start + PORTION, plan.instruments)) for start in range(0, plan.instruments, PORTION)]
    stored = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for job in as_completed(pool.submit(store, redis_url, queue, plan, today, portion) for portion in portions):
            stored += job.result()
            yield stored


def store(redis_url: str, queue: str, plan: Plan, today: int, numbers: range) -> int:
    """Store the past of some instruments, and return how many."""
    days = trading_days(today, plan.months * DAYS_A_MONTH)
    keys = quotes(plan.instruments)
    with closing(plain_client(redis_url)) as client:
        history = RedisHistory(client, queue)
        for number in numbers:
            history.write(keys[number], "1d", day_bars(number, days))
            for day in days if number < plan.deep else days[-plan.minute_days :]:
                history.write(keys[number], "1m", minute_bars(number, day, plan.minutes_a_day))
    return len(numbers)
