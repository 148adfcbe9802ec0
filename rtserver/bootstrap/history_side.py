"""HistorySide: the history of quotes, built and wired for the service thread.

side = build_history(config, client, queue, link, calendars)
side.reader                     ranges of finished bars
side.states                     what a worker begins with
side.open(books)                the store of a QuoteCenter's books, whose writer a HistorySaver runs
"""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import gevent
import gevent.event

from rtserver.base.queue.port import QueueError
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.plugin import load_history
from rtserver.history.book_port import Books
from rtserver.history.history_reader import HistoryReader
from rtserver.history.history_writer import HistoryWriter, WriteRule
from rtserver.history.plugin_source import Event, PluginSource
from rtserver.history.redis_history import RedisHistory
from rtserver.history.redis_states import RedisStates
from rtserver.history.retention import Pruned, Retention
from rtserver.history.state_retention import StateRetention
from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.market.period import Base
from rtserver.registry.service_lease import HISTORY, ServiceLease
from rtserver.service.queue_link import QueueLink
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_store import QuoteStore
from rtserver.service.thread.service_thread import offload
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import RedisClient

Prune: TypeAlias = Callable[[Sequence[str]], Iterator[Pruned]]


class ServiceThreadMeans:
    """See ``Means`` of ``PluginSource``: native threads and greenlets."""

    def offload(self, fn: Callable[..., Any], /, *args: object) -> Any:
        """Return ``fn(*args)``, run on a native thread."""
        return offload(fn, *args)

    def start(self, run: Callable[[], object]) -> object:
        """Run a function in a greenlet."""
        return gevent.spawn(run)

    def event(self) -> Event:
        """Return an event of gevent."""
        event: Event = gevent.event.Event()
        return event

    def now(self) -> float:
        """Return seconds that only go forward."""
        return time.monotonic()


@dataclass(frozen=True)
class HistorySide:
    """The history of one server. ``source`` is the plug-in's, None without one."""

    store: RedisHistory
    states: RedisStates
    reader: HistoryReader
    source: PluginSource | None
    leases: RedisLeases
    link: QueueLink
    prune: Prune
    most_ticks: int

    def open(self, books: QuoteBooks) -> QuoteStore:
        """Return the store of some books."""
        return QuoteStore(books, self.states, self.writer(books), self.reader, self.link.call)

    def writer(self, books: Books) -> HistoryWriter:
        """Return the writer of some books, which writes when it has the lease."""

        def upkeep() -> Iterator[object]:
            return self.prune(self.link.call(self.store.quotes))

        is_wanted = gevent.event.Event()

        def rest(seconds: float) -> None:
            gevent.sleep(0)
            is_wanted.wait(seconds)
            is_wanted.clear()

        writer = HistoryWriter(
            self.states,
            books,
            ServiceLease(self.leases, HISTORY, secrets.token_hex(8), clock=time.monotonic),
            self.link.call,
            now=time.monotonic,
            pause=gevent.sleep,
            rest=rest,
            rule=WriteRule(most_ticks=self.most_ticks),
            upkeep=upkeep,
        )
        writer.on_hurry = is_wanted.set
        return writer


class HistorySaver:
    """The loop of the writer: it follows the lanes of the service thread."""

    def __init__(self, writer: HistoryWriter, link: QueueLink) -> None:
        self._writer = writer
        self._link = link
        self._is_over = False

    def run(self) -> None:
        """Save until stopped. At the server's end, what the queue does not take is on the bus still."""
        try:
            self._writer.run(lambda: self._is_over)
        except QueueError:
            if not self._link.is_ending:
                raise

    def stop(self) -> None:
        """Save what there is at once, and let another worker save."""
        self._is_over = True
        self._writer.on_hurry()


def prune_of(
    config: Config,
    store: RedisHistory,
    states: RedisStates,
    calendars: ExchangeCalendars,
    *,
    is_strict: bool = False,
) -> Prune:
    """Return the function that removes what is too old of some quotes: the states first, whose bars it stores.

    Old bars that were stored lately stay, unless it ``is_strict``.
    """

    def now_ms() -> int:
        return int(time.time() * 1000)

    days: dict[Base, int] = {"1m": config.history_days_1m, "1d": config.history_days_1d}
    bars = Retention(store, days, now_ms, is_strict=is_strict)
    ticks = StateRetention(states, store, config.history_days_ticks, calendars.of, now_ms)
    return lambda quotes: chain(ticks.prune(quotes), bars.prune(quotes))


def build_history(
    config: Config, client: RedisClient, queue: RedisQueue, link: QueueLink, calendars: ExchangeCalendars
) -> HistorySide:
    """Build the history of the queue. Raises ``PluginError``."""
    store = RedisHistory(client, queue.name)
    states = RedisStates(store, queue)
    source = (
        PluginSource(load_history(config.history), ServiceThreadMeans(), calendars.of) if config.history else None
    )
    return HistorySide(
        store,
        states,
        HistoryReader(store, source, event=gevent.event.Event),
        source,
        RedisLeases(client, queue.name),
        link,
        prune_of(config, store, states, calendars),
        config.history_ticks,
    )
