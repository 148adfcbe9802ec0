"""Everything that may happen to the primary, with Sentinels and with a Cluster: no message is lost that Redis kept.

What Redis loses is told: a server counts the entries that it had read and that the new primary does not have.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import redis

from tests.failover_stage import FIRST, LAST, Redises, check, stage_on
from tests.redis_cluster import RedisCluster
from tests.sentinel_group import SentinelGroup
from tests.until import until

pytestmark = [pytest.mark.failover]


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


@pytest.mark.parametrize("start", [sentinels, cluster])
@pytest.mark.parametrize("fault", [kill, freeze, demote])
def test_no_message_is_lost_and_none_comes_twice(
    start: Callable[[Path], AbstractContextManager[Redises]], fault: Callable[[Redises], None], tmp_path: Path
) -> None:
    with start(tmp_path / "redis") as redises, stage_on(redises, tmp_path / "var") as stage:
        check(stage, redises, lambda: fault(redises))
        assert stage.lost() == 0


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
