"""Presence on the service thread, built and wired."""

import time
from collections.abc import Callable
from typing import NamedTuple

import gevent
import gevent.event

from rtserver.base.bridge.message import Message
from rtserver.base.queue.signature import Signer
from rtserver.bootstrap.config.config import Config
from rtserver.registry.presence import Linger
from rtserver.registry.presence_follower import PresenceFollower
from rtserver.registry.presence_scope import ALL, CHANNELS, Offer
from rtserver.registry.redis_presence import RedisPresence
from rtserver.registry.worker_lease import USER
from rtserver.service.message import encode
from rtserver.service.presence.channel_member import ChannelMembers, Note
from rtserver.service.presence.presence_loop import PresenceLoop
from rtserver.service.presence.presence_service import PresenceService
from rtserver.service.presence.teller import PresenceTeller
from rtserver.service.queue_link import QueueLink
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import RedisClient


class PresenceNotes(NamedTuple):
    """Notes of this server's items in the registry."""

    hold: Note
    drop: Note


class PresenceSide(NamedTuple):
    """The service, and the loop that feeds it."""

    service: PresenceService
    loop: PresenceLoop


def offer_of(config: Config) -> Offer:
    """Return the scopes that a server offers."""
    is_demo = not config.django_settings
    return Offer(config.presence or ((ALL, CHANNELS) if is_demo else ()))


def build_presence(
    config: Config,
    client: RedisClient,
    link: QueueLink,
    signer: Signer,
    *,
    post: Callable[[Message], object],
    note: PresenceNotes,
) -> PresenceSide:
    """Build the service of presence and its loop. ``client`` must be on gevent's sockets."""
    linger = Linger(int(config.presence_linger * 1000), int(config.presence_worker_linger * 1000))
    offer, queue = offer_of(config), config.presence_queue
    port = RedisPresence(client, config.queue, queue)
    kinds = offer.kinds | ({USER} if queue else set())
    follower = PresenceFollower(RedisLeases(client, config.queue), port, kinds, linger, link.call)

    def write(msg_type: str, data: object, message_id: str) -> bytes:
        return signer.sign(encode(msg_type, config.queue, data, message_id))

    teller = PresenceTeller(port, write, ended_ms=linger.ended_ms, pause=gevent.sleep)
    wanted = gevent.event.Event()
    service = PresenceService(
        follower,
        offer,
        ChannelMembers(*note),
        post,
        call_later=gevent.spawn_later,
        wake=wanted.set,
    )
    loop = PresenceLoop(
        follower,
        service,
        offer,
        teller if queue else None,
        wanted=wanted,
        begun=gevent.event.Event(),
        pause=gevent.sleep,
        now=time.monotonic,
        is_ending=lambda: link.is_ending,
    )
    return PresenceSide(service, loop)
