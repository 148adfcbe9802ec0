"""Commands, scripts and transactions on a connection of a pool, with a real server, over each kind of socket."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import gevent
import pytest

from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import RedisClient, Role, plain_client
from tcelib.redis.redis_error import RedisCallError, Trouble
from tests.conftest import unused_port
from tests.redis_process import RedisProcess
from tests.sentinel_group import client_of
from tests.until import until

ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
BROKEN = "return redis.call('INCRBY', KEYS[1], 'x')"


class Server(RedisProcess):
    """Listens on TCP, with and without TLS, and on a socket in the file system."""

    def __init__(self, directory: Path, certificate: Path) -> None:
        path, tls_port = directory / "redis.sock", unused_port()
        options = ("--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file")
        files = [word for option in options for word in (option, str(certificate))]
        tls = ("--tls-port", str(tls_port), "--tls-auth-clients", "no", *files)
        super().__init__(directory, "--unixsocket", str(path), *tls)
        self.urls = {
            "tcp": self.url,
            "tls": f"rediss://localhost:{tls_port}/0?ssl_ca_certs={certificate}",
            "unix": f"unix://{path}",
        }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("redis"), certificate) as server:
        yield server


@pytest.fixture(params=product([plain_client, gevent_client], ["tcp", "tls", "unix"]), ids=lambda pair: pair[1])
def client(request: pytest.FixtureRequest, server: Server) -> Iterator[RedisClient]:
    connect, kind = request.param
    with connect(server.urls[kind]) as client:
        client.call("FLUSHALL")
        client.call("SCRIPT FLUSH")
        client.call("CONFIG RESETSTAT")
        yield client


def calls(client: RedisClient, command: str) -> int:
    found: int = client.call("INFO", "commandstats").get(f"cmdstat_{command}", {}).get("calls", 0)
    return found


def alone(client: RedisClient) -> object:
    return client.call("EVAL", ADD, 1, "a", 2)


def among_others(client: RedisClient) -> object:
    return client.call_together([("SET", "b", 1), ("EVAL", ADD, 1, "a", 2), ("GET", "b")])[1]


def on_a_held_connection(client: RedisClient) -> object:
    with client.hold(Role.COMMANDS) as call:
        return call("EVAL", ADD, 1, "a", 2)


@pytest.mark.parametrize("run", [alone, among_others, on_a_held_connection])
def test_redis_gets_the_text_of_a_script_once_and_runs_it_each_time(
    client: RedisClient, run: Callable[[RedisClient], object]
) -> None:
    assert [run(client) for _ in range(3)] == [2, 4, 6]
    assert (calls(client, "eval"), calls(client, "evalsha")) == (1, 3)
    client.call("SCRIPT FLUSH")
    assert run(client) == 8


def test_commands_beside_an_unknown_script_are_done_once(client: RedisClient) -> None:
    replies = client.call_together([("INCR", "b"), ("EVAL", ADD, 1, "a", 2), ("INCR", "b")])
    assert replies == [1, 2, 2]
    assert client.call("GET", "b") == b"2"


def test_a_script_that_fails_is_not_run_again(client: RedisClient) -> None:
    for _ in range(2):
        with pytest.raises(RedisCallError, match="not an integer"):
            client.run_script(f"redis.call('INCR', 'runs') {BROKEN}", ["a"])
    assert client.call("GET", "runs") == b"2"


def test_the_replies_to_a_transaction_are_those_of_its_commands(client: RedisClient) -> None:
    commands = [("SET", "a", 1), ("HSET", "h", "field", "x"), ("HGETALL", "h")]
    assert client.call_together(commands, is_atomic=True) == [True, 1, {b"field": b"x"}]


def test_of_a_transaction_with_a_wrong_command_nothing_is_done(client: RedisClient) -> None:
    with pytest.raises(RedisCallError, match="wrong number of arguments"):
        client.call_together([("SET", "a", 1), ("GET",)], is_atomic=True)
    assert client.call("GET", "a") is None


def test_a_refusal_that_is_tolerated_is_a_reply_in_its_place(client: RedisClient) -> None:
    client.call("SET", "a", "text")
    replies = client.call_together([("LLEN", "a"), ("GET", "a")], tolerated="WRONGTYPE")
    assert "WRONGTYPE" in str(replies[0])
    assert replies[1] == b"text"


def test_other_calls_go_on_between_a_command_and_its_reply(client: RedisClient) -> None:
    waits = [client.begin_script(ADD, ["a"], 2), client.begin("INCR", "a")]
    assert client.call("ECHO", "x") == b"x"
    assert {wait() for wait in waits} in ({2, 3}, {1, 3})
    wait = client.begin("INCR", "a", "b")
    assert client.call("ECHO", "y") == b"y"
    with pytest.raises(RedisCallError, match="wrong number of arguments"):
        wait()


def test_a_reply_that_nobody_waits_for_is_not_the_next_one_s(client: RedisClient) -> None:
    client.call("PING")
    wait = client.begin("ECHO", "late")
    del wait
    assert [client.call("ECHO", word) for word in ("one", "two")] == [b"one", b"two"]


def test_who_stops_waiting_leaves_no_reply_for_the_next_one(server: RedisProcess) -> None:
    with gevent_client(server.url) as client, client_of(server) as other:
        waiting = gevent.spawn(client.call, "BLPOP", "list", 0, role=Role.BLOCKING)
        until(lambda: other.info("clients")["blocked_clients"] == 1, "it waits", pause=gevent.sleep)
        waiting.kill()
        echo = gevent.spawn(client.call, "ECHO", "mine", role=Role.BLOCKING)
        gevent.idle()
        other.rpush("list", "late")
        assert echo.get() == b"mine"


def test_threads_that_share_a_client_get_their_own_replies(server: RedisProcess) -> None:
    with plain_client(server.url) as client, ThreadPoolExecutor(8) as threads:
        words = [str(number).encode() for number in range(800)]
        assert list(threads.map(lambda word: client.call("ECHO", word), words)) == words


def test_what_is_too_long_for_one_write_arrives_whole(client: RedisClient) -> None:
    raws = [bytes([65 + place]) * 50_000 for place in range(3)]
    assert client.call_together([("RPUSH", "long", raw) for raw in raws]) == [1, 2, 3]
    assert client.call("LRANGE", "long", 0, -1) == raws


def test_a_reply_of_megabytes_arrives_whole_and_the_connection_is_kept(
    client: RedisClient, server: RedisProcess
) -> None:
    raw = bytes(range(256)) * 16_384
    with client_of(server) as other:
        client.call("SET", "large", raw)
        opened = other.info("stats")["total_connections_received"]
        for _ in range(3):
            assert client.call("GET", "large") == raw
            assert client.call("ECHO", "next") == b"next"
        assert other.info("stats")["total_connections_received"] == opened


def test_words_may_be_of_any_kind_that_holds_bytes_or_a_number(client: RedisClient) -> None:
    words = (b"bytes", bytearray(b"array"), memoryview(b"view"), "text", 7)
    client.call("RPUSH", "words", *words)
    assert client.call("LRANGE", "words", 0, -1) == [b"bytes", b"array", b"view", b"text", b"7"]
    with pytest.raises(RedisCallError, match="must be str"):
        client.call("RPUSH", "words", None)


def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used(
    client: RedisClient, server: RedisProcess
) -> None:
    client.call("SET", "a", 1)
    with client_of(server) as other:
        other.client_kill_filter(_type="normal", skipme=True)
    assert client.call("INCR", "a") == 2


def test_what_breaks_while_a_reply_is_awaited_is_away_and_the_next_call_is_new(
    client: RedisClient, server: RedisProcess
) -> None:
    with client.hold(Role.COMMANDS) as call, client_of(server) as other:
        call("PING")
        other.client_kill_filter(_type="normal", skipme=True)
        with pytest.raises(RedisCallError) as caught:
            call("PING")
        assert caught.value.trouble is Trouble.AWAY
        assert call("ECHO", "again") == b"again"
