"""Pushes to users on the service thread, built and wired: their handler, what is kept, who keeps it, and resumes."""

import secrets
import time
from dataclasses import dataclass

import gevent
import gevent.event

from rtserver.base.queue.port import Bound
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import users_per_message
from rtserver.registry.service_lease import PUSHES, ServiceLease
from rtserver.registry.user_place import UserPlaces
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.push.direct_pushes import DirectPushes
from rtserver.service.push.push_keeper import PushKeeper
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.push.resume_service import ResumeService
from rtserver.service.push.user_streams import UserStreams
from rtserver.service.queue_link import QueueLink
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import RedisClient


@dataclass(frozen=True)
class PushSide:
    """The parts, and the loop of the one that decides who keeps."""

    streams: UserStreams
    handler: PushUserMsgHandler
    keeper: PushKeeper
    direct: DirectPushes
    resumes: ResumeService


def build_pushes(
    config: Config, client: RedisClient, queue: RedisQueue, link: QueueLink, context: ServiceContext
) -> PushSide:
    """Build it all. ``client`` must be on gevent's sockets."""
    streams = UserStreams(queue, link, Bound(config.user_keep_messages, config.user_keep_seconds))
    handler = PushUserMsgHandler(context, streams, context.sizes, most_users=users_per_message(config))
    lease = ServiceLease(RedisLeases(client, config.queue), PUSHES, secrets.token_hex(8), clock=time.monotonic)
    stopped = gevent.event.Event()
    workers = UserPlaces(RedisLeases(client, config.queue), link.call).workers
    direct_stopped = gevent.event.Event()
    direct = DirectPushes(
        handler,
        queue,
        link,
        workers,
        least=config.direct_pushes_from,
        rest=direct_stopped.wait,
        on_stop=direct_stopped.set,
        pause=gevent.sleep,
        now=time.monotonic,
    )
    keeper = PushKeeper(
        handler,
        streams,
        lease,
        link,
        rest=stopped.wait,
        on_stop=stopped.set,
        now=time.monotonic,
        on_look=direct.look,
    )
    resumes = ResumeService(streams, context.post, gevent.event.Event(), gevent.sleep)
    return PushSide(streams, handler, keeper, direct, resumes)
