"""The replicas that a server reads the bus at, built and wired: see ``rtserver/service/replica``."""

import secrets
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.queue.redis_replica import RedisPulse, RedisReplica
from rtserver.bootstrap.config.config import Config, split_urls
from rtserver.service.replica.near_bus import NearBus
from rtserver.service.replica.replica_choice import ReplicaChoice
from rtserver.service.replica.replica_watch import PulseSource, ReplicaProbe, ReplicaWatch
from rtserver.service.thread.service_thread import Source
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import RedisClient


class ReplicaSide(NamedTuple):
    """The bus near by, and the loops of the service thread that watch the replicas."""

    bus: NearBus | None
    loops: Sequence[Source]


def build_replicas(
    config: Config, primary: RedisClient, queue: RedisQueue, worker: str, pause: Callable[[float], object]
) -> ReplicaSide:
    """Build what reads the bus of a queue at the replicas of ``redis_read_url``: nothing without one."""
    urls = split_urls(config.redis_read_url)
    if not urls:
        return ReplicaSide(None, ())
    replicas = [RedisReplica(gevent_client(url), queue.name, worker) for url in urls]
    choice = ReplicaChoice(len(replicas), secrets.token_hex(8))
    bus = NearBus(queue, replicas, choice)
    pulses = RedisPulse(primary, queue.name, worker)
    probes = [ReplicaProbe(choice, place, each, pulses, pause=pause) for place, each in enumerate(replicas)]
    loops: list[Source] = [PulseSource(choice, pulses, pause=pause), *probes]
    loops.append(ReplicaWatch(bus, pause=pause))
    return ReplicaSide(bus, loops)
