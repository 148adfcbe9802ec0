"""The service thread's objects, built and wired: the queue, the handlers, the producers inside the server."""

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import gevent
import gevent.event

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.bridge.message import Message, PushesLost
from rtserver.base.limit.cpu_quota import FairShares, ProcessorClock, cpu_rate
from rtserver.base.limit.table import Limit
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.queue.redis_revocations import RedisRevocations
from rtserver.base.queue.shard import queue_of
from rtserver.base.queue.signature import Signer
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import PluginError
from rtserver.bootstrap.config.exchange import exchange_calendars
from rtserver.bootstrap.config.limits import user_bounds, users_per_message
from rtserver.bootstrap.config.plugin import QUOTES, by_service, by_type, load_indicators, load_plugins
from rtserver.bootstrap.demo_feed import demo_producers
from rtserver.bootstrap.presence_side import PresenceNotes, build_presence
from rtserver.bootstrap.push_side import PushSide, build_pushes
from rtserver.bootstrap.queue_side import Shared, build_queue, open_queue
from rtserver.bootstrap.rpc_side import RpcPlan, build_rpc_services
from rtserver.market.calendar.exchange_calendars import ExchangeCalendars
from rtserver.registry.user_place import UserPlaces
from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.pipeline.pipeline import Pipeline
from rtserver.service.presence.presence_service import PRESENCE, PresenceService
from rtserver.service.push.django_site import DjangoSiteMsgHandler
from rtserver.service.push.online import OnlineMsgHandler
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.queue_link import QueueLink
from rtserver.service.queue_push import QueuePush
from rtserver.service.quote.quote_alive import QuoteAliveMsgHandler
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.quote.quote_shards import QuoteShards
from rtserver.service.replica.near_bus import NearBus
from rtserver.service.thread.canary import CanaryGate, CanaryMsgHandler, CanarySource
from rtserver.service.thread.pipeline_run import PipelineRun
from rtserver.service.thread.service_thread import ServiceThread, Source, offload
from rtserver.service.topic.service_topics import ServiceTopics
from rtserver.service.topic.subscribable import SubscribableMsgHandler
from rtserver.service.user_commands import UserCommands
from rtserver.user.session.site_credential import lifetime_of
from rtserver.watch.canary_trail import CanaryStage, CanaryTrail
from tcelib.lease.redis import RedisLeases
from tcelib.limit.tally import Tally
from tcelib.redis.gevent_redis import gevent_client

PAUSE_SECONDS = 0.001
SERVICE_CPU = f"{Limit.USER_CPU} services"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceSide:
    """The service thread's objects that the rest of the server needs. ``address`` has no password in it.

    Each queue has one of ``runs`` and one of the ``centers`` of quotes, by its name, and one of ``nears`` if its bus
    is read at replicas.
    """

    thread: ServiceThread
    runs: Mapping[str, PipelineRun]
    centers: Mapping[str, QuoteCenter]
    topics: Mapping[str, ServiceTopics]
    presence: PresenceService
    pushes: PushSide
    address: str
    nears: Mapping[str, NearBus]

    @property
    def types(self) -> list[str]:
        """The types of messages that producers may send to this server."""
        return [handler.msg_type for handler in self.handlers]

    @property
    def handlers(self) -> list[ServiceMsgHandler]:
        """The handlers of producers' messages."""
        return [each for each in self.thread.pipeline.handlers if not isinstance(each, CanaryMsgHandler)]


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
    note: PresenceNotes,
    rpc: RpcPlan | None = None,
) -> ServiceSide:
    """Build the service thread and everything on it, without starting it. Raises ``PluginError``."""
    client = gevent_client(redis_url)
    stopping = gevent.event.Event()
    link = QueueLink(stopping.wait)
    queue = open_queue(config, client, config.queue)
    post = bridge.to_users.post
    sizes = MessageSizeLimit(config.outbox_hard_bytes)
    presence = build_presence(config, client, link, signer, post=post, note=note)
    places = UserPlaces(RedisLeases(client, config.queue), link.call)
    users = UserCommands(post, sizes, places, presence.loop.count)
    push = QueuePush(client, config.queue, signer, call=link.call)
    shares = service_shares(config, tally)
    shared = Shared(
        config,
        client,
        link,
        bridge,
        worker,
        signer,
        process=secrets.token_hex(8),
        gate=CanaryGate(post, trail),
        context=ServiceContext(post, users, offload, push, gevent.spawn_later, shares, sizes, gevent.sleep),
        calendars=open_calendars(config),
        indicators=load_indicators(config.indicators),
    )
    pushes = build_pushes(config, client, queue, link, shared.context)
    plugins = load_services(config)
    own = [plugin(shared.context) for plugin in plugins]
    first = build_queue(shared, config.queue, queue, [pushes.handler, *build_user_handlers(shared), *own])
    sides = {config.queue: first}
    for name in shared.queues[1:]:
        several = [plugin(shared.context) for plugin in plugins if plugin.is_sharded]
        sides[name] = build_queue(shared, name, open_queue(config, client, name), several)
    tell_losses(first.pipeline, post)
    relieve_reader(first.pipeline, pushes, bridge)
    pipelines = {name: side.pipeline for name, side in sides.items()}
    trail.search = lambda: find_canary(pipelines.values())
    trail.cause = lambda: next(filter(None, (each.memory.cause for each in pipelines.values())), "")
    centers = {name: side.quotes for name, side in sides.items()}
    topics = [plugin.topics for plugin in own if isinstance(plugin, SubscribableMsgHandler)]
    services = {each.service: each for each in topics}
    calls = None if rpc is None else build_rpc_services(rpc, client, post, stopping)
    quotes = first.quotes if len(sides) == 1 else QuoteShards(centers, partial(queue_of, queues=shared.queues))
    thread = ServiceThread(
        first.pipeline,
        bridge,
        stopping,
        shards={name: each for name, each in pipelines.items() if each is not first.pipeline},
        resumes=pushes.resumes,
        on_users=pushes.handler.on_users,
        on_call=None if calls is None else calls.writers.pass_on,
        services={QUOTES: quotes, PRESENCE: presence.service, **services},
        sources=[
            *build_producers(shared, trail),
            *(side.look for side in sides.values() if len(sides) > 1),
            presence.loop,
            *([pushes.direct] if config.direct_pushes_from else []),
            *(loop for side in sides.values() for loop in side.replicas.loops),
            *(calls.sources if calls is not None else ()),
        ],
        followers=[
            *(side.saver for side in sides.values()),
            pushes.keeper,
            *([calls.writers] if calls is not None else ()),
        ],
        on_failure=on_failure,
        stall_seconds=config.stall_ms / 1000,
        lane_stall_seconds=config.lane_stall_seconds,
    )
    runs = dict(zip(sides, thread.runs, strict=True))
    nears = {name: side.replicas.bus for name, side in sides.items() if side.replicas.bus is not None}
    return ServiceSide(thread, runs, centers, services, presence.service, pushes, queue.address, nears)


def load_services(config: Config) -> Sequence[type[ServiceMsgHandler]]:
    """Return the plug-ins for service messages. Raises ``PluginError``."""
    plugins = load_plugins(config.services, "rtserver.services", ServiceMsgHandler)
    own = [QuoteCenter, QuoteAliveMsgHandler, PushUserMsgHandler, DjangoSiteMsgHandler, OnlineMsgHandler]
    by_type([*own, CanaryMsgHandler, *plugins])
    if PRESENCE in by_service(plugins) and config.presence:
        raise PluginError(f"a plug-in is subscribed to as {PRESENCE!r}, which the setting presence offers")
    return plugins


def build_user_handlers(shared: Shared) -> Sequence[ServiceMsgHandler]:
    """Build the handlers of messages about users."""
    config, context, link = shared.config, shared.context, shared.link
    return (
        DjangoSiteMsgHandler(
            context,
            lifetime_of=partial(lifetime_of, token_seconds=config.tce_token_seconds),
            revoke=partial(link.call, RedisRevocations(shared.client, config.queue).revoke),
        ),
        OnlineMsgHandler(context, most_users=users_per_message(config)),
    )


def build_producers(shared: Shared, trail: CanaryTrail) -> list[Source]:
    """Build the producers inside the server: that of canaries, and the demo's. They sign like any other."""
    config, client, signer = shared.config, shared.client, shared.signer
    producers: list[Source] = []
    if config.canary_seconds:
        queues = [ServiceMessageQueue(RedisQueue(client, name, signer=signer)) for name in shared.queues]
        producers.append(CanarySource([each.put for each in queues], shared.process, trail, sleep=gevent.sleep))
    if config.demo_quotes and not config.django_settings:
        producers += demo_producers(config, client, signer)
    return producers


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


def tell_losses(pipeline: Pipeline, post: Callable[[Message], object]) -> None:
    """Post ``PushesLost`` to the websocket thread when messages to users are lost on their way from the bus."""
    lane = next(lane for lane in pipeline.lanes if lane.msg_type == PushUserMsgHandler.msg_type)
    lane.on_lost = lambda offset: post(PushesLost(offset))


def relieve_reader(pipeline: Pipeline, pushes: PushSide, bridge: Bridge) -> None:
    """Let the reader of the bus keep a longer pace where other workers tell of pushes directly."""
    pushes.direct.reader = pipeline.reader
    pushes.direct.must_hold = lambda: bridge.to_users.is_congested
    pushes.handler.on_late = pipeline.reader.hurry


def find_canary(pipelines: Iterable[Pipeline]) -> CanaryStage:
    """Return the furthest stage before the bridge at which messages of some queue wait. Safe from any thread."""
    stages = set(map(_stage_of, pipelines))
    return next((stage for stage in (CanaryStage.LANE, CanaryStage.BUS) if stage in stages), CanaryStage.LIST)


def _stage_of(pipeline: Pipeline) -> CanaryStage:
    lane = next(lane for lane in pipeline.lanes if lane.msg_type == CanaryMsgHandler.msg_type)
    if len(lane) or lane.is_behind:
        return CanaryStage.LANE
    return CanaryStage.BUS if pipeline.reader.position != pipeline.intake.newest_id else CanaryStage.LIST
