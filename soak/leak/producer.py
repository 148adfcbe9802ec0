"""The backend during the run: quotes that move, notices for everyone, and sessions that end."""

import asyncio
import itertools

from rtserver.base.queue.port import START
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.service.message import encode

QUOTES = tuple(f"DEMO:LEAK{number}:20240102" for number in range(4))
STILL_QUOTE = "DEMO:STILL:20240102"
PAUSE_SECONDS = 0.02
FIRST_MS = 1_704_153_600_000  # 2024-01-02


class Producer:
    """Pushes to the list that the server reads. ``sent`` counts messages."""

    def __init__(self, redis_url: str) -> None:
        self._queue = RedisQueue(plain_client(redis_url))
        self._numbers = itertools.count()
        self.sent = 0

    def fill(self, ticks: int) -> None:
        """Give every quote that much of a past."""
        for _ in range(ticks):
            self.push_ticks(*QUOTES, STILL_QUOTE)

    def push_ticks(self, *quotes: str) -> None:
        """One tick of each of these quotes."""
        number = next(self._numbers)
        items = [{"quote": quote, "info": {"point": [FIRST_MS + number * 1000, number % 100]}} for quote in quotes]
        self._put("quote", items)

    def push_notice(self) -> None:
        """A notice for everyone."""
        self._put("pushuser", {"user_id": "*", "type": "notice", "data": {"text": "hello"}})

    def end_session(self, session_key: str) -> None:
        """Push the site's message that a session is over."""
        self._put("django_site", {"op": "session_closed", "session_key": session_key})

    async def run(self) -> None:
        """Push until cancelled."""
        while True:
            for _ in range(10):
                self.push_ticks(*QUOTES)
                await asyncio.sleep(PAUSE_SECONDS)
            self.push_notice()

    def check(self) -> None:
        """Raise ``RuntimeError`` if the server could not handle something."""
        letters = self._queue.dead_letters(START, 1)
        if letters:
            raise RuntimeError(f"a message went to the dead stream: {letters[0]}")

    def close(self) -> None:
        """Let go of Redis."""
        self._queue.close()

    def _put(self, msg_type: str, data: object) -> None:
        self._queue.put([encode(msg_type, "leak", data)])
        self.sent += 1
