"""``rtserver check`` about the addresses in redis_read_url."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from rtserver.base.queue.replica_port import Standing
from rtserver.bootstrap.command.check_replicas import check_replicas, judge_replica
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.finding import Severity
from tests.redis_process import RedisProcess
from tests.sentinel_group import wait_until_same


def test_each_replica_is_judged_beside_the_primary(tmp_path: Path) -> None:
    with ExitStack() as stack:

        def start(name: str, *options: str) -> RedisProcess:
            (tmp_path / name).mkdir()
            server = RedisProcess(tmp_path / name, *options)
            stack.callback(server.kill)
            return server.start()

        primary, other = start("primary"), start("other")
        replica = start("replica", "--replicaof", f"127.0.0.1 {primary.port}")
        stranger = start("stranger", "--replicaof", f"127.0.0.1 {other.port}")
        wait_until_same(primary, replica)
        wait_until_same(other, stranger)
        urls = ",".join(each.url for each in (replica, stranger, other, primary))
        found = list(check_replicas(Config(redis_url=primary.url, redis_read_url=urls)))
    assert [(each.severity, each.detail) for each in found] == [
        (Severity.OK, f"{replica.url} follows 127.0.0.1:{primary.port}"),
        (Severity.FAIL, f"{stranger.url}: it follows another primary, 127.0.0.1:{other.port}"),
        (Severity.FAIL, f"{other.url}: it is a primary, and not the one that redis_url leads to"),
        (Severity.OK, f"{primary.url} is a primary"),
    ]


def test_replicas_that_are_away_are_a_warning() -> None:
    config = Config(redis_url="redis://127.0.0.1:1/0", redis_read_url="redis://127.0.0.1:1/0")
    [found] = check_replicas(config)
    assert found.severity is Severity.WARN
    assert "Connection refused" in found.detail


ONE = frozenset({"one"})


@pytest.mark.parametrize(
    ("replica", "primary", "text"),
    [
        (Standing("a:1", False, ONE), Standing("", True, ONE), "it has no connection to its primary, a:1"),
        (Standing("a:1", True, ONE), None, "redis_url does not answer, so nothing is known of its data"),
    ],
)
def test_what_may_be_right_in_a_moment_is_a_warning(replica: Standing, primary: Standing | None, text: str) -> None:
    found = judge_replica("redis://b", replica, primary)
    assert (found.severity, found.detail) == (Severity.WARN, f"redis://b: {text}")


def test_without_replicas_nothing_is_said() -> None:
    assert list(check_replicas(Config())) == []
