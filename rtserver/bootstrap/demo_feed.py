"""The demo's producers of quotes: inside a server, or in a process of their own beside a supervisor's workers."""

import signal
import time
from collections.abc import Sequence

import gevent

from rtserver.base.queue.port import QueueError
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.queue.signature import Signer
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import queues_of
from rtserver.bootstrap.process.log import log_as_configured
from rtserver.bootstrap.process.queue_signer import signer_of
from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.quote.demo_list import DemoListSource
from rtserver.service.quote.quote_source import TestQuoteSource
from rtserver.service.shard_queues import ShardQueues
from rtserver.service.thread.service_thread import Source
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import RedisClient
from tcelib.redis.redis_error import RedisCallError


class RedisPosition:
    """Position of the demo's film, kept beside the queue so that both are lost or kept together."""

    def __init__(self, client: RedisClient, queue: str) -> None:
        self._client = client.at(queue)
        self._key = f"{{{queue}}}:demo"

    def get(self) -> int:
        """Return the position; 0 at first, and if the key holds something else."""
        text = self._client.call("GET", self._key) or b""
        return int(text) if text.removeprefix(b"-").isdigit() else 0

    def set(self, position: int) -> None:
        """Note the position."""
        self._client.call("SET", self._key, position)


def demo_producers(config: Config, client: RedisClient, signer: Signer) -> Sequence[Source]:
    """Return the producers, each for a greenlet."""
    lists = {name: RedisQueue(client, name, signer=signer) for name in queues_of(config)}
    queue = ServiceMessageQueue(lists[config.queue], shards=ShardQueues(lists))
    away, put = (QueueError, RedisCallError), queue.put
    position, rate = RedisPosition(client, config.queue), config.demo_rate
    return (
        TestQuoteSource(put, position, clock=time.monotonic, sleep=gevent.sleep, rate=rate, unavailable=away),
        DemoListSource(put, now=time.time, sleep=gevent.sleep, unavailable=away),
    )


def play(config: Config) -> None:
    """Play the demo's quotes until SIGTERM."""
    log_as_configured(config)
    client = gevent_client(config.redis_url)
    producers = demo_producers(config, client, signer_of(config))
    running = [gevent.spawn(producer.run) for producer in producers]
    gevent.signal_handler(signal.SIGTERM, gevent.killall, running, block=False)
    gevent.joinall(running, raise_error=True)
