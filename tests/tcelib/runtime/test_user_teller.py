"""Users come and go, and their gateways die: each event is told once, whoever tells it."""

from collections.abc import Callable, Iterator

import pytest

from tcelib.lease.port import Registration
from tcelib.redis.redis_connection import RedisClient, plain_client
from tcelib.runtime.gateway.user_teller import GONE_SECONDS, LINGER_SECONDS, OUTBOX, UserTeller
from tcelib.service.inbox import GATEWAY, USER
from tests.until import until

ENDS = "{tce}:leases:end"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Teller:
    """A gateway: its registry, and its lease."""

    def __init__(self, client: RedisClient, name: str, clock: Clock) -> None:
        self.leases = UserTeller(
            client, lambda is_here, user: f"{'+' if is_here else '-'}{user}".encode(), clock=clock
        )
        self.number = self.leases.join(Registration(GATEWAY, name, holds=(USER,)), 60)

    def hold(self, *users: str) -> None:
        self.leases.hold(self.number, USER, users)

    def drop(self, *users: str) -> None:
        self.leases.drop(self.number, USER, users)

    def renew(self) -> None:
        self.leases.renew(self.number, 60)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(redis_url: str) -> Iterator[RedisClient]:
    with plain_client(redis_url) as client:
        yield client


@pytest.fixture
def make(client: RedisClient, clock: Clock) -> Callable[[str], Teller]:
    return lambda name: Teller(client, name, clock)


def told(client: RedisClient) -> list[str]:
    return [dict(zip(fields[::2], fields[1::2], strict=True))[b"body"].decode() for _, fields in entries(client)]


def entries(client: RedisClient) -> list[tuple[bytes, list[bytes]]]:
    return list(client.call("XRANGE", OUTBOX, "-", "+"))


def test_a_user_is_online_with_the_first_connection_to_any_gateway(
    make: Callable[[str], Teller], client: RedisClient
) -> None:
    one, two = make("one"), make("two")
    one.hold("ann", "bob")
    two.hold("ann")
    one.hold("ann")
    assert told(client) == ["+ann", "+bob"]
    [(_, fields), _] = entries(client)
    assert fields[2:] == [b"h:idempotent", b"true"]  # it may be relayed a second time


def test_a_page_that_is_loaded_again_says_nothing_and_neither_does_a_move(
    make: Callable[[str], Teller], client: RedisClient, clock: Clock
) -> None:
    one, two = make("one"), make("two")
    one.hold("ann", "bob")
    one.drop("ann", "bob")
    one.hold("ann")
    two.hold("bob")
    clock.now += 2 * LINGER_SECONDS
    one.renew()
    two.renew()
    assert told(client) == ["+ann", "+bob"]


def test_a_user_who_stays_away_is_offline_once_after_the_linger(
    make: Callable[[str], Teller], client: RedisClient, clock: Clock
) -> None:
    one, two = make("one"), make("two")
    for teller in (one, two):
        teller.hold("ann")
    for teller in (one, two):
        teller.drop("ann")
    left_ms = two.leases.now_ms()
    clock.now += LINGER_SECONDS - 0.1
    one.renew()
    assert told(client) == ["+ann"]
    clock.now += 0.1
    for teller in (one, two, one):
        teller.renew()
    assert told(client) == ["+ann", "-ann"]
    until(lambda: two.leases.now_ms() > left_ms + 1, "the clock of Redis goes on")
    two.hold("ann")
    assert told(client) == ["+ann", "-ann", "+ann"]


def test_a_user_lingers_from_his_last_connection_on_wherever_that_was(
    make: Callable[[str], Teller], client: RedisClient, clock: Clock
) -> None:
    one, two = make("one"), make("two")
    one.hold("ann")
    one.drop("ann")
    clock.now += LINGER_SECONDS - 1
    left_ms = one.leases.now_ms()
    until(lambda: two.leases.now_ms() > left_ms + 1, "the clock of Redis goes on")
    two.hold("ann")
    two.drop("ann")
    clock.now += 1
    for teller in (one, two):
        teller.renew()
    assert told(client) == ["+ann"]
    clock.now += LINGER_SECONDS - 1
    two.renew()
    assert told(client) == ["+ann", "-ann"]


def test_the_users_of_a_gateway_that_died_are_offline_once_unless_they_have_come_to_another(
    make: Callable[[str], Teller], client: RedisClient, clock: Clock
) -> None:
    dead, one, two = make("dead"), make("one"), make("two")
    dead.hold("ann", "bob")
    for _ in range(3):  # what was told before any of them began is compared by now
        clock.now += GONE_SECONDS
        for teller in (one, two):
            teller.renew()
    client.call("ZADD", ENDS, 1, dead.number)
    one.hold("bob")
    seconds = 0.0
    while seconds < GONE_SECONDS + LINGER_SECONDS:
        for teller in (one, two):
            teller.renew()
        assert told(client) == ["+ann", "+bob"]
        clock.now += 1
        seconds += 1
    clock.now += 1
    for teller in (one, two, one):
        teller.renew()
    assert told(client) == ["+ann", "+bob", "-ann"]


def test_those_who_were_online_when_all_gateways_died_are_offline_when_one_is_back(
    make: Callable[[str], Teller], client: RedisClient, clock: Clock
) -> None:
    dead = make("dead")
    dead.hold(*(f"user {n}" for n in range(1200)), "ann")
    client.call("ZADD", ENDS, 1, dead.number)
    one = make("one")
    one.hold("ann")
    for _ in range(2):
        clock.now += max(GONE_SECONDS, LINGER_SECONDS)
        one.renew()
    assert sorted(each for each in told(client) if each[0] == "-") == sorted(f"-user {n}" for n in range(1200))


def test_more_users_than_may_linger_are_found_by_comparing_and_told_all_the_same(
    make: Callable[[str], Teller], client: RedisClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tcelib.runtime.gateway.user_teller.MOST_ABSENT", 2)
    one = make("one")
    users = ["ann", "bob", "cat", "dan", "eve"]
    one.hold(*users)
    one.drop(*users)
    assert len(one.leases._absent) == 2
    for _ in range(6):
        clock.now += max(GONE_SECONDS, LINGER_SECONDS)
        one.renew()
    assert sorted(told(client)) == sorted(f"{sign}{user}" for user in users for sign in "+-")


def test_what_cannot_be_told_costs_no_lease_and_is_told_later(
    make: Callable[[str], Teller], client: RedisClient, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    one = make("one")
    client.call("SET", OUTBOX, "not a stream")
    one.hold("ann")
    one.renew()
    assert "told later" in caplog.text
    client.call("DEL", OUTBOX)
    one.renew()
    assert told(client) == ["+ann"]
