"""Registries whose clock a test moves: in memory, and in a real Redis, where leases are made older instead."""

from typing import Protocol

from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import LeasePort
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import RedisClient

NAME = "queue:test"
ENDS = "{queue:test}:leases:end"


class MovedLeases(Protocol):
    """A registry, and the one way in which its time passes."""

    leases: LeasePort

    def wait(self, seconds: float) -> None:
        """Let time pass."""


class MovedMemory:
    """The twin in memory."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.leases = MemoryLeases(lambda: self.now)

    def wait(self, seconds: float) -> None:
        """See ``MovedLeases``."""
        self.now += seconds


class MovedRedis:
    """The real one. Its clock cannot be moved, so all leases end sooner."""

    def __init__(self, client: RedisClient) -> None:
        client.call("FLUSHDB")
        self._client = client
        self.leases = RedisLeases(client, NAME)

    def wait(self, seconds: float) -> None:
        """See ``MovedLeases``."""
        for number in self._client.call("ZRANGE", ENDS, 0, -1):
            self._client.call("ZINCRBY", ENDS, -round(seconds * 1000), number)
