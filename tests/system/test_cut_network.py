"""A primary that a cut in the network takes away: from everybody, or from all but server and producers. For root."""

import json
from pathlib import Path

import pytest

from tests.failover_stage import FIRST, check, stage_on
from tests.machine import bridge_of, cut, join, network
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess
from tests.sentinel_group import SentinelGroup, client_of
from tests.service_queue import BUS, QUEUE
from tests.until import pause_thread, until

pytestmark = [pytest.mark.failover]


def test_a_primary_that_nobody_reaches_any_more_is_left(tmp_path: Path) -> None:
    with network(3) as machines, SentinelGroup(tmp_path / "redis", 2, machines) as group:
        others = [machine.host for machine in machines[1:]] + [bridge_of(machines)]
        with stage_on(group, tmp_path / "var") as stage:
            check(stage, group, lambda: cut(machines[0], *others))
            assert stage.lost() == 0


def test_a_node_of_a_cluster_that_nobody_reaches_any_more_is_left(tmp_path: Path) -> None:
    with network(5) as machines, RedisCluster(tmp_path / "redis", replicas=2, machines=machines) as group:
        place = next(machine for machine in machines if machine.host == group.primary.host)
        others = [machine.host for machine in machines if machine is not place] + [bridge_of(machines)]
        with stage_on(group, tmp_path / "var") as stage:
            check(stage, group, lambda: cut(place, *others))
            assert stage.lost() == 0


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
