"""What every list of running servers keeps to: one suite for that in Redis and for its twin."""

import time
from collections.abc import Iterator

import pytest
import redis

from rtserver.base.queue.memory_server_list import MemoryServerList
from rtserver.base.queue.port import QueueRefusedError
from rtserver.base.queue.redis_queue import plain_client
from rtserver.base.queue.redis_server_list import RedisServerList
from rtserver.base.queue.server_list import ServerList, complaint

KEY = "{queue:test}:servers"
OVER = -1.0
WHERE = "queue:test at redis://x"


@pytest.fixture(params=["memory", "redis"])
def servers(request: pytest.FixtureRequest) -> Iterator[ServerList]:
    if request.param == "memory":
        yield MemoryServerList(time.time)
        return
    client = plain_client(request.getfixturevalue("redis_url"))
    yield RedisServerList(client, "queue:test")
    client.close()


def test_nobody_runs_at_first(servers: ServerList) -> None:
    assert servers.running() == {}


def test_each_server_says_which_types_it_handles_and_may_say_it_again(servers: ServerList) -> None:
    servers.announce("a#1", ["quote", "cart"])
    servers.announce("b#2", {"quote"})
    servers.announce("a#1", ["quote"])
    assert servers.running() == {"a#1": {"quote"}, "b#2": {"quote"}}


def test_who_withdraws_or_is_not_heard_any_more_does_not_run(servers: ServerList) -> None:
    for name in ("a", "b", "c"):
        servers.announce(name, ["quote"], OVER if name == "b" else 60.0)
    servers.withdraw("a")
    servers.withdraw("nobody")
    assert servers.running().keys() <= {"c"}
    servers.announce("c", ["quote"])
    assert servers.running().keys() == {"c"}


def test_names_and_types_may_be_any_text(servers: ServerList) -> None:
    servers.announce("wörk er/1#x", ["a/b", 'q"', "ü"])
    assert servers.running() == {"wörk er/1#x": {"a/b", 'q"', "ü"}}


def test_the_key_expires_and_keeps_no_server_that_is_gone(redis_url: str) -> None:
    with plain_client(redis_url) as client, redis.Redis.from_url(redis_url) as other:
        servers = RedisServerList(client, "queue:test")
        servers.announce("a", ["quote"], 30.0)
        assert 29_000 < other.pttl(KEY) <= 30_000
        other.hset(KEY, mapping={"gone": '{"until":1,"types":["x"]}', "odd": "no JSON"})
        assert servers.running() == {"a": {"quote"}}
        servers.announce("a", ["quote"])
        assert other.hkeys(KEY) == [b"a"]


def test_a_key_of_another_kind_is_an_error_of_the_queue(redis_url: str) -> None:
    with plain_client(redis_url) as client, redis.Redis.from_url(redis_url) as other:
        other.set(KEY, "x")
        with pytest.raises(QueueRefusedError):
            RedisServerList(client, "queue:test").running()


@pytest.mark.parametrize(
    ("types", "running", "words"),
    [
        (["quote"], {"a": {"quote"}, "b": {"quote", "cart"}}, ""),
        ([], {"a": {"quote"}}, ""),
        (["quote"], {}, "no server runs for queue:test at redis://x"),
        (["qoute", "quote"], {"a": {"quote", "cart"}}, 'no running server handles messages of type "qoute", '),
        (["cart"], {"a": {"quote"}, "b": {"quote", "cart"}}, "not all of the 2 running servers handle"),
    ],
)
def test_a_producer_hears_of_types_that_nobody_or_not_everybody_handles(types, running, words) -> None:
    told = complaint(types, {name: frozenset(known) for name, known in running.items()}, WHERE)
    assert told.startswith(words)
    assert bool(told) is bool(words)
