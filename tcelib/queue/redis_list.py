"""RedisListQueue: a list of bare bodies, RPUSH at its end, BLPOP at its front.

A body is gone when it was taken. Each reader waits on a connection of its own, by whose number another greenlet or
thread can wake it. Needs Redis 6.2.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from tcelib.queue.bare import bare_bodies, fresh_deliveries, never
from tcelib.queue.message import Delivery, Message
from tcelib.queue.redis_commands import RedisCommands
from tcelib.redis.redis_connection import RedisClient, Role


class _Wait(NamedTuple):
    """The connection that one reader waits on, and the number that Redis gave to it."""

    call: Callable[..., Any]
    number: int
    stack: ExitStack


class RedisListQueue:
    """See ``BareQueue``. ``name`` is the list. ``expires_of`` reads from a body when it expires, in epoch seconds.

    ``now`` is in epoch seconds.
    """

    def __init__(
        self,
        client: RedisClient,
        name: str,
        *,
        expires_of: Callable[[bytes], float | None] = never,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name, self.address = name, client.address
        self.expired = 0
        self._redis = RedisCommands(client, name)
        self._redis.kinds = {name: "list"}
        self._expires_of = expires_of
        self._now = now
        self._waits: dict[str, _Wait] = {}

    def put(self, messages: Sequence[Message]) -> None:
        """See ``Queue``. One RPUSH."""
        bodies = bare_bodies(messages)
        if bodies:
            self._redis.call("RPUSH", self.name, *bodies, role=Role.PUBLISHING)

    def take(self, reader: str, count: int, timeout: float) -> list[Delivery]:
        """See ``Queue``. LPOP for what is there, or else BLPOP for the first one that comes."""
        found: list[Delivery] = []
        while not found and (bodies := self._pop(reader, count, timeout)):
            found = fresh_deliveries(bodies, self._expires_of, self._now())
            self.expired += len(bodies) - len(found)
            timeout = 0
        return found

    def length(self) -> int:
        """See ``Queue``."""
        return int(self._redis.call("LLEN", self.name))

    def oldest_age(self) -> None:
        """See ``Queue``. Bodies do not say when they were put."""

    def wake(self, reader: str) -> None:
        """See ``BareQueue``."""
        wait = self._waits.get(reader)
        if wait is not None:
            self._redis.call("CLIENT UNBLOCK", wait.number)

    def close(self) -> None:
        """See ``Queue``."""
        for reader in [*self._waits]:
            self._waits.pop(reader).stack.close()
        self._redis.close()

    def _pop(self, reader: str, count: int, timeout: float) -> list[bytes]:
        if timeout <= 0:
            return self._redis.call("LPOP", self.name, count) or []
        try:
            call = self._wait_of(reader).call
            bodies: list[bytes] = call("LPOP", self.name, count) or []
            if bodies:
                return bodies
            popped = call("BLPOP", self.name, min(timeout, self._redis.longest_wait))
        except BaseException:
            if reader in self._waits:
                self._waits.pop(reader).stack.close()
            raise
        return [] if popped is None else [popped[1]]

    def _wait_of(self, reader: str) -> _Wait:
        if reader not in self._waits:
            with ExitStack() as stack:
                call = stack.enter_context(self._redis.hold(Role.BLOCKING))
                self._waits[reader] = _Wait(call, call("CLIENT ID"), stack.pop_all())
        return self._waits[reader]
