"""The service thread's objects, built and wired: the queue, the handlers, the demo's producer."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gevent
import gevent.event

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.bridge.message import Message, PushesLost
from rtserver.base.limit.cpu_quota import FairShares, ProcessorClock, cpu_rate
from rtserver.base.mark.file_marks import FileMarks
from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import MarkPort
from rtserver.base.queue.port import Bound, QueueError
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.queue.redis_revocations import RedisRevocations
from rtserver.base.queue.redis_server_list import RedisServerList
from rtserver.base.queue.signature import Signer
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import message_bounds, user_bounds, users_per_message
from rtserver.bootstrap.config.plugin import by_type, load_plugins
from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.pipeline.once_worker import OnceRule
from rtserver.service.pipeline.pipeline import Pipeline
from rtserver.service.push.django_site import DjangoSiteMsgHandler
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.push.resume_service import ResumeService
from rtserver.service.push.user_streams import UserStreams
from rtserver.service.queue_link import QueueLink
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.quote.quote_source import TestQuoteSource
from rtserver.service.thread.canary import CanaryMsgHandler, CanarySource
from rtserver.service.thread.server_sign import ServerSign
from rtserver.service.thread.service_thread import ServiceThread, offload
from rtserver.service.user_commands import UserCommands
from rtserver.user.session.site_credential import lifetime_of
from rtserver.watch.canary_trail import CanaryStage, CanaryTrail
from tcelib.queue.gevent_redis import gevent_client
from tcelib.queue.redis_connection import RedisClient
from tcelib.queue.redis_error import RedisCallError

PAUSE_SECONDS = 0.001

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceSide:
    """What the rest of the server may see of it. ``address`` is the queue's, without its password."""

    thread: ServiceThread
    quotes: QuoteCenter
    streams: UserStreams
    address: str


class RedisPosition:
    """Where the demo's film stands, kept beside the queue so that both are lost or kept together."""

    def __init__(self, client: RedisClient, queue: str) -> None:
        self._client = client
        self._key = f"{{{queue}}}:demo"

    def get(self) -> int:
        """The number of ticks that were put; 0 at first, and where something else stands."""
        text = self._client.call("GET", self._key) or b""
        return int(text) if text.isdigit() else 0

    def set(self, position: int) -> None:
        """Remember it."""
        self._client.call("SET", self._key, position)


def build_services(
    config: Config,
    redis_url: str,
    bridge: Bridge,
    on_failure: Callable[[BaseException], object],
    *,
    worker: str,
    trail: CanaryTrail,
    signer: Signer,
) -> ServiceSide:
    """Everything of the service thread, not started yet. Raises ``PluginError``."""
    post = bridge.to_users.post
    sizes = MessageSizeLimit(config.outbox_hard_bytes)
    context = ServiceContext(post, UserCommands(post, sizes), offload)
    plugins = load_plugins(config.services, "rtserver.services", ServiceMsgHandler)
    by_type([QuoteCenter, PushUserMsgHandler, DjangoSiteMsgHandler, CanaryMsgHandler, *plugins])
    quotes = QuoteCenter(
        context, history_ticks=config.history_ticks, picture_rows=config.picture_rows, shares=service_shares(config)
    )
    process = secrets.token_hex(8)
    canary = CanaryMsgHandler(context, process, trail)
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
    push_user = PushUserMsgHandler(context, streams, sizes, most_users=users_per_message(config))
    django_site = DjangoSiteMsgHandler(
        context,
        lifetime_of=partial(lifetime_of, token_seconds=config.tce_token_seconds),
        revoke=partial(link.call, RedisRevocations(client, config.queue).revoke),
    )
    handlers = [push_user, django_site, *(plugin(context) for plugin in plugins)]
    pipeline = Pipeline(
        queue,
        link,
        [quotes, *handlers, canary],
        is_congested=lambda: bridge.to_users.is_congested,
        pause=gevent.sleep,
        event=gevent.event.Event,
        worker=worker,
        signer=signer,
        bounds=message_bounds(config),
        once=OnceRule(config.once_tries, config.once_claim_seconds),
        max_ahead=config.bus_length // 2,
        bus_bytes=config.bus_bytes,
        lane_bound=config.lane_length,
        marks=open_marks(Path(config.var_dir), worker),
    )
    tell_losses(pipeline, post)
    thread = ServiceThread(
        pipeline,
        bridge,
        stopping,
        resumes=ResumeService(streams, post, gevent.event.Event()),
        services={"quotes": quotes},
        sources=[
            ServerSign(
                RedisServerList(client, config.queue),
                f"{worker}#{process}",
                lambda: [lane.msg_type for lane in pipeline.lanes if lane.msg_type != CanaryMsgHandler.msg_type],
                gevent.event.Event(),
            ),
            *([_canary_source(config, client, signer, process, trail)] if config.canary_seconds else []),
            *([_demo_source(config, client, signer)] if config.demo_quotes and not config.django_settings else []),
        ],
        on_failure=on_failure,
        stall_seconds=config.stall_ms / 1000,
        lane_stall_seconds=config.lane_stall_seconds,
    )
    trail.search = lambda: find_canary(pipeline)
    trail.cause = lambda: pipeline.memory.cause
    return ServiceSide(thread, quotes, streams, queue.address)


def service_shares(config: Config) -> FairShares | None:
    """The processor time of users on the service thread; None for no limit.

    A pause between two pieces lets the websocket thread have the interpreter, which it would wait for 5 ms otherwise.
    """
    share = user_bounds(config).cpu
    if not share:
        return None
    clock = ProcessorClock(time.monotonic, time.thread_time)
    return FairShares(cpu_rate(share), clock, gevent.spawn_later, pause=PAUSE_SECONDS)


def open_marks(directory: Path, worker: str) -> MarkPort:
    """The marks of what handlers are at, in a file; where there can be none, in memory alone, and the log says so."""
    try:
        return FileMarks(directory.resolve() / "marks", worker)
    except OSError as error:
        log.warning("! no marks, so what kills this process is handled again at each start: %s", error)
        return MemoryMarks()


def tell_losses(pipeline: Pipeline, post: Callable[[Message], object]) -> None:
    """Have users' agents know when messages to users are lost on their way from the bus."""
    lane = next(lane for lane in pipeline.lanes if lane.msg_type == PushUserMsgHandler.msg_type)
    lane.on_lost = lambda place: post(PushesLost(place))


def find_canary(pipeline: Pipeline) -> CanaryStage:
    """Where messages are held up between the list and the bridge. From any thread."""
    lane = next(lane for lane in pipeline.lanes if lane.msg_type == CanaryMsgHandler.msg_type)
    if len(lane) or lane.is_behind:
        return CanaryStage.LANE
    return CanaryStage.BUS if pipeline.reader.position != pipeline.intake.newest_id else CanaryStage.LIST


def producer_queue(config: Config, client: RedisClient, signer: Signer) -> ServiceMessageQueue:
    """The queue for a producer inside the server, who signs like any other."""
    return ServiceMessageQueue(RedisQueue(client, config.queue, signer=signer))


def _canary_source(
    config: Config, client: RedisClient, signer: Signer, process: str, trail: CanaryTrail
) -> CanarySource:
    return CanarySource(producer_queue(config, client, signer).put, process, trail, sleep=gevent.sleep)


def _demo_source(config: Config, client: RedisClient, signer: Signer) -> TestQuoteSource:
    return TestQuoteSource(
        producer_queue(config, client, signer).put,
        RedisPosition(client, config.queue),
        clock=time.monotonic,
        sleep=gevent.sleep,
        rate=config.demo_rate,
        unavailable=(QueueError, RedisCallError),
    )
