"""RedisTopic: a sorted set of queues by the end of their subscriptions. The scripts describe themselves.

Time is that of Redis, in milliseconds since 1970.
"""

from collections.abc import Sequence

from tcelib.queue.error import QueueRefusedError
from tcelib.queue.form import HeaderForm
from tcelib.queue.message import Message
from tcelib.queue.name import checked_name
from tcelib.queue.redis_commands import RedisCommands
from tcelib.redis.redis_connection import RedisClient, Role
from tcelib.redis.script import load_script


class RedisTopic:
    """See ``Topic``. ``name`` is the key. Raises ``MessageError`` for a name that is none.

    Raises ``QueueRefusedError`` in a Cluster, where a topic and its queues lie in other slots.
    """

    def __init__(self, client: RedisClient, name: str) -> None:
        if client.is_cluster:
            raise QueueRefusedError(client.address, "a topic needs a Redis that is no Cluster")
        self.name, self.address = checked_name(name), client.address
        self._redis = RedisCommands(client, name)
        self._redis.kinds = {name: "zset"}
        self._form = HeaderForm()
        self._publish_script = load_script("tcelib.queue", "publish.lua")
        self._subscribe_script = load_script("tcelib.queue", "subscribe.lua")

    def publish(self, messages: Sequence[Message]) -> int:
        """See ``Topic``."""
        words: list[str | bytes | int] = []
        for message in messages:
            fields = self._form.fields(message)
            words += (len(fields), *fields)
        return int(self._redis.call("EVAL", self._publish_script, 1, self.name, *words, role=Role.PUBLISHING))

    def subscribe(self, queue: str, seconds: float) -> None:
        """See ``Topic``."""
        milliseconds = round(seconds * 1000)
        self._redis.call("EVAL", self._subscribe_script, 2, self.name, checked_name(queue), milliseconds)

    def unsubscribe(self, queue: str) -> bool:
        """See ``Topic``."""
        return bool(self._redis.call("ZREM", self.name, queue))

    def subscribers(self) -> list[str]:
        """See ``Topic``."""
        seconds, microseconds = self._redis.call("TIME")
        now = int(seconds) * 1000 + int(microseconds) // 1000
        return sorted(name.decode() for name in self._redis.call("ZRANGEBYSCORE", self.name, f"({now}", "+inf"))
