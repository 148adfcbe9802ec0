"""Of several holders of an item, the one that took it last."""

from collections.abc import Iterator

import pytest

from tcelib.lease.place import PlaceLeases
from tcelib.lease.port import Registration
from tcelib.redis.redis_connection import RedisClient, plain_client

USER, OTHER = "user", "other"
LAST = "{tce}:last:user"


@pytest.fixture
def client(redis_url: str) -> Iterator[RedisClient]:
    with plain_client(redis_url) as client:
        yield client


@pytest.fixture
def leases(client: RedisClient) -> PlaceLeases:
    return PlaceLeases(client, "tce", USER)


def joined(leases: PlaceLeases, name: str) -> int:
    return leases.join(Registration("gateway", name, holds=(USER, OTHER)), 10)


def test_the_last_holder_comes_last(leases: PlaceLeases) -> None:
    first, second, third = (joined(leases, name) for name in ("a", "b", "c"))
    for number in (second, first, third):
        leases.hold(number, USER, ["ann", "bob"])
    leases.hold(first, USER, ["ann", "zoe"])
    assert leases.where(USER, ["ann", "bob", "zoe", "nobody"]) == {
        "ann": (second, third, first),
        "bob": (first, second, third),
        "zoe": (first,),
    }


def test_when_the_last_holder_is_gone_those_before_it_are_left(leases: PlaceLeases) -> None:
    first, second = joined(leases, "a"), joined(leases, "b")
    for number in (second, first):
        leases.hold(number, USER, ["ann", "bob"])
    leases.drop(first, USER, ["ann"])
    assert leases.where(USER, ["ann", "bob"]) == {"ann": (second,), "bob": (second, first)}
    leases.leave(first)
    assert leases.where(USER, ["ann", "bob"]) == {"ann": (second,), "bob": (second,)}


def test_nothing_is_noted_where_an_item_has_one_holder_or_is_of_another_kind(
    leases: PlaceLeases, client: RedisClient
) -> None:
    for number in (joined(leases, "a"), joined(leases, "b")):
        leases.hold(number, USER, [f"user of {number}"])
        leases.hold(number, OTHER, ["x"])
    assert client.call("EXISTS", LAST) == 0
    assert len(leases.where(OTHER, ["x"])["x"]) == 2


def test_notes_of_holders_that_are_gone_are_removed(leases: PlaceLeases, client: RedisClient) -> None:
    first, second, third = (joined(leases, name) for name in ("a", "b", "c"))
    for number in (first, second):
        leases.hold(number, USER, ["ann"])
    leases.leave(first)
    leases.forget()
    assert client.call("ZCARD", LAST) == 1
    leases.leave(second)
    leases.forget()
    assert client.call("ZCARD", LAST) == 0
    assert leases.where(USER, ["ann"]) == {}
    leases.leave(third)
    leases.forget()


def test_a_note_of_another_kind_of_key_is_told_by_its_name(leases: PlaceLeases, client: RedisClient) -> None:
    client.call("SET", LAST, "x")
    numbers = [joined(leases, name) for name in ("a", "b")]
    leases.hold(numbers[0], USER, ["ann"])
    with pytest.raises(Exception, match="last:user"):
        leases.hold(numbers[1], USER, ["ann"])
