"""RedisReplica and RedisPulse: the bus at a replica of Redis, and the key that a worker writes its pulses to.

Every read of a replica is followed by a GET of the pulse in the same write. Redis does one right after the other, so
a pulse behind the entries proves that they are those of the primary, whatever the server follows since.
"""

import re
from collections.abc import Sequence
from typing import Any

from rtserver.base.queue.bus_format import check_format
from rtserver.base.queue.port import Entry
from rtserver.base.queue.redis_entry import are_foreign, entries_of, range_command, read_command
from rtserver.base.queue.replica_port import Glimpse, Standing
from tcelib.queue.redis_commands import RedisCommands
from tcelib.redis.redis_connection import RedisClient, Role

PULSE_SECONDS = 86_400
"""A pulse outlives a primary that is away for hours, and clocks that differ."""
_DATA_ID = re.compile("(?!0{40})[0-9a-f]{40}")  # 40 zeros stand for no former data set; some arrive as a number


class RedisReplica:
    """See ``ReplicaPort``. ``name`` is the queue's, ``worker`` the one whose pulses count."""

    def __init__(self, client: RedisClient, name: str, worker: str) -> None:
        self._redis = redis = RedisCommands(client, name)
        self.address = client.address
        self._bus, self._pulse = redis.key_of("bus"), _pulse_key(redis, worker)
        redis.kinds = {self._bus: "stream", self._pulse: "string"}

    def read(self, after: str, count: int, timeout: float) -> Glimpse:
        """See ``ReplicaPort``."""
        wait = min(timeout, self._redis.longest_wait)
        reply, pulse = self._ask(read_command(self._bus, after, count, wait))
        return Glimpse(self._entries(reply[0][1]) if reply else [], _text_of(pulse))

    def range(self, after: str, until: str, count: int) -> Glimpse:
        """See ``ReplicaPort``."""
        reply, pulse = self._ask(range_command(self._bus, after, until, count))
        return Glimpse(self._entries(reply) if reply else [], _text_of(pulse))

    def pulse(self) -> str:
        """See ``ReplicaPort``."""
        return _text_of(self._redis.call("GET", self._pulse, role=Role.FOLLOWING))

    def standing(self) -> Standing:
        """See ``ReplicaPort``."""
        return _standing_of(self._redis)

    def close(self) -> None:
        """See ``ReplicaPort``."""
        self._redis.close()

    def _entries(self, reply: Sequence[tuple[bytes, list[bytes]]]) -> list[Entry]:
        if are_foreign(reply):
            check_format(self._redis)
        return entries_of(reply)

    def _ask(self, command: tuple[object, ...]) -> list[Any]:
        return self._redis.call_together([command, ("GET", self._pulse)], role=Role.FOLLOWING)


class RedisPulse:
    """See ``PulsePort``. ``client`` leads to the primary."""

    def __init__(self, client: RedisClient, name: str, worker: str) -> None:
        self._redis = RedisCommands(client, name)
        self._key = _pulse_key(self._redis, worker)

    def beat(self, pulse: str) -> None:
        """See ``PulsePort``."""
        self._redis.call("SET", self._key, pulse, "EX", PULSE_SECONDS)

    def standing(self) -> Standing:
        """See ``PulsePort``."""
        return _standing_of(self._redis)


def _pulse_key(redis: RedisCommands, worker: str) -> str:
    return redis.key_of(f"pulse:{worker}")


def _text_of(pulse: bytes | None) -> str:
    return "" if pulse is None else pulse.decode(errors="replace")


def _standing_of(redis: RedisCommands) -> Standing:
    info = redis.call("INFO", "replication", role=Role.INSPECTION)
    is_replica = info.get("role") == "slave"
    primary = f"{info.get('master_host')}:{info.get('master_port')}" if is_replica else ""
    ids = (str(info.get(key, "")) for key in ("master_replid", "master_replid2"))
    data = frozenset(filter(_DATA_ID.fullmatch, ids))
    return Standing(primary, not is_replica or info.get("master_link_status") == "up", data)
