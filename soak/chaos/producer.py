"""Producers that lose nothing: each sends its numbers in order, and repeats what got no answer with the same id.

How a careful backend uses the list: one RPUSH at a time, and after an error or a silence the same bytes again, on a
new connection, until Redis has said yes. What comes twice that way the server has to notice.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

import redis

from rtserver.base.queue.redis_queue import DEFAULT_NAME
from soak.async_redis import cancellable_client
from soak.chaos.numbered import Source, signed
from soak.chaos.redis_node import ANSWER_SECONDS, HOST

PAUSE_SECONDS = 0.1
AT_ONCE = (*(1, 2, 3, 4) * 25, 100)  # how many in one RPUSH: few as a rule


class Producer:
    """One source. ``on_sent`` is told the source's name and the newest acknowledged number.

    With a ``secret`` every message is signed.

    ``attempts`` and ``failures`` count RPUSHes.
    """

    def __init__(
        self,
        source: Source,
        port: int,
        rate: float,
        on_sent: Callable[[str, int], object],
        *,
        seed: int,
        secret: str = "",
    ) -> None:
        self.source = source
        self.attempts = self.failures = 0
        self._client = cancellable_client(f"redis://{HOST}:{port}/0")
        self._rate = rate
        self._on_sent = on_sent
        self._secret = secret
        self._random = random.Random(seed)
        self._may_send = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._number = 0

    def go(self) -> None:
        """Send from now on."""
        self._is_idle.clear()
        self._may_send.set()

    async def pause(self) -> None:
        """Stop, and return when everything that was tried has been acknowledged."""
        self._may_send.clear()
        await self._is_idle.wait()

    async def run(self) -> None:
        """Send while it may, for ever."""
        async with self._client:
            while True:
                if not self._may_send.is_set():
                    self._is_idle.set()
                    await self._may_send.wait()
                count = self._random.choice(AT_ONCE)
                await self._send(count)
                await asyncio.sleep(count / self._rate * self._random.uniform(0.5, 1.5))

    async def _send(self, count: int) -> None:
        numbers = range(self._number + 1, self._number + count + 1)
        raws = [self.source.message(number) for number in numbers]
        if self._secret:
            raws = [signed(raw, self._secret) for raw in raws]
        while True:
            if await self._push(raws):
                break
            await asyncio.sleep(PAUSE_SECONDS)
        self._number = numbers[-1]
        self._on_sent(self.source.name, self._number)

    async def _push(self, raws: list[bytes]) -> bool:
        self.attempts += 1
        with suppress(redis.RedisError, OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._client.rpush(DEFAULT_NAME, *raws)
                return True
        # A primary that has become a replica refuses writes and keeps its connections.
        await self._client.connection_pool.disconnect()
        self.failures += 1
        return False
