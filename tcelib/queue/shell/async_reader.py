"""AsyncReader: a reader for programs of an asyncio loop. The queue waits on threads, the loop goes on.

Two threads are enough: one for what the program asks, one for the signs of life.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Self, TypeVar

from tcelib.queue.message import Delivery
from tcelib.queue.reader import Reader
from tcelib.queue.shell.thread_signs import ThreadSigns

L = TypeVar("L")
T = TypeVar("T")


class AsyncReader(Generic[L]):
    """See ``Reader``. Use it as a context. Its calls are done one after the other."""

    def __init__(self, reader: Reader[L]) -> None:
        self._reader = reader
        self._executor = ThreadPoolExecutor(1, f"reader {reader.name}")
        self._signs = ThreadSigns(reader)

    async def receive(self, count: int = 1, seconds: float = 1.0) -> list[Delivery]:
        """Return the next messages, at most ``count``; wait up to ``seconds`` for a first one."""
        return await self._call(lambda: self._reader.wait_for(count, seconds))

    async def acknowledge(self, message_ids: Collection[str]) -> int:
        """See ``Reader``."""
        return await self._call(lambda: self._reader.acknowledge(message_ids))

    async def retry(self, message_id: str, delay: float) -> None:
        """See ``Reader``."""
        await self._call(lambda: self._reader.retry(message_id, delay))

    async def bury(self, message_id: str, letter: L) -> bool:
        """See ``Reader``."""
        return await self._call(lambda: self._reader.bury(message_id, letter))

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        while True:
            for delivery in await self.receive():
                yield delivery

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Give back what is held. Waits until the call that is under way has ended.

        After an error what is in hand is left to those who claim it later: it may be the cause, and the try counts.
        """
        try:
            await self._call(self._reader.drain if isinstance(error, Exception) else self._reader.leave)
        finally:
            self._executor.shutdown()
            self._signs.close()

    async def _call(self, operation: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, operation)
