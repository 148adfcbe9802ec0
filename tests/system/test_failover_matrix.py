"""Everything that may happen to the primary, with Sentinels and with a Cluster: no message is lost that Redis kept.

What Redis loses is told: a server counts the entries that it had read and that the new primary does not have.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
import redis

from rtserver.base.queue.port import QueueError
from rtserver.service.message_queue import ServiceMessageQueue
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.machine import bridge_of, cut, join, network
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.sentinel_group import SentinelGroup, client_of
from tests.service_queue import BUS, QUEUE
from tests.system.test_resume import Page, metrics
from tests.until import pause_thread, until

pytestmark = [pytest.mark.failover]
OPTIONS = ("--no-demo-quotes", "--canary-seconds", "0", "--worker", "one")
FIRST, LAST = 10, 40
BACK_SECONDS = 20.0
"""Until all messages are there: 5 s for a socket that nobody answers, the Sentinels' 1 s, and a busy machine."""
Redises = SentinelGroup | RedisCluster


@contextmanager
def sentinels(directory: Path) -> Iterator[Redises]:
    with SentinelGroup(directory, replicas=2) as group:
        yield group


@contextmanager
def cluster(directory: Path) -> Iterator[Redises]:
    with RedisCluster(directory, replicas=2) as group:
        yield group


def kill(redises: Redises) -> None:
    redises.primary.kill()


def freeze(redises: Redises) -> None:
    redises.primary.freeze()


def demote(redises: Redises) -> None:
    redises.fail_over()


class Stage:
    """A server, a page of user 1 and a producer, which sends again, under the same id, what was not answered."""

    def __init__(self, server: RunningServer, producer: ServiceMessageQueue) -> None:
        self.server = server
        self.page = Page()
        self._producer = producer
        self.page.resume(server, DemoLogin(server.url))

    def push(self, number: int) -> None:
        until(lambda: self._is_pushed(number), f"{number} is taken")

    def _is_pushed(self, number: int) -> bool:
        data = {"user_id": 1, "type": "n", "data": number}
        try:
            self._producer.put("pushuser", "test", data, id=number)
        except QueueError:
            return False
        return True

    def lost(self) -> int:
        return int(metrics(self.server)["rtserver_bus_lost_total"])


@contextmanager
def stage_on(redises: Redises, directory: Path) -> Iterator[Stage]:
    with (
        RunningServer(redises.address, directory, unused_port(), *OPTIONS) as server,
        closing(ServiceMessageQueue.connect(redises.address)) as producer,
    ):
        stage = Stage(server, producer)
        yield stage
        stage.page.leave()


@pytest.mark.parametrize("start", [sentinels, cluster])
@pytest.mark.parametrize("fault", [kill, freeze, demote])
def test_no_message_is_lost_and_none_comes_twice(
    start: Callable[[Path], AbstractContextManager[Redises]], fault: Callable[[Redises], None], tmp_path: Path
) -> None:
    with start(tmp_path / "redis") as redises, stage_on(redises, tmp_path / "var") as stage:
        check(stage, redises, lambda: fault(redises))
        assert stage.lost() == 0


def check(stage: Stage, redises: Redises, fault: Callable[[], None]) -> None:
    """What was acknowledged before the fault has been copied; from then on everything has to come."""
    for number in range(FIRST):
        stage.push(number)
    stage.page.read_until(FIRST)
    redises.wait_synced()
    fault()
    began = time.monotonic()
    for number in range(FIRST, LAST):
        stage.push(number)
    stage.page.read_until(LAST)
    took = time.monotonic() - began
    assert stage.page.got == list(range(LAST))
    assert took < BACK_SECONDS


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make networks")
def test_a_primary_that_nobody_reaches_any_more_is_left(tmp_path: Path) -> None:
    with network(3) as machines, SentinelGroup(tmp_path / "redis", 2, machines) as group:
        others = [machine.host for machine in machines[1:]] + [bridge_of(machines)]
        with stage_on(group, tmp_path / "var") as stage:
            check(stage, group, lambda: cut(machines[0], *others))
            assert stage.lost() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make networks")
def test_a_node_of_a_cluster_that_nobody_reaches_any_more_is_left(tmp_path: Path) -> None:
    with network(5) as machines, RedisCluster(tmp_path / "redis", replicas=2, machines=machines) as group:
        place = next(machine for machine in machines if machine.host == group.primary.host)
        others = [machine.host for machine in machines if machine is not place] + [bridge_of(machines)]
        with stage_on(group, tmp_path / "var") as stage:
            check(stage, group, lambda: cut(place, *others))
            assert stage.lost() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make networks")
def test_a_primary_that_was_cut_off_with_a_sentinel_and_is_reached_all_the_same_is_left_and_the_loss_is_told(
    tmp_path: Path,
) -> None:
    """The worst of partitions: server and producers see both sides. The former primary goes on taking messages."""
    with network(3) as machines, SentinelGroup(tmp_path / "redis", 2, machines) as group:
        others, old = [machine.host for machine in machines[1:]], group.primary
        with stage_on(group, tmp_path / "var") as stage:
            for number in range(FIRST):
                stage.push(number)
            stage.page.read_until(FIRST)
            group.wait_synced()
            cut(machines[0], *others)
            last = FIRST - 1
            while group.primary is old or last not in numbers_on(group.primary):  # until both have left the old one
                last += 1
                stage.push(last)
                pause_thread(0.05)
            stage.push(last + 1)
            while (last + 1) not in stage.page.got:
                stage.page.read()
            unread = numbers_in(old, QUEUE)  # taken when the server had left already
            assert stage.page.got == [number for number in range(last + 2) if number not in unread]
            gone = numbers_on(old) - numbers_on(group.primary)
            assert gone
            until(lambda: stage.lost() == len(gone), "what is gone is told")
            join(machines[0], *others)
            group.wait_synced()
            stage.push(last + 2)
            while (last + 2) not in stage.page.got:
                stage.page.read()
            assert stage.lost() == len(gone)


def numbers_on(node: RedisProcess) -> set[int]:
    with client_of(node) as client:
        return {json.loads(fields[b"raw"])["data"]["data"] for _, fields in client.xrange(BUS)}


def numbers_in(node: RedisProcess, name: str) -> set[int]:
    with client_of(node) as client:
        return {json.loads(raw)["data"]["data"] for raw in client.lrange(name, 0, -1)}


def test_a_primary_that_was_promoted_while_it_lagged_loses_no_more_than_it_lacked(tmp_path: Path) -> None:
    with SentinelGroup(tmp_path / "redis", replicas=2) as group, stage_on(group, tmp_path / "var") as stage:
        for number in range(FIRST):
            stage.push(number)
        stage.page.read_until(FIRST)
        group.wait_synced()
        group.stop_replication()
        for number in range(FIRST, LAST):
            stage.push(number)
        stage.page.read_until(LAST)
        group.kill_primary()
        until(lambda: stage.lost() == LAST - FIRST, "what is gone is told", tolerated=redis.RedisError)
        stage.push(LAST)
        stage.page.read_until(LAST + 1)
        assert stage.page.got == list(range(LAST + 1))
