"""Names of the servers' own queues: a list, which is missing in Redis while it is empty.

A program that takes such a name for a queue of its own would make a stream of it, and no producer's RPUSH and no
server's intake would work from then on. Redis refuses that only while a message lies on the list. What a server keeps
beside its list is always there, and tells.
"""

from tcelib.queue.error import MessageError
from tcelib.queue.redis_commands import RedisCommands
from tcelib.redis.redis_connection import RedisClient

KEPT_BY_SERVERS = ("bus", "leases")


def check_no_server_reads(client: RedisClient, name: str) -> None:
    """Raises ``MessageError`` if ``name`` is the list of an rtserver, and ``QueueError``."""
    redis = RedisCommands(client, name)
    if redis.call("EXISTS", *map(redis.key_of, KEPT_BY_SERVERS)):
        raise MessageError(
            "the name of a queue", f"{name!r} is an rtserver's: put messages with ServiceMessageQueue.connect"
        )
