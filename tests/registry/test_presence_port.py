"""Notes that workers share about presence: each port passes the same tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from rtserver.registry.memory_presence import MemoryPresence
from rtserver.registry.presence_port import PresencePort
from rtserver.registry.redis_presence import RedisPresence
from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import LeasePort, Registration, RegistryRefusedError
from tcelib.lease.redis import RedisLeases
from tcelib.lease.telling import SLICE, Tale
from tcelib.redis.redis_connection import plain_client

WORKER = Registration("worker", "a", holds=("user",))
QUEUE = "queue:billing"


@dataclass
class Shared:
    """A port, the registry beside it, and what lies on the backend's queue."""

    port: PresencePort
    leases: LeasePort
    queue: Callable[[], list[bytes]]


@pytest.fixture(params=["memory", "redis"])
def shared(request: pytest.FixtureRequest) -> Iterator[Shared]:
    if request.param == "memory":
        leases = MemoryLeases(lambda: 1_764_000_000.0)
        port = MemoryPresence(leases)
        yield Shared(port, leases, lambda: port.queue)
        return
    with plain_client(request.getfixturevalue("redis_url")) as client:
        client.call("FLUSHDB")
        yield Shared(
            RedisPresence(client, "queue:test", QUEUE),
            RedisLeases(client, "queue:test"),
            lambda: [fields[1] for _, fields in client.call("XRANGE", QUEUE, "-", "+")],
        )


def test_the_moment_is_that_of_the_registry_and_the_epoch_stays(shared: Shared) -> None:
    now_ms, epoch = shared.port.moment()
    assert abs(now_ms - shared.leases.now_ms()) < 1_000
    assert epoch
    assert shared.port.moment()[1] == epoch


def test_an_epoch_is_replaced_once_by_all_who_have_lost_it(shared: Shared) -> None:
    _, lost = shared.port.moment()
    new = shared.port.renew_epoch(lost)
    assert new != lost
    assert shared.port.renew_epoch(lost) == new
    assert shared.port.moment()[1] == new


def test_an_event_is_told_once_whoever_tells_it(shared: Shared) -> None:
    for _ in range(2):
        shared.port.tell_online([Tale("7", 100, b"on 7"), Tale("8", 100, b"on 8")])
    assert shared.port.tell_offline([Tale("7", 200, b"off 7")]) == 1
    assert shared.port.tell_offline([Tale("7", 200, b"off 7")]) == 0
    assert shared.queue() == [b"on 7", b"on 8", b"off 7"]
    assert shared.port.told() == ({"8": 100}, "")


def test_a_worker_that_is_behind_tells_nothing_old(shared: Shared) -> None:
    now_ms = shared.leases.now_ms()
    for at_ms in (now_ms, now_ms + 2):
        shared.port.tell_online([Tale("7", at_ms, b"on")])
        shared.port.tell_offline([Tale("7", at_ms + 1, b"off")])
    assert shared.port.tell_online([Tale("7", now_ms, b"late")]) == 0
    shared.port.tell_online([Tale("7", now_ms + 10, b"on")])
    assert shared.port.tell_offline([Tale("7", now_ms + 3, b"late")]) == 0
    assert shared.queue() == [b"on", b"off", b"on", b"off", b"on"]


def test_who_came_once_more_is_not_told_to_be_offline_since_a_moment_before(shared: Shared) -> None:
    assert [shared.port.tell_online([Tale("7", at_ms, b"on")]) for at_ms in (100, 300, 200)] == [1, 0, 0]
    assert shared.port.tell_offline([Tale("7", 250, b"off")]) == 0
    assert shared.port.tell_offline([Tale("7", 301, b"off")]) == 1


def test_nobody_is_told_to_be_offline_whom_a_worker_holds(shared: Shared) -> None:
    number = shared.leases.join(WORKER, 60.0)
    shared.leases.hold(number, "user", ["7"])
    shared.port.tell_online([Tale("7", 100, b"on"), Tale("8", 100, b"on")])
    assert shared.port.tell_offline([Tale("7", 200, b"off 7"), Tale("8", 200, b"off 8")]) == 1
    shared.leases.leave(number)
    assert shared.port.tell_offline([Tale("7", 300, b"off 7")]) == 1
    assert shared.queue()[2:] == [b"off 8", b"off 7"]


def test_many_are_told_and_found_in_pages(shared: Shared) -> None:
    users = [f"{number}" for number in range(3 * SLICE)]
    assert shared.port.tell_online([Tale(user, 100, b"on") for user in users]) == len(users)
    found: dict[str, int] = {}
    cursor = ""
    while True:
        some, cursor = shared.port.told(cursor)
        found.update(some)
        if not cursor:
            break
    assert found == dict.fromkeys(users, 100)


def test_a_queue_of_another_kind_is_refused_and_named_and_nothing_is_told(redis_url: str) -> None:
    with plain_client(redis_url) as client:
        client.call("FLUSHDB")
        client.call("RPUSH", QUEUE, "a list")
        port = RedisPresence(client, "queue:test", QUEUE)
        with pytest.raises(RegistryRefusedError, match=QUEUE):
            port.tell_online([Tale("7", 100, b"on")])
        assert port.told() == ({}, "")


def test_the_list_of_a_server_is_no_queue_of_a_backend(redis_url: str) -> None:
    with plain_client(redis_url) as client:
        client.call("FLUSHDB")
        client.call("SET", "{queue:rtserver}:bus", "there is one")
        port = RedisPresence(client, "queue:test", "queue:rtserver")
        with pytest.raises(RegistryRefusedError, match="rtserver"):
            port.tell_online([Tale("7", 100, b"on")])
