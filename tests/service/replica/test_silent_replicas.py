"""Replicas of Redis that fall silent, each in its way: a reader on gevent's sockets leaves each, and misses nothing.

The clock of the choice is quickened, so that a silence takes a fraction of a second. That it is noticed within four
seconds otherwise, the tests of the choice say.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import gevent
import pytest

from rtserver.base.queue.port import START, number_of
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.queue.redis_replica import RedisPulse, RedisReplica
from rtserver.service.replica import replica_choice, replica_watch
from rtserver.service.replica.near_bus import NearBus
from rtserver.service.replica.replica_choice import FOREIGN, ReplicaChoice
from rtserver.service.replica.replica_watch import PulseSource, ReplicaProbe, ReplicaWatch
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import plain_client
from tests.redis_process import RedisProcess
from tests.sentinel_group import client_of, wait_until_same
from tests.until import until

OPTIONS = ("--repl-diskless-sync-delay", "0", "--repl-timeout", "60")
NAME = "q"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("LATE_SECONDS", 0.6), ("DOUBT_SECONDS", 0.4), ("RETURN_SECONDS", 0.3)):
        monkeypatch.setattr(replica_choice, name, seconds)
    monkeypatch.setattr(replica_watch, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(replica_watch, "LOOK_SECONDS", 0.05)


class Room:
    """A primary and a chain of two replicas, and a worker that reads at the last one."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self._stack, self._directory = stack, directory
        self.primary = self.start("primary")
        self.middle = self.start("middle", self.primary)
        self.last = self.start("last", self.middle)
        wait_until_same(self.primary, self.last)
        self.queue = RedisQueue(gevent_client(self.primary.url), NAME)
        self.choice = ReplicaChoice(1, "life")
        replica = RedisReplica(gevent_client(self.last.url), NAME, "one")
        self.bus = NearBus(self.queue, [replica], self.choice)
        pulses = RedisPulse(gevent_client(self.primary.url), NAME, "one")
        self._loops = (
            PulseSource(self.choice, pulses, pause=gevent.sleep),
            ReplicaProbe(self.choice, 0, replica, pulses, pause=gevent.sleep),
            ReplicaWatch(self.bus, pause=gevent.sleep),
        )
        self.numbers: list[int] = []
        self._after = START
        self._is_over = False
        self._greenlets = [gevent.spawn(loop.run) for loop in self._loops]
        self._greenlets.append(gevent.spawn(self._follow))
        self._producer = plain_client(self.primary.url)
        self.sent = 0

    def start(self, name: str, followed: RedisProcess | None = None) -> RedisProcess:
        follows = ("--replicaof", f"127.0.0.1 {followed.port}") if followed else ()
        (self._directory / name).mkdir()
        server = RedisProcess(self._directory / name, *OPTIONS, *follows)
        self._stack.callback(server.kill)
        return server.start()

    def put(self, count: int = 1) -> None:
        for _ in range(count):
            self.sent += 1
            self.queue.put([b"%d" % self.sent])
            self.queue.intake(0.0)

    def wait_for(self, is_so: Callable[[], object], what: str) -> None:
        until(is_so, what, 30.0, pause=gevent.sleep)

    def wait_until_all_is_read(self) -> None:
        self.wait_for(lambda: len(self.numbers) >= self.sent, "all is read")
        assert self.numbers == list(range(1, self.sent + 1))

    def wait_until_read_at(self, server: RedisProcess) -> None:
        self.wait_for(lambda: self.bus.address == server.url, f"the bus is read at {server.url}")

    def close(self) -> None:
        self._is_over = True
        for loop in self._loops:
            loop.stop()
        gevent.killall(self._greenlets)
        self.queue.close()
        self._producer.close()

    def _follow(self) -> None:
        while not self._is_over:
            for entry in self.bus.read(self._after, 10, 1.0):
                self._after = entry.id
                assert int(entry.raw) == number_of(entry.id)
                self.numbers.append(int(entry.raw))


@contextmanager
def opened(directory: Path) -> Iterator[Room]:
    with ExitStack() as stack:
        room = Room(stack, directory)
        stack.callback(room.close)
        room.wait_until_read_at(room.last)
        room.put(3)
        room.wait_until_all_is_read()
        yield room


def test_a_replica_behind_one_that_has_lost_the_primary_is_left_and_read_again(tmp_path: Path) -> None:
    with opened(tmp_path) as room:
        with client_of(room.primary) as primary, client_of(room.middle) as middle:
            middle.config_set("masterauth", "a password that the primary does not have")
            primary.execute_command("CLIENT", "KILL", "TYPE", "replica")
            room.put(2)
            room.wait_until_all_is_read()
            assert room.bus.address == room.primary.url
            with client_of(room.last) as last:
                assert last.info("replication")["master_link_status"] == "up", "its own link says nothing"
            assert "or that one has lost its own primary" in room.bus.detail
            middle.config_set("masterauth", "")
        room.wait_until_read_at(room.last)
        room.put(2)
        room.wait_until_all_is_read()


def test_a_replica_that_freezes_holds_up_no_read(tmp_path: Path) -> None:
    with opened(tmp_path) as room:
        room.last.freeze()
        room.put(2)
        room.wait_until_all_is_read()
        assert room.bus.address == room.primary.url


def test_a_replica_that_is_killed_is_left_at_once_and_read_again_when_it_is_back(tmp_path: Path) -> None:
    with opened(tmp_path) as room:
        room.last.kill()
        room.put(2)
        room.wait_until_all_is_read()
        room.last.start()
        room.wait_until_read_at(room.last)
        room.put(2)
        room.wait_until_all_is_read()


def test_a_replica_that_is_made_to_follow_another_primary_brings_nothing_of_it(tmp_path: Path) -> None:
    with opened(tmp_path) as room:
        other = room.start("other")
        with client_of(other) as client:
            for number in range(4, 9):  # what would be next, and would fit
                client.xadd(f"{{{NAME}}}:bus", {"raw": str(100 + number)}, id=f"9999999999999-{number}")
        with client_of(room.last) as last:
            last.replicaof("127.0.0.1", other.port)
        room.wait_until_read_at(room.primary)
        room.put(2)
        room.wait_until_all_is_read()
        wait_until_same(other, room.last)
        room.wait_for(lambda: "it follows another primary" in room.bus.detail, "the reason is known")
        assert room.numbers == [1, 2, 3, 4, 5]


def test_a_replica_that_serves_no_stale_data_is_left_at_once(tmp_path: Path) -> None:
    with opened(tmp_path) as room:
        with client_of(room.last) as last:
            last.config_set("replica-serve-stale-data", "no")
        room.middle.kill()
        room.put(2)
        room.wait_until_all_is_read()
        assert room.bus.address == room.primary.url


def test_a_replica_that_is_promoted_by_mistake_is_left(tmp_path: Path) -> None:
    with opened(tmp_path) as room:
        with client_of(room.last) as last:
            last.replicaof("NO", "ONE")
        room.put(2)
        room.wait_until_all_is_read()
        assert "it is a primary, and not the one that redis_url leads to" in room.bus.detail
        assert FOREIGN not in room.bus.detail
