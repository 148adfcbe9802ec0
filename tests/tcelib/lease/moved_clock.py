"""Registries whose clock a test moves: in memory, and in a real Redis, where leases are made older instead."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Protocol

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

    def keep(self) -> None:
        """Remember everything, as a replica that then receives no more."""

    def fail_over(self) -> None:
        """Be as it was when it was last kept; empty if it never was."""


class MovedMemory:
    """The twin in memory."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.leases = MemoryLeases(lambda: self.now)
        self._kept = self._copy(self.leases)

    def wait(self, seconds: float) -> None:
        """See ``MovedLeases``."""
        self.now += seconds

    def keep(self) -> None:
        """See ``MovedLeases``."""
        self._kept = self._copy(self.leases)

    def fail_over(self) -> None:
        """See ``MovedLeases``."""
        self.now += 0.001  # no number is given twice
        vars(self.leases).update(self._copy(self._kept))

    @staticmethod
    def _copy(leases: MemoryLeases | Mapping[str, Any]) -> dict[str, Any]:
        values = leases if isinstance(leases, Mapping) else vars(leases)
        return {name: deepcopy(values[name]) for name in ("_entries", "_last", "_changes")}


class MovedRedis:
    """The real one. Its clock cannot be moved, so all leases end sooner."""

    def __init__(self, client: RedisClient) -> None:
        client.call("FLUSHDB")
        self._client = client
        self.leases = RedisLeases(client, NAME)
        self._kept: dict[bytes, bytes] = {}

    def wait(self, seconds: float) -> None:
        """See ``MovedLeases``."""
        for number in self._client.call("ZRANGE", ENDS, 0, -1):
            self._client.call("ZINCRBY", ENDS, -round(seconds * 1000), number)

    def keep(self) -> None:
        """See ``MovedLeases``."""
        self._kept = {key: self._client.call("DUMP", key) for key in self._client.call("KEYS", "*")}

    def fail_over(self) -> None:
        """See ``MovedLeases``."""
        self._client.call("FLUSHDB")
        for key, value in self._kept.items():
            self._client.call("RESTORE", key, 0, value)
