"""The client of tasks that are ended by cancelling them."""

import asyncio

import redis.asyncio

from soak.async_redis import cancellable_client
from tests.until import PATIENCE_SECONDS

MOMENTS = 300  # turns of the event loop: several RPUSHes


async def push(client: redis.asyncio.Redis) -> None:
    """For ever."""
    while True:
        await client.rpush("list", "message")


def test_a_cancellation_is_heeded_whenever_it_comes(redis_url: str) -> None:
    async def cancel_after(turns: int) -> None:
        async with cancellable_client(redis_url) as client:
            task = asyncio.create_task(push(client))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
            while not task.done():  # so that this test ends as well
                task.cancel()
                await asyncio.sleep(0)
            assert done, f"cancelled after {turns} turns, it went on"

    async def at_every_moment() -> None:
        for turns in range(MOMENTS):
            await cancel_after(turns)

    asyncio.run(at_every_moment())
