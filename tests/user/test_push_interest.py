"""Users that the services are told of, and the connections that wait for their answer."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from types import SimpleNamespace
from typing import Any, ParamSpec

import pytest

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import ExpectUser, GoneUsers, Message, PresentUsers, PushesFrom, WatchUsers
from rtserver.user.agent_registry import AgentIndex
from rtserver.user.push_interest import PushInterest
from tcelib.limit.too_many import UnavailableError

P = ParamSpec("P")


class Door:
    """Connections of users, and what the services are told."""

    def __init__(self, seconds: float = 5.0) -> None:
        self.posted: list[Message] = []
        self.offsets: list[str] = []
        self.by_user = AgentIndex()
        self.interest = PushInterest(self.by_user, self.posted.append, self.offsets.append, seconds=seconds)

    def add(self, user_id: str, number: int = 1) -> None:
        self.by_user.add(user_id, agent(number))

    def remove(self, user_id: str, number: int = 1) -> None:
        self.by_user.remove(user_id, agent(number))
        self.interest.went(user_id)

    def told(self) -> list[Message]:
        """Return what was posted since the last call."""
        posted, self.posted[:] = [*self.posted], []
        return posted


def played(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on an event loop of its own."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def agent(number: int) -> Any:
    return SimpleNamespace(id=number)


@pytest.fixture
def door() -> Door:
    return Door()


async def turns() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


def test_as_long_as_nobody_asks_nobody_waits_and_nothing_is_told(door: Door) -> None:
    door.add("7")
    assert not door.interest.must_wait("8")
    door.remove("7")
    door.interest.sweep()
    assert door.told() == []


def test_who_asks_is_told_who_is_here_and_who_has_gone(door: Door) -> None:
    door.add("7")
    door.add("ann")
    door.interest.on_watch(WatchUsers(3))
    [present] = door.told()
    assert isinstance(present, PresentUsers)
    assert (present.watch, sorted(present.user_ids)) == (3, ["7", "ann"])
    door.remove("7")
    door.interest.sweep()
    door.interest.sweep()
    assert door.told() == [GoneUsers(("7",))]
    assert [door.interest.must_wait(user_id) for user_id in ("7", "ann")] == [True, False]


@played
async def test_all_connections_of_a_new_user_wait_for_one_answer(door: Door) -> None:
    door.interest.on_watch(WatchUsers(1))
    door.told()
    tasks = [asyncio.create_task(door.interest.wait("7")) for _ in range(2)]
    await turns()
    assert door.told() == [ExpectUser("7")]
    assert not any(task.done() for task in tasks)
    door.interest.on_answer(PushesFrom(("7",), "10-1"))
    await asyncio.gather(*tasks)
    assert door.offsets == ["10-1"]
    assert not door.interest.must_wait("7")


@played
async def test_a_user_whose_connection_did_not_open_in_the_end_is_gone(door: Door) -> None:
    door.interest.on_watch(WatchUsers(1))
    task = asyncio.create_task(door.interest.wait("7"))
    await turns()
    door.interest.on_answer(PushesFrom(("7",), "10-1"))
    door.told()
    door.interest.sweep()
    assert door.told() == []  # it may open in the turn to come
    await task
    door.interest.sweep()
    assert door.told() == [GoneUsers(("7",))]


@played
async def test_a_user_who_is_back_before_the_sweep_was_never_gone(door: Door) -> None:
    door.add("7")
    door.interest.on_watch(WatchUsers(1))
    door.told()
    door.remove("7")
    assert not door.interest.must_wait("7")
    door.add("7", 2)
    door.interest.sweep()
    assert door.told() == []


@played
async def test_who_is_about_to_open_is_among_those_who_are_here(door: Door) -> None:
    door.interest.on_watch(WatchUsers(1))
    asked, answered = (asyncio.create_task(door.interest.wait(user_id)) for user_id in ("asked", "answered"))
    await turns()
    door.interest.on_answer(PushesFrom(("answered",), "10-1"))
    door.interest.on_watch(WatchUsers(0))
    door.told()
    door.interest.on_watch(WatchUsers(2))
    [present] = door.told()
    assert isinstance(present, PresentUsers)
    assert sorted(present.user_ids) == ["answered", "asked"]
    await answered
    asked.cancel()


@played
async def test_without_an_answer_the_client_is_to_try_again_later() -> None:
    door = Door(seconds=0.0)
    door.interest.on_watch(WatchUsers(1))
    with pytest.raises(UnavailableError):
        await door.interest.wait("7")
    door.told()
    door.interest.on_answer(PushesFrom(("7",), "10-1"))
    door.interest.sweep()
    assert door.told() == [GoneUsers(("7",))]


@played
async def test_at_the_servers_end_the_client_is_to_try_again_later(door: Door) -> None:
    door.interest.on_watch(WatchUsers(1))

    def refuse(message: Message) -> None:
        raise BridgeClosedError("closed")

    closed = PushInterest(door.by_user, refuse, door.offsets.append)
    with pytest.raises(UnavailableError):
        await closed.wait("7")
