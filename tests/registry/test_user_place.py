"""Look-ups of users, as handlers make them."""

import pytest

from rtserver.base.queue.port import QueueAwayError
from rtserver.registry.user_place import UserPlaces
from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import Registration
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client


def worker(name: str) -> Registration:
    return Registration("worker", name, holds=("user",))


def test_users_are_online_where_a_server_has_them() -> None:
    now = [1_000.0]
    leases = MemoryLeases(lambda: now[0])
    places = UserPlaces(leases)
    one, two = (leases.join(worker(name), 10.0) for name in ("one", "two"))
    leases.hold(one, "user", ["7", "ann"])
    leases.hold(two, "user", ["7"])
    assert places.online([7, "ann", "8", 9]) == {7, "ann"}
    assert places.online([7, "7"]) == {7, "7"}
    assert places.online([]) == set()
    assert places.where(7) == places.where("7") == ("one", "two")
    assert places.where("nobody") == ()
    now[0] += 11.0
    assert places.online([7]) == set()
    three = leases.join(worker("three"), 10.0)
    leases.hold(three, "user", ["7"])
    assert places.where(7) == ("three",)


def test_servers_that_share_a_name_are_named_once() -> None:
    leases = MemoryLeases(lambda: 1_000.0)
    for _ in range(2):
        number = leases.join(Registration("worker", "same", holds=("user",), sharing="host:1"), 10.0)
        leases.hold(number, "user", ["7"])
    assert UserPlaces(leases).where(7) == ("same",)


def test_a_redis_that_is_away_is_an_error_of_the_queue(free_port: int) -> None:
    with plain_client(f"redis://127.0.0.1:{free_port}/0") as client:
        places = UserPlaces(RedisLeases(client, "queue:test"))
        with pytest.raises(QueueAwayError):
            places.online([1])
