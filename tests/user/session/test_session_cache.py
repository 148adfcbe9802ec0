"""One look-up for many handshakes: what is asked once, and what is asked again."""

import asyncio
from collections.abc import Sequence

import pytest

from rtserver.user.identity import Identity
from rtserver.user.session.session_cache import MAX_KEPT, SessionCache


class Site:
    """A session store that counts what it is asked; ``people`` may change, ``error`` makes it fail."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.people: dict[str, Identity] = {"key": Identity(1, "demo", "key")}
        self.error: Exception | None = None
        self.was_asked, self.answer = asyncio.Event(), asyncio.Event()
        self.answer.set()

    credential = None

    def look_up(self, session_key: str) -> asyncio.Future[Identity | None]:
        return asyncio.ensure_future(self._look_up(session_key))

    async def _look_up(self, session_key: str) -> Identity | None:
        self.asked.append(session_key)
        self.was_asked.set()
        await self.answer.wait()
        if self.error is not None:
            raise self.error
        return self.people.get(session_key)

    async def look_up_many(self, session_keys: Sequence[str]) -> dict[str, Identity | None]:
        return {session_key: await self._look_up(session_key) for session_key in session_keys}


class World:
    """A site, a clock that stands still, and the memory between them."""

    def __init__(self) -> None:
        self.time = 100.0
        self.site = Site()
        self.cache = SessionCache(self.site, kept_seconds=2.0, clock=lambda: self.time)

    async def look_up(self, key: str = "key") -> Identity | None:
        return await self.cache.look_up(key)


def test_handshakes_at_the_same_moment_share_one_look_up() -> None:
    async def scenario() -> None:
        world = World()
        identities = await asyncio.gather(*(world.look_up() for _ in range(50)))
        assert {identity.user_id for identity in identities if identity} == {1}
        assert world.site.asked == ["key"]

    asyncio.run(scenario())


def test_an_answer_is_kept_for_a_moment_and_then_asked_for_again() -> None:
    async def scenario() -> None:
        world = World()
        await world.look_up()
        del world.site.people["key"]
        world.time += 2.0
        assert await world.look_up() is not None
        world.time += 0.1
        assert await world.look_up() is None
        assert world.site.asked == ["key", "key"]

    asyncio.run(scenario())


def test_who_was_looked_up_is_known_for_a_moment_without_a_wait() -> None:
    async def scenario() -> None:
        world = World()
        assert world.cache.maybe_known("key") is None
        world.site.answer.clear()
        under_way = asyncio.ensure_future(world.look_up())
        await world.site.was_asked.wait()
        assert world.cache.maybe_known("key") is None
        world.site.answer.set()
        identity = await under_way
        assert identity is not None
        assert world.cache.maybe_known("key") is identity
        world.cache.forget_answers()
        assert world.cache.maybe_known("key") is None
        await world.look_up()
        world.time += 2.1
        assert world.cache.maybe_known("key") is None
        assert world.site.asked == ["key", "key"]

    asyncio.run(scenario())


def test_neither_nobody_nor_a_failure_is_known() -> None:
    async def scenario() -> None:
        world = World()
        assert await world.look_up("forged") is None
        assert world.cache.maybe_known("forged") is None
        world.site.error = OSError("away")
        with pytest.raises(OSError, match="away"):
            await world.look_up()
        assert world.cache.maybe_known("key") is None

    asyncio.run(scenario())


def test_a_re_check_is_never_answered_from_memory() -> None:
    async def scenario() -> None:
        world = World()
        await world.look_up()
        del world.site.people["key"]
        assert await world.cache.look_up_many(["key"]) == {"key": None}

    asyncio.run(scenario())


def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    async def scenario() -> None:
        world = World()
        world.site.error = OSError("away")
        told = await asyncio.gather(world.look_up(), world.look_up(), return_exceptions=True)
        assert [str(error) for error in told] == ["away", "away"]
        world.site.error = None
        assert await world.look_up() is not None

    asyncio.run(scenario())


def test_a_client_that_leaves_takes_the_answer_from_nobody() -> None:
    async def scenario() -> None:
        world = World()
        world.site.answer.clear()
        leaving, staying = asyncio.create_task(world.look_up()), asyncio.create_task(world.look_up())
        await asyncio.wait_for(world.site.was_asked.wait(), 10)
        assert world.site.asked == ["key"]
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        world.site.answer.set()
        assert await staying == Identity(1, "demo", "key")

    asyncio.run(scenario())


def test_forged_keys_do_not_fill_the_memory() -> None:
    async def scenario() -> None:
        world = World()
        for number in range(MAX_KEPT + 10):
            await world.look_up(f"forged-{number}")
        assert len(world.cache) == MAX_KEPT
        world.time += 2.1
        await world.look_up()
        assert len(world.cache) == 1

    asyncio.run(scenario())
