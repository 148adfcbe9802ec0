"""The part of ``rtserver check`` about memory: what the history of quotes needs, and where there is room for it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import MEGABYTE, history_bytes
from rtserver.bootstrap.site.finding import Finding, Severity
from rtserver.history.memory_need import Kept, memory_need, quotes_within

DAYS_OF_EVER = 3_650
"""Days of minutes that are counted where the configuration keeps them for ever."""


class HistoryPlan(NamedTuple):
    """Number of quotes to come, 0 for an unknown one, and what is to be kept of each.

    ``trading_days`` None are as many as the configuration keeps.
    """

    quotes: int
    trading_days: int | None
    minutes_a_day: int


def check_history(config: Config, plan: HistoryPlan, system_bytes: Callable[[], int]) -> Iterator[Finding]:
    """Tell how many quotes have room in memory, and of a given number, what they need there and in Redis."""
    kept = Kept(config.history_ticks, _trading_days(config, plan), plan.minutes_a_day)
    budget = history_bytes(config, system_bytes)
    one = memory_need(1, kept)
    yield _fine(
        f"{kept.ticks:,} ticks of a quote take {_size(one.server)}; history_mb, {_size(budget)}, has room for "
        f"{quotes_within(budget, kept):,} such quotes"
    )
    if not plan.quotes:
        return
    need = memory_need(plan.quotes, kept)
    room = "which is there" if need.server <= budget else "more than that: those that nobody watches stay in Redis"
    yield _fine(f"{plan.quotes:,} quotes need up to {_size(need.server)} in memory, {room}")
    yield _fine(
        f"{plan.quotes:,} quotes need up to {_size(need.redis)} in Redis for {kept.trading_days:,} days of "
        f"{kept.minutes_a_day:,} minutes each, and {_size(need.redis_without_bars)} if the bars are in a database"
    )


def _trading_days(config: Config, plan: HistoryPlan) -> int:
    if plan.trading_days is not None:
        return plan.trading_days
    return (config.history_days_1m or DAYS_OF_EVER) * 5 // 7


def _fine(text: str) -> Finding:
    return Finding(Severity.OK, "history", text)


def _size(count: int) -> str:
    megabytes = count / MEGABYTE
    return f"{megabytes:,.1f} MB" if megabytes < 10_000 else f"{megabytes / 1024:,.1f} GB"
