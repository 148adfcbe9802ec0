"""Panel: servers of which one is as good as another for a question, such as where the primary is."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import redis

from tcelib.redis.pooled_connection import PooledConnection
from tcelib.redis.redis_address import Place
from tcelib.redis.role_pool import RolePool

ANSWER_SECONDS = 1.0
"""A server that takes longer to answer counts as silent."""
REST_SECONDS = 30.0
"""So long a silent server comes last: each question would cost its patience."""


class NoAnswerError(Exception):
    """A server that does not answer, or refuses. The text names it."""


class Panel:
    """Asks servers, each over connections of its own. ``open_pool`` makes them, for a place."""

    def __init__(
        self,
        places: Iterable[Place],
        open_pool: Callable[[Place], RolePool],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_pool = open_pool
        self._now = now
        self._pools = {place: open_pool(place) for place in places}
        self._first = tuple(self._pools)
        self._silent_until: dict[Place, float] = {}

    @property
    def places(self) -> tuple[Place, ...]:
        """The servers."""
        return tuple(self._pools)

    @property
    def silent(self) -> frozenset[Place]:
        """Those that have not answered lately."""
        now = self._now()
        return frozenset(place for place, until in tuple(self._silent_until.items()) if until > now)

    def in_turn(self) -> list[Place]:
        """Return the servers, silent ones last."""
        return sorted(self.places, key=self.silent.__contains__)

    def learn(self, places: Iterable[Place]) -> None:
        """Know these servers beside the first ones, and no others."""
        known = dict.fromkeys((*self._first, *places))
        pools = {place: self._pools.get(place) or self._open_pool(place) for place in known}
        gone = [pool for place, pool in self._pools.items() if place not in known]
        self._pools = pools
        for pool in gone:
            pool.disconnect()

    def ask(self, place: Place, *commands: Sequence[Any]) -> list[Any]:
        """Return a server's replies to commands. Raises ``NoAnswerError``."""
        pool = self._pools[place]
        try:
            connection: PooledConnection = pool.take()
            try:
                replies = connection.ask(commands)
            finally:
                pool.give_back(connection)
        except (redis.RedisError, OSError) as error:
            self._silent_until[place] = self._now() + REST_SECONDS
            text = str(error) or type(error).__name__
            raise NoAnswerError(text if str(place) in text else f"{place}: {text}") from error
        self._silent_until.pop(place, None)
        for reply in replies:
            if isinstance(reply, redis.RedisError):
                raise NoAnswerError(f"{place}: {reply}")
        return replies

    def close(self) -> None:
        """Close all connections. A later question opens new ones."""
        for pool in tuple(self._pools.values()):
            pool.disconnect()

    def forget(self) -> None:
        """See ``tcelib.fork``."""
        for pool in self._pools.values():
            pool.forget()
