"""HistorySide: the history of quotes, built and wired for the service thread.

side = build_history(config, client, queue, link, calendars)
side.reader                     ranges of finished bars
side.states                     what a worker begins with
side.open(books)                the store of a QuoteCenter's books, whose writer a HistorySaver runs
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

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
from rtserver.history.retention import Retention
from rtserver.history.writer_lease import WriterLease
from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.market.period import Base
from rtserver.service.queue_link import QueueLink
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_store import QuoteStore
from rtserver.service.thread.service_thread import offload
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import RedisClient


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
    days: dict[Base, int]
    most_ticks: int

    def open(self, books: QuoteBooks) -> QuoteStore:
        """Return the store of some books."""
        return QuoteStore(books, self.states, self.writer(books), self.reader, self.link.call)

    def writer(self, books: Books) -> HistoryWriter:
        """Return the writer of some books, which writes when it has the lease."""
        retention = Retention(self.store, self.days, lambda: int(time.time() * 1000))

        def upkeep() -> Iterator[object]:
            return retention.prune(self.link.call(self.store.quotes))

        return HistoryWriter(
            self.states,
            books,
            WriterLease(self.leases, secrets.token_hex(8), clock=time.monotonic),
            self.link.call,
            now=time.monotonic,
            pause=gevent.sleep,
            rule=WriteRule(most_ticks=self.most_ticks),
            upkeep=upkeep,
        )


class HistorySaver:
    """The loop of the writer: a ``Source`` of the service thread."""

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
        """Save what there is, and let another worker save."""
        self._is_over = True


def retention_days(config: Config) -> dict[Base, int]:
    """Return the days for which bars are stored, by base period."""
    return {"1m": config.history_days_1m, "1d": config.history_days_1d}


def build_history(
    config: Config, client: RedisClient, queue: RedisQueue, link: QueueLink, calendars: ExchangeCalendars
) -> HistorySide:
    """Build the history of the queue. Raises ``PluginError``."""
    store = RedisHistory(client, config.queue)
    source = (
        PluginSource(load_history(config.history), ServiceThreadMeans(), calendars.of) if config.history else None
    )
    return HistorySide(
        store,
        RedisStates(store, queue),
        HistoryReader(store, source, event=gevent.event.Event),
        source,
        RedisLeases(client, config.queue),
        link,
        retention_days(config),
        config.history_ticks,
    )
