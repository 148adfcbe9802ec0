"""QueueSide: the service thread's objects for one queue, from its bus to the quotes that come on it, built and wired.

A server has one for each of ``queues``, and one alone without that setting. Each has its own bus, lanes, committed
offsets and history; the handlers that are not for quotes belong to the first one.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gevent
import gevent.event

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.mark.file_marks import FileMarks
from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import MarkPort
from rtserver.base.queue.port import QueueError
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.queue.shard import queue_of
from rtserver.base.queue.signature import Signer
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import history_bytes, message_bounds, queues_of
from rtserver.bootstrap.history_side import HistorySaver, HistorySide, build_history
from rtserver.bootstrap.process.memory import system_bytes
from rtserver.bootstrap.replica_side import ReplicaSide, build_replicas
from rtserver.history.quote_move import strays
from rtserver.market.book.quote_book import BookRules
from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.pipeline.once_worker import OnceRule
from rtserver.service.pipeline.pipeline import Pipeline, PipelineLimits
from rtserver.service.queue_link import QueueLink
from rtserver.service.quote.quote_alive import QuoteAliveMsgHandler
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.thread.canary import CanaryGate, CanaryMsgHandler
from tcelib.redis.redis_connection import RedisClient

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shared:
    """Objects that all queues of a server share. ``process`` is a word of this process's own."""

    config: Config
    client: RedisClient
    link: QueueLink
    bridge: Bridge
    worker: str
    signer: Signer
    process: str
    gate: CanaryGate
    context: ServiceContext
    calendars: ExchangeCalendars
    indicators: IndicatorRegistry

    @property
    def queues(self) -> tuple[str, ...]:
        """The names of all queues, the first one's first."""
        return queues_of(self.config)


@dataclass(frozen=True)
class QueueSide:
    """One queue. ``saver`` runs the writer of its history, ``look`` looks for quotes of other queues in it.

    ``replicas`` reads its bus near by, if at all.
    """

    quotes: QuoteCenter
    pipeline: Pipeline
    saver: HistorySaver
    look: "StrayLook"
    replicas: ReplicaSide


class StrayLook:
    """Looks once for quotes that are stored for a queue and belong to another: a ``Source`` of the service thread."""

    def __init__(self, strays_of: Callable[[], Sequence[str]], queue: str) -> None:
        self._strays_of = strays_of
        self._queue = queue

    def run(self) -> None:
        """Log how many there are. Their charts begin anew, as long as their history is elsewhere."""
        with suppress(QueueError):  # the server ends
            if found := self._strays_of():
                log.error(
                    "! %d quotes are stored for %s and belong to other queues, which lack their history: "
                    "stop all servers, and run: rtserver queues move",
                    len(found),
                    self._queue,
                )

    def stop(self) -> None:
        """Nothing is left to stop."""


def open_queue(config: Config, client: RedisClient, name: str) -> RedisQueue:
    """Return a queue as a server reads it."""
    return RedisQueue(
        client,
        name,
        bus_length=config.bus_length,
        repeat_seconds=config.repeat_seconds,
        most_bytes=message_bounds(config).bytes,
    )


def build_queue(shared: Shared, name: str, queue: RedisQueue, handlers: Sequence[ServiceMsgHandler]) -> QueueSide:
    """Build what one queue needs, with ``handlers`` beside those of quotes. Raises ``PluginError``."""
    config, context, link = shared.config, shared.context, shared.link
    history = build_history(config, shared.client, queue, link, shared.calendars)
    quotes = build_quotes(shared, name, history)
    alive = QuoteAliveMsgHandler(context, quotes.books)
    canary = CanaryMsgHandler(context, shared.process, shared.gate, name)
    is_first = name == shared.queues[0]
    replicas = build_replicas(config, shared.client, queue, shared.worker, gevent.sleep)
    pipeline = Pipeline(
        queue,
        link,
        [quotes, alive, *handlers, canary],
        is_congested=lambda: shared.bridge.to_users.is_congested,
        pause=gevent.sleep,
        event=gevent.event.Event,
        worker=shared.worker,
        signer=shared.signer,
        limits=pipeline_limits(config),
        marks=open_marks(Path(config.var_dir), shared.worker if is_first else f"{shared.worker} {name}"),
        near=replicas.bus,
    )
    pipeline.broken_keys.sources.append(history.store.odd.look)
    assert quotes.store is not None
    writer = quotes.store.writer
    pipeline.intake.on_held.append(writer.hurry)
    look = StrayLook(partial(link.call, lambda: list(strays(history.store, quotes.owner_of))), name)
    return QueueSide(quotes, pipeline, HistorySaver(writer, link), look, replicas)


def build_quotes(shared: Shared, name: str, history: HistorySide) -> QuoteCenter:
    """Build the quotes of one queue. What all quotes may have in memory is divided among the queues."""
    config, queues = shared.config, shared.queues
    return QuoteCenter(
        shared.context,
        rules=book_rules(config),
        max_quotes=-(-config.max_quotes // len(queues)),
        max_feeds=config.max_feeds,
        picture_rows=config.picture_rows,
        feed_linger_seconds=config.feed_linger_seconds,
        history_bytes=history_bytes(config, system_bytes) // len(queues),
        calendars=shared.calendars,
        shares=shared.context.shares,
        indicators=shared.indicators,
        store_of=history.open,
        queue=name,
        queue_of=partial(queue_of, queues=queues),
    )


def book_rules(config: Config) -> BookRules:
    """Return the rules of each quote's book."""
    return BookRules(config.history_ticks, int(config.late_seconds * 1000), int(config.future_seconds * 1000))


def pipeline_limits(config: Config) -> PipelineLimits:
    """Return the bounds of a pipeline. The intake may fill half of the bus before the reader follows."""
    return PipelineLimits(
        max_ahead=config.bus_length // 2,
        bus_bytes=config.bus_bytes,
        queues=len(queues_of(config)),
        lane_bound=config.lane_length,
        message=message_bounds(config),
        once=OnceRule(config.once_tries, config.once_claim_seconds),
    )


def open_marks(directory: Path, worker: str) -> MarkPort:
    """Return the marks of what is with the handlers: in a file, or in memory with a warning if that fails."""
    try:
        return FileMarks(directory.resolve() / "marks", worker)
    except OSError as error:
        log.warning("! no marks: a message that kills this process is handled again at each start: %s", error)
        return MemoryMarks()
