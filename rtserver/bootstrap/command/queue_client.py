"""The queue for the commands of one process: the configured Redis, or the embedded one that runs for ``var_dir``."""

from rtserver.base.queue.port import QueueError
from rtserver.base.queue.redis_entry import entries_of
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.base.queue.shard import queue_of
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import queues_of
from rtserver.bootstrap.process.embedded_redis import redis_url_of
from rtserver.bootstrap.process.queue_signer import signer_of
from rtserver.history.redis_history import RedisHistory
from rtserver.registry.running_server import RunningServer, RunningServers, complaint
from rtserver.service.shard_queues import ProducerQueue, ShardQueues


def open_queue(config: Config, name: str = "") -> RedisQueue:
    """Return the queue, or another one of its Redis, without connecting. It signs what is put there if there is a
    ``queue_secret``.

    Raises ``RedisError`` if no Redis is configured and no embedded one runs. The first call finds out whether the
    Redis answers.
    """
    return RedisQueue(plain_client(redis_url_of(config)), name or config.queue, signer=signer_of(config))


def open_lists(config: Config) -> ShardQueues:
    """Return all queues as a producer sees them, without connecting. Raises ``RedisError``."""
    return ShardQueues({name: open_queue(config, name) for name in queues_of(config)})


def complaint_about(queue: ProducerQueue, config: Config, message_type: str) -> str:
    """Return why messages of a type might reach no handler.

    Empty if all running servers handle them, or if the list of servers cannot be read.
    """
    try:
        running = [server.types for server in running_servers(config)]
    except QueueError:
        return ""
    return complaint([message_type], running, f"{config.queue} at {queue.address}")


def is_handled_by_all(config: Config, message_type: str) -> bool:
    """Return False if some running server is known to make dead letters of messages of a type."""
    try:
        return all(message_type in server.types for server in running_servers(config))
    except QueueError:
        return True


def running_servers(config: Config) -> tuple[RunningServer, ...]:
    """Return the servers of the queue, by name. Raises ``RedisError`` and ``QueueError``."""
    with plain_client(redis_url_of(config)) as client:
        return RunningServers.of_queue(client, config.queue).all()


def open_history(config: Config, queue: str = "") -> RedisHistory:
    """Return the stored history of the quotes of a queue, without connecting. Raises ``RedisError``."""
    return RedisHistory(plain_client(redis_url_of(config)), queue or config.queue)


def open_history_of(config: Config, quote: str) -> RedisHistory:
    """Return the stored history that a quote belongs to, without connecting. Raises ``RedisError``."""
    return open_history(config, queue_of(quote, queues_of(config)))


def newest_messages(config: Config, queue: str, count: int) -> list[bytes]:
    """Return messages of a queue, as many of the list, the first ones, as of the bus, the last ones.

    Raises ``RedisError`` and ``RedisCallError``.
    """
    with plain_client(redis_url_of(config)).at(queue) as client:
        waiting = client.call("LRANGE", queue, 0, count - 1)
        entries = client.call("XREVRANGE", f"{{{queue}}}:bus", "+", "-", "COUNT", count)
        return [*waiting, *(entry.raw for entry in entries_of(entries))]
