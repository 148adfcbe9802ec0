"""The site's connections to a primary that Sentinels name, over a failover."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import MovedError, ReadOnlyError
from redis.retry import Retry

from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess
from tests.sentinel_group import NAME, SentinelGroup, SentinelProcess, client_of


@pytest.fixture
def group(tmp_path: Path) -> Iterator[SentinelGroup]:
    with SentinelGroup(tmp_path / "sentinels") as group:
        yield group


def pool_of(url: str, *sentinels: str) -> redis.ConnectionPool:
    """Return a pool with the options of the site's cache."""
    from rtsite.redis_pool import RedisPool

    options: dict[str, Any] = {"retry": Retry(NoBackoff(), 1), "retry_on_error": [ReadOnlyError]}
    return RedisPool.from_url(url, sentinels=sentinels, service=NAME, **options)


@pytest.mark.usefixtures("django_site")
def test_after_a_failover_the_first_write_reaches_the_new_primary_and_no_read_the_old_one(
    group: SentinelGroup,
) -> None:
    sentinels = [f"redis://127.0.0.1:{sentinel.port}" for sentinel in group.sentinels]
    with redis.Redis.from_pool(pool_of("redis://nobody:1/0", *sentinels)) as client:
        idle = [client.connection_pool.get_connection() for _ in range(3)]
        for connection in idle:
            client.connection_pool.release(connection)
        old = group.primary
        group.fail_over()
        assert client.set("after", 1)
        with client_of(old) as other:
            ports = {int(one["addr"].rpartition(":")[2]) for one in other.client_list(_type="normal")}
        assert not ports & {connection._sock.getsockname()[1] for connection in idle if connection._sock}
    with client_of(group.primary) as other:
        assert other.get("after") == b"1"


@pytest.mark.usefixtures("django_site")
def test_in_a_cluster_what_has_the_same_braces_lies_at_one_node_that_is_asked_for_after_a_failover(
    tmp_path: Path,
) -> None:
    with RedisCluster(tmp_path / "nodes", "{rtsite}", replicas=1) as cluster:
        from rtsite.redis_pool import RedisPool

        nodes = [f"redis://127.0.0.1:{node.port}" for node in cluster.nodes]
        options: dict[str, Any] = {"retry": Retry(NoBackoff(), 1), "retry_on_error": [MovedError]}
        pool = RedisPool.from_url("redis://nobody:1/0", nodes=nodes, key="{rtsite}", **options)
        with redis.Redis.from_pool(pool) as client:
            assert client.set("{rtsite}:1:session", "a")
            cluster.wait_synced()
            cluster.fail_over()
            assert client.get("{rtsite}:1:session") == b"a"
            assert client.set("{rtsite}:1:session", "b")


@pytest.mark.usefixtures("django_site")
def test_sentinels_are_told_a_password_of_their_own_from_the_url_or_a_file(tmp_path: Path) -> None:
    with RedisProcess(tmp_path, "--requirepass", "of data") as node:
        sentinel = SentinelProcess(tmp_path, node.port, password="of sentinels")
        sentinel.start()
        try:
            (tmp_path / "password").write_text("of sentinels\n")
            place = f"127.0.0.1:{sentinel.port}"
            for url in (f"redis://:of%20sentinels@{place}", f"redis://{place}?password_file={tmp_path}/password"):
                with redis.Redis.from_pool(pool_of("redis://:of%20data@nobody:1/2", url)) as client:
                    assert client.ping()
                    assert client.connection_pool.connection_kwargs["db"] == 2
            with (
                redis.Redis.from_pool(pool_of("redis://nobody:1/0", f"redis://{place}")) as client,
                pytest.raises(redis.ConnectionError, match="no Sentinel, or node of the Cluster, names a primary"),
            ):
                client.ping()
        finally:
            sentinel.stop()
