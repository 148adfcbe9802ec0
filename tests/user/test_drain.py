"""The drain of all connections, with a clock that is moved."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rtserver.user.drain import STEP_SECONDS, TURN_AGENTS
from tests.user_side import Client, Online


class Clock:
    """A time that passes while somebody sleeps; ``on_sleep`` is called before it does."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []
        self.on_sleep: Callable[[], object] = lambda: None

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.on_sleep()
        self.sleeps.append(seconds)
        self.now += seconds


def told(client: Client) -> list[dict[str, Any]]:
    return [message for message in client.wire.take() if message["type"] == "reconnect"]


def after_ms(client: Client) -> int:
    (message,) = told(client)
    return int(message["data"]["after_ms"])


def send_one_by_one(online: Online, window: float, clock: Clock) -> None:
    asyncio.run(online.users.drain.close_one_by_one(window, clock.time, clock.sleep))


def test_all_at_once_tells_every_client_a_moment_of_its_own_and_closes_with_4101() -> None:
    online = Online()
    clients = [online.connect(number) for number in range(4)]
    online.users.drain.close_at_once(1000)
    said = [client.wire.take() for client in clients]
    assert said == [[{"type": "reconnect", "data": {"after_ms": ms}}] for ms in (0, 250, 500, 750)]
    assert all(client.wire.closed[0] == 4101 for client in clients)


def test_one_who_cannot_be_sent_away_does_not_keep_the_others(caplog: pytest.LogCaptureFixture) -> None:
    online = Online()
    clients = [online.connect(number) for number in range(3)]

    def fail(code: int, reason: str = "") -> None:
        raise OSError("by a test")

    clients[1].wire.close = fail
    online.users.drain.close_at_once(1000)
    assert [client.wire.closed and client.wire.closed[0] for client in clients] == [4101, None, 4101]
    assert "could not be closed" in caplog.text
    assert "by a test" in caplog.text


def test_it_may_be_said_to_nobody_and_twice() -> None:
    online = Online()
    online.users.drain.close_at_once(1000)
    online.users.drain.close_at_once(1000)
    assert online.users.drain.has_begun


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_no_second_of_the_window_has_more_than_its_share(count: int) -> None:
    online = Online()
    clients = [online.connect(number) for number in range(count)]
    online.users.drain.close_at_once(10_000)
    seconds = [after_ms(client) // 1000 for client in clients]
    assert all(seconds.count(second) == count // 10 for second in range(10))


def test_one_by_one_each_goes_at_a_moment_of_its_own_and_may_come_back_at_once() -> None:
    online, clock = Online(), Clock()
    clients = [online.connect(number) for number in range(4)]
    ended: dict[int, float] = {}

    def note() -> None:
        for number, client in enumerate(clients):
            if not client.wire.is_open:
                ended.setdefault(number, clock.now - 100)

    clock.on_sleep = note
    send_one_by_one(online, 10, clock)
    note()
    assert ended == {0: 0, 1: 2.5, 2: 5, 3: 7.5}
    assert [after_ms(client) for client in clients] == [0, 0, 0, 0]
    assert {client.wire.closed[0] for client in clients} == {4101}


def test_one_by_one_whoever_waits_is_served_meanwhile() -> None:
    online, clock = Online(), Clock()
    first, last = online.connect(1), online.connect(2)
    clock.on_sleep = lambda: last.agent.push_message("news", "n") if first.wire.closed else None
    send_one_by_one(online, 10, clock)
    assert [message["type"] for message in last.wire.take()][-2:] == ["n", "reconnect"]


def test_one_by_one_whoever_comes_meanwhile_goes_last() -> None:
    online, clock = Online(), Clock()
    online.connect(1)
    late: list[Client] = []
    clock.on_sleep = lambda: None if late else late.append(online.connect(2))
    online.connect(3)
    send_one_by_one(online, 10, clock)
    assert after_ms(late[0]) == 0
    assert not online.users.agents


def test_one_by_one_whoever_has_left_meanwhile_is_no_trouble() -> None:
    online, clock = Online(), Clock()
    online.connect(1)
    second = online.connect(2)
    clock.on_sleep = second.leave
    send_one_by_one(online, 10, clock)
    assert told(second) == []


def test_of_many_some_go_together_rather_than_sleeping_for_each() -> None:
    online, clock = Online(), Clock()
    for number in range(2_000):
        online.connect(number)
    send_one_by_one(online, 1, clock)
    assert not online.users.agents
    long_sleeps = [seconds for seconds in clock.sleeps if seconds]
    assert len(long_sleeps) <= 1 / STEP_SECONDS + 1
    assert min(long_sleeps) >= STEP_SECONDS


def test_a_window_of_nothing_still_lets_the_others_have_their_turns() -> None:
    online, clock = Online(), Clock()
    for number in range(3 * TURN_AGENTS):
        online.connect(number)
    send_one_by_one(online, 0, clock)
    assert clock.sleeps == [0, 0, 0]


def test_whoever_comes_after_the_end_is_told_to_come_back_too() -> None:
    online = Online()
    online.users.drain.close_at_once(10_000)
    clients = [online.open(number) for number in range(100)]
    assert all(client.agent is None for client in clients)
    assert all(client.wire.closed[0] == 4101 for client in clients)
    moments = [after_ms(client) for client in clients]
    assert all(0 <= moment < 10_000 for moment in moments)
    assert len(set(moments)) == 100
    seconds = [moment // 1000 for moment in moments]
    assert max(map(seconds.count, range(10))) <= 11, "evenly, as everybody else"
    assert not online.users.agents
