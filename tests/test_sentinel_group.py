"""The Sentinels of the tests: what a failover does to a client that stays connected to the forwarding address."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.sentinel_group import SentinelGroup, client_of


@pytest.fixture
def group(tmp_path: Path) -> Iterator[SentinelGroup]:
    with SentinelGroup(tmp_path) as group:
        yield group


def test_a_failover_leaves_an_open_connection_at_the_old_primary_and_leads_a_new_one_to_the_new(
    group: SentinelGroup,
) -> None:
    with redis.Redis.from_url(group.url, single_connection_client=True) as client:
        client.set("before", "1")
        group.wait_synced()
        old = group.primary
        group.fail_over()
        assert group.primary is not old
        assert group.replica is old
        with pytest.raises(redis.ReadOnlyError):
            client.set("after", "1")
    with redis.Redis.from_url(group.url) as client:
        assert client.get("before") == b"1"
        client.set("after", "1")
    group.wait_synced()


def test_a_replica_that_was_cut_off_is_promoted_without_what_it_did_not_get(group: SentinelGroup) -> None:
    with redis.Redis.from_url(group.url) as client:
        client.set("before", "1")
        group.wait_synced()
        group.stop_replication()
        client.set("lost", "1")
    old = group.primary
    group.kill_primary()
    with redis.Redis.from_url(group.url) as client:
        assert client.mget("before", "lost") == [b"1", None]
    group.start_again()
    with client_of(old) as client:
        assert client.mget("before", "lost") == [b"1", None]
