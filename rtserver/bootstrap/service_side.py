"""The service thread's objects, built and wired: the queue, the handlers, the producers inside the server."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import gevent
import gevent.event

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.bridge.message import Message, PushesLost
from rtserver.base.limit.cpu_quota import FairShares, ProcessorClock, cpu_rate
from rtserver.base.limit.table import Limit
from rtserver.base.limit.tally import Tally
from rtserver.base.mark.file_marks import FileMarks
from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import MarkPort
from rtserver.base.queue.port import Bound
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.queue.redis_revocations import RedisRevocations
from rtserver.base.queue.signature import Signer
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.exchange import exchange_calendars
from rtserver.bootstrap.config.limits import history_bytes, message_bounds, user_bounds, users_per_message
from rtserver.bootstrap.config.plugin import QUOTES, by_service, by_type, load_indicators, load_plugins
from rtserver.bootstrap.demo_feed import demo_producers
from rtserver.bootstrap.history_side import HistorySaver, HistorySide, build_history
from rtserver.bootstrap.process.memory import system_bytes
from rtserver.market.book.quote_book import BookRules
from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.registry.user_place import UserPlaces
from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.pipeline.once_worker import OnceRule
from rtserver.service.pipeline.pipeline import Pipeline, PipelineLimits
from rtserver.service.push.django_site import DjangoSiteMsgHandler
from rtserver.service.push.online import OnlineMsgHandler
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.push.resume_service import ResumeService
from rtserver.service.push.user_streams import UserStreams
from rtserver.service.queue_link import QueueLink
from rtserver.service.queue_push import PushToQueue, QueuePush
from rtserver.service.quote.quote_alive import QuoteAliveMsgHandler
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.thread.canary import CanaryMsgHandler, CanarySource
from rtserver.service.thread.service_thread import ServiceThread, Source, offload
from rtserver.service.topic.service_topics import ServiceTopics
from rtserver.service.topic.subscribable import SubscribableMsgHandler
from rtserver.service.user_commands import Places, UserCommands
from rtserver.user.session.site_credential import lifetime_of
from rtserver.watch.canary_trail import CanaryStage, CanaryTrail
from tcelib.lease.redis import RedisLeases
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import RedisClient

PAUSE_SECONDS = 0.001
SERVICE_CPU = f"{Limit.USER_CPU} services"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceSide:
    """The service thread's objects that the rest of the server needs. ``address`` has no password in it."""

    thread: ServiceThread
    quotes: QuoteCenter
    topics: Mapping[str, ServiceTopics]
    streams: UserStreams
    address: str

    @property
    def types(self) -> list[str]:
        """The types of messages that producers may send to this server."""
        return [lane.msg_type for lane in self.thread.pipeline.lanes if lane.msg_type != CanaryMsgHandler.msg_type]


def build_services(
    config: Config,
    redis_url: str,
    bridge: Bridge,
    on_failure: Callable[[BaseException], object],
    *,
    worker: str,
    trail: CanaryTrail,
    signer: Signer,
    tally: Tally,
) -> ServiceSide:
    """Build the service thread and everything on it, without starting it. Raises ``PluginError``."""
    client = gevent_client(redis_url)
    queue = RedisQueue(
        client,
        config.queue,
        bus_length=config.bus_length,
        repeat_seconds=config.repeat_seconds,
        most_bytes=message_bounds(config).bytes,
    )
    stopping = gevent.event.Event()
    link = QueueLink(stopping.wait)
    streams = UserStreams(queue, link, Bound(config.user_keep_messages, config.user_keep_seconds))
    process = secrets.token_hex(8)
    revoke = partial(link.call, RedisRevocations(client, config.queue).revoke)
    places = UserPlaces(RedisLeases(client, config.queue), link.call)
    push = QueuePush(client, config.queue, signer, call=link.call)
    canaries = CanaryProcess(process, trail)
    history = build_history(config, client, queue, link, open_calendars(config))
    shares = service_shares(config, tally)
    handlers = build_handlers(
        config, bridge, streams, revoke, canaries, history=history, places=places, push=push, shares=shares
    )
    pipeline = Pipeline(
        queue,
        link,
        handlers.all,
        is_congested=lambda: bridge.to_users.is_congested,
        pause=gevent.sleep,
        event=gevent.event.Event,
        worker=worker,
        signer=signer,
        limits=pipeline_limits(config),
        marks=open_marks(Path(config.var_dir), worker),
    )
    post = bridge.to_users.post
    tell_losses(pipeline, post)
    pipeline.broken_keys.sources.append(history.store.odd.look)
    assert handlers.quotes.store is not None
    saver = HistorySaver(handlers.quotes.store.writer, link)
    pipeline.intake.on_held.append(handlers.quotes.store.writer.hurry)
    thread = ServiceThread(
        pipeline,
        bridge,
        stopping,
        resumes=ResumeService(streams, post, gevent.event.Event()),
        services={QUOTES: handlers.quotes, **handlers.topics},
        sources=[*build_producers(config, client, signer, CanaryProcess(process, trail)), saver],
        on_failure=on_failure,
        stall_seconds=config.stall_ms / 1000,
        lane_stall_seconds=config.lane_stall_seconds,
    )
    trail.search = lambda: find_canary(pipeline)
    trail.cause = lambda: pipeline.memory.cause
    return ServiceSide(thread, handlers.quotes, handlers.topics, streams, queue.address)


class CanaryProcess(NamedTuple):
    """The canaries of one process: ``process`` is a word of its own, ``trail`` notes how far they come."""

    process: str
    trail: CanaryTrail


class Handlers(NamedTuple):
    """The handlers of service messages, in the order of their lanes.

    Agents subscribe to ``quotes``, and to the ``topics`` of plug-ins by the name of the service.
    """

    all: Sequence[ServiceMsgHandler]
    quotes: QuoteCenter
    topics: Mapping[str, ServiceTopics]


def build_handlers(
    config: Config,
    bridge: Bridge,
    streams: UserStreams,
    revoke: Callable[[Mapping[str, float]], object],
    canaries: CanaryProcess,
    *,
    history: HistorySide,
    places: Places,
    push: PushToQueue,
    shares: FairShares | None,
) -> Handlers:
    """Build the handlers, the plug-ins' among them. Raises ``PluginError``."""
    post = bridge.to_users.post
    sizes = MessageSizeLimit(config.outbox_hard_bytes)
    users = UserCommands(post, sizes, places)
    context = ServiceContext(post, users, offload, push, gevent.spawn_later, shares, sizes, gevent.sleep)
    plugins = load_plugins(config.services, "rtserver.services", ServiceMsgHandler)
    quote_handlers = [QuoteCenter, QuoteAliveMsgHandler]
    by_type([*quote_handlers, PushUserMsgHandler, DjangoSiteMsgHandler, OnlineMsgHandler, CanaryMsgHandler, *plugins])
    by_service(plugins)
    quotes = QuoteCenter(
        context,
        rules=book_rules(config),
        max_quotes=config.max_quotes,
        max_feeds=config.max_feeds,
        picture_rows=config.picture_rows,
        feed_linger_seconds=config.feed_linger_seconds,
        history_bytes=history_bytes(config, system_bytes),
        calendars=open_calendars(config),
        shares=shares,
        indicators=load_indicators(config.indicators),
        store_of=history.open,
    )
    alive = QuoteAliveMsgHandler(context, quotes.books)
    most_users = users_per_message(config)
    push_user = PushUserMsgHandler(context, streams, sizes, most_users=most_users)
    online = OnlineMsgHandler(context, most_users=most_users)
    lifetime = partial(lifetime_of, token_seconds=config.tce_token_seconds)
    django_site = DjangoSiteMsgHandler(context, lifetime_of=lifetime, revoke=revoke)
    canary = CanaryMsgHandler(context, *canaries)
    own = [plugin(context) for plugin in plugins]
    handlers = [quotes, alive, push_user, django_site, online, *own, canary]
    topics = [plugin.topics for plugin in own if isinstance(plugin, SubscribableMsgHandler)]
    return Handlers(handlers, quotes, {each.service: each for each in topics})


def book_rules(config: Config) -> BookRules:
    """Return the rules of each quote's book."""
    return BookRules(config.history_ticks, int(config.late_seconds * 1000), int(config.future_seconds * 1000))


def build_producers(config: Config, client: RedisClient, signer: Signer, canaries: CanaryProcess) -> list[Source]:
    """Build the producers inside the server: that of canaries, and the demo's. They sign like any other."""
    queue = ServiceMessageQueue(RedisQueue(client, config.queue, signer=signer))
    producers: list[Source] = []
    if config.canary_seconds:
        producers.append(CanarySource(queue.put, *canaries, sleep=gevent.sleep))
    if config.demo_quotes and not config.django_settings:
        producers += demo_producers(config, client, queue)
    return producers


def pipeline_limits(config: Config) -> PipelineLimits:
    """Return the bounds of the pipeline. The intake may fill half of the bus before the reader follows."""
    return PipelineLimits(
        max_ahead=config.bus_length // 2,
        bus_bytes=config.bus_bytes,
        lane_bound=config.lane_length,
        message=message_bounds(config),
        once=OnceRule(config.once_tries, config.once_claim_seconds),
    )


def service_shares(config: Config, tally: Tally) -> FairShares | None:
    """Return the shares of processor time on the service thread; None for no limit.

    Between two pieces the thread pauses, and the websocket thread gets the interpreter: it would wait 5 ms otherwise.
    """
    share = user_bounds(config).cpu
    if not share:
        return None
    clock = ProcessorClock(time.monotonic, time.thread_time)
    return FairShares(cpu_rate(share), clock, gevent.spawn_later, pause=PAUSE_SECONDS, tally=tally, name=SERVICE_CPU)


def open_calendars(config: Config) -> ExchangeCalendars:
    """Return the calendars of the exchanges, with a warning for each whose holidays are not known any more.

    Raises ``ConfigError``.
    """
    calendars = exchange_calendars(config)
    for exchange, until in calendars.outdated(int(time.time() * 1000)):
        log.warning(
            "! exchanges.%s: holidays are known up to %s only: later ones count as trading days", exchange, until
        )
    return calendars


def open_marks(directory: Path, worker: str) -> MarkPort:
    """Return the marks of what is with the handlers: in a file, or in memory with a warning if that fails."""
    try:
        return FileMarks(directory.resolve() / "marks", worker)
    except OSError as error:
        log.warning("! no marks: a message that kills this process is handled again at each start: %s", error)
        return MemoryMarks()


def tell_losses(pipeline: Pipeline, post: Callable[[Message], object]) -> None:
    """Post ``PushesLost`` to the websocket thread when messages to users are lost on their way from the bus."""
    lane = next(lane for lane in pipeline.lanes if lane.msg_type == PushUserMsgHandler.msg_type)
    lane.on_lost = lambda offset: post(PushesLost(offset))


def find_canary(pipeline: Pipeline) -> CanaryStage:
    """Return the stage at which messages wait between the list and the bridge. Safe from any thread."""
    lane = next(lane for lane in pipeline.lanes if lane.msg_type == CanaryMsgHandler.msg_type)
    if len(lane) or lane.is_behind:
        return CanaryStage.LANE
    return CanaryStage.BUS if pipeline.reader.position != pipeline.intake.newest_id else CanaryStage.LIST
