"""The contract of a replica and of the pulses through it: one suite for Redis, on two kinds of sockets, and twins.

Only the twin lags when it is told to; that a replica of Redis comes late, tests of whole servers show.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.memory_replica import MemoryPulse, MemoryReplica
from rtserver.base.queue.port import START, QueueAwayError, QueuePort, QueueRefusedError
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.queue.redis_replica import RedisPulse, RedisReplica
from rtserver.base.queue.replica_port import PulsePort, ReplicaPort
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import plain_client
from tests.redis_process import RedisProcess
from tests.sentinel_group import wait_until_same


class Parts(NamedTuple):
    """A primary, its replica, and ``sync``, which returns when the replica has all."""

    queue: QueuePort
    replica: ReplicaPort
    pulses: PulsePort
    sync: Callable[[], object]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RedisProcess, RedisProcess]]:
    with ExitStack() as stack:
        options = ("--repl-diskless-sync-delay", "0")
        primary = RedisProcess(tmp_path_factory.mktemp("primary"), *options)
        stack.callback(primary.kill)
        primary.start()
        follows = ("--replicaof", f"127.0.0.1 {primary.port}")
        replica = stack.enter_context(RedisProcess(tmp_path_factory.mktemp("replica"), *options, *follows))
        wait_until_same(primary, replica)
        yield primary, replica


@pytest.fixture(params=["memory", "redis", "redis on gevent"])
def parts(request: pytest.FixtureRequest) -> Iterator[Parts]:
    if request.param == "memory":
        queue, pulses = MemoryQueue(), MemoryPulse()
        twin = MemoryReplica(queue, pulses)
        yield Parts(queue, twin, pulses, twin.sync)
        return
    primary, copy = request.getfixturevalue("servers")
    with primary.client() as client:
        client.flushall()
    connect = plain_client if request.param == "redis" else gevent_client
    real = RedisQueue(connect(primary.url), "q")
    replica = RedisReplica(connect(copy.url), "q", "one")
    yield Parts(real, replica, RedisPulse(connect(primary.url), "q", "one"), lambda: wait_until_same(primary, copy))
    real.close()
    replica.close()


def test_a_replica_without_anything_has_no_entries_and_no_pulse(parts: Parts) -> None:
    parts.sync()
    assert parts.replica.read(START, 10, 0.01) == ([], "")
    assert parts.replica.range(START, "9-9", 10) == ([], "")
    assert parts.replica.pulse() == ""


def test_a_replica_has_the_entries_of_the_primary_and_the_newest_pulse(parts: Parts) -> None:
    parts.queue.put([b"a", b"b", b"c"])
    parts.queue.intake(0)
    parts.pulses.beat("life 1")
    parts.pulses.beat("life 2")
    parts.sync()
    entries = parts.queue.range(START, parts.queue.newest_id(), 10)
    assert parts.replica.read(START, 10, 1.0) == (entries, "life 2")
    assert parts.replica.read(START, 2, 0.0) == (entries[:2], "life 2")
    assert parts.replica.read(entries[0].id, 10, 0.0) == (entries[1:], "life 2")
    assert parts.replica.read(entries[2].id, 10, 0.01) == ([], "life 2")
    assert parts.replica.range(START, entries[1].id, 10) == (entries[:2], "life 2")
    assert parts.replica.range(entries[0].id, entries[2].id, 1) == (entries[1:2], "life 2")
    assert parts.replica.pulse() == "life 2"


def test_a_replica_says_whom_it_follows_and_that_its_data_are_the_primarys(parts: Parts) -> None:
    parts.sync()
    replica, primary = parts.replica.standing(), parts.pulses.standing()
    assert replica.primary
    assert replica.is_linked
    assert primary.primary == ""
    assert primary.is_linked
    assert replica.data & primary.data


def test_a_replica_that_was_closed_answers_again(parts: Parts) -> None:
    parts.pulses.beat("life 1")
    parts.sync()
    parts.replica.close()
    assert parts.replica.pulse() == "life 1"


def test_a_replica_that_is_away_is_an_error(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server:
        replica = RedisReplica(plain_client(server.url), "q", "one")
        replica.pulse()
    with pytest.raises(QueueAwayError):
        replica.read(START, 1, 0.01)
    twin = MemoryReplica(MemoryQueue(), MemoryPulse())
    twin.is_away = True
    with pytest.raises(QueueAwayError):
        twin.read(START, 1, 0.01)


def test_a_bus_of_another_kind_is_named(redis_url: str) -> None:
    replica = RedisReplica(plain_client(redis_url), "q", "one")
    RedisQueue(plain_client(redis_url), "{q}:bus").put([b"a list"])
    with pytest.raises(QueueRefusedError, match=r"\{q\}:bus is a list, not a stream"):
        replica.read(START, 1, 0.0)
    replica.close()


def test_pulses_of_two_workers_are_apart(redis_url: str) -> None:
    client = plain_client(redis_url)
    RedisPulse(client, "q", "one").beat("a 1")
    RedisPulse(client, "q", "two").beat("b 1")
    assert RedisReplica(client, "q", "one").pulse() == "a 1"
    client.close()
