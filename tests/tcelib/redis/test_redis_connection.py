"""The one place that opens connections, with real servers that change their roles and a scripted one for the rest."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import gevent
import pytest

from tcelib.redis import role_pool
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import RedisClient, Role, plain_client
from tcelib.redis.redis_error import RedisCallError, Trouble
from tests.redis_pair import Pair
from tests.redis_process import RedisProcess
from tests.sentinel_group import client_of
from tests.until import until

BUSY_ROLES = (Role.COMMANDS, Role.BLOCKING, Role.PUBLISHING)
Connect = Callable[[str], RedisClient]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RedisProcess, RedisProcess]]:
    directories = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    one, other = (RedisProcess(directory, "--repl-diskless-sync-delay", "0") for directory in directories)
    try:
        yield one.start(), other.start()
    finally:  # in good order, a primary would wait for its replica
        one.kill()
        other.kill()


@pytest.fixture
def pair(servers: tuple[RedisProcess, RedisProcess]) -> Iterator[Pair]:
    for server in servers:
        with client_of(server) as client:
            client.replicaof("NO", "ONE")
            client.flushall()
    with Pair(*servers) as pair:
        yield pair


@pytest.fixture(params=[plain_client, gevent_client])
def client(request: pytest.FixtureRequest, pair: Pair) -> Iterator[RedisClient]:
    with request.param(pair.url) as client:
        yield client


def connected(server: RedisProcess) -> int:
    """Count the server's clients that came through the forwarder: those of tests are named."""
    with client_of(server) as client:
        return len([one for one in client.client_list(_type="normal") if one["cmd"] != "client|list"])


def test_whatever_was_idle_a_write_after_a_change_of_roles_reaches_the_new_primary(
    pair: Pair, client: RedisClient
) -> None:
    for role in BUSY_ROLES:
        client.call("INCR", role.value, role=role)
    for turn in (2, 3):
        pair.swap()
        assert [client.call("INCR", role.value, role=role) for role in BUSY_ROLES] == [turn] * 3


def test_one_refusal_closes_every_idle_connection_to_the_old_primary(pair: Pair, client: RedisClient) -> None:
    for role in Role:
        client.call("PING", role=role)
    pair.swap()
    assert connected(pair.replica) == len(Role)
    client.call("SET", "a", 1)
    until(lambda: connected(pair.replica) == 0, "all are closed")


def test_a_connection_in_use_is_closed_when_it_comes_back(pair: Pair, client: RedisClient) -> None:
    client.call("SET", "b", 1)
    with client.hold(Role.BLOCKING) as call:
        call("SET", "a", 1)
        pair.swap()
        client.call("SET", "b", 2)
        assert call("GET", "a") == b"1"  # whoever holds it, keeps it
    until(lambda: connected(pair.replica) == 0, "it is closed")


def test_nothing_is_repeated_on_a_connection_that_is_held_and_the_next_one_is_new(
    pair: Pair, client: RedisClient
) -> None:
    with client.hold(Role.BLOCKING) as call:
        call("SET", "a", 1)
        pair.swap()
        with pytest.raises(RedisCallError, match="READONLY") as caught:
            call("SET", "a", 2)
    assert caught.value.trouble is Trouble.ROLE_CHANGED
    with client.hold(Role.BLOCKING) as call:
        call("SET", "a", 3)


def test_a_script_that_is_refused_inside_counts_as_well(pair: Pair, client: RedisClient) -> None:
    script = "redis.call('PING') return redis.call('INCR', KEYS[1])"
    assert client.call("EVAL", script, 1, "a") == 1
    pair.swap()
    assert client.call("EVAL", script, 1, "a") == 2
    caught = "local reply = redis.pcall('INCR', KEYS[1]) return reply"
    pair.swap()
    assert client.call("EVAL", caught, 1, "a") == 3


def test_a_command_that_is_begun_at_a_server_that_is_no_primary_now_is_repeated_when_its_reply_is_read(
    pair: Pair, client: RedisClient
) -> None:
    assert client.begin("INCR", "a")() == 1
    pair.swap()
    wait = client.begin("INCR", "a")
    assert wait() == 2


def test_a_command_whose_connection_ends_before_its_reply_is_not_repeated(pair: Pair, client: RedisClient) -> None:
    client.call("PING")
    wait = client.begin("BLPOP", "list", 5)
    client.close()
    with pytest.raises(RedisCallError) as caught:
        wait()
    assert caught.value.trouble is Trouble.AWAY
    assert client.call("SET", "a", 1)


@pytest.mark.parametrize("is_atomic", [False, True])
def test_several_commands_are_repeated_where_none_of_them_was_done(
    pair: Pair, client: RedisClient, is_atomic: bool
) -> None:
    commands = [("INCR", "a"), ("INCR", "b")]
    assert client.call_together(commands, is_atomic=is_atomic) == [1, 1]
    pair.swap()
    assert client.call_together(commands, is_atomic=is_atomic) == [2, 2]


def test_several_commands_are_not_repeated_where_some_were_done(pair: Pair, client: RedisClient) -> None:
    client.call("SET", "a", 1)
    pair.swap()
    with pytest.raises(RedisCallError, match="READONLY"):
        client.call_together([("PING",), ("INCR", "a")])
    assert client.call_together([("PING",), ("INCR", "a")])[-1] == 2


def test_who_waits_in_the_old_primary_waits_in_the_new_one_at_once(pair: Pair) -> None:
    with gevent_client(pair.url) as client:
        client.call("PING", role=Role.BLOCKING)
        waiting = gevent.spawn(client.call, "BLPOP", "list", 4, role=Role.BLOCKING)
        waits = lambda: any(one["cmd"] == "blpop" for one in listed(pair.primary))  # noqa: E731
        until(waits, "it waits", 10.0, pause=gevent.sleep)
        pair.swap()
        until(waits, "it waits", 10.0, pause=gevent.sleep)
        with client_of(pair.primary) as other:
            other.rpush("list", "x")
        assert waiting.get(timeout=5.0) == (b"list", b"x")


def listed(server: RedisProcess) -> list[dict[str, str]]:
    with client_of(server) as client:
        return client.client_list()


@pytest.mark.parametrize("connect", [plain_client, gevent_client])
def test_a_replica_serves_no_role_but_those_that_any_server_may(pair: Pair, connect: Connect) -> None:
    with connect(pair.replica.url) as client:
        for role in BUSY_ROLES:
            with pytest.raises(RedisCallError, match="READONLY the server at this address is a replica") as caught:
                client.call("GET", "a", role=role)
            assert caught.value.trouble is Trouble.ROLE_CHANGED
        assert client.call("INFO", role=Role.INSPECTION)["role"] == "slave"
        assert client.call("GET", "nothing", role=Role.FOLLOWING) is None


def test_who_only_reads_does_not_go_on_reading_from_a_replica(
    pair: Pair, client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.call("SET", "a", 1)
    pair.swap()
    with client_of(pair.primary) as other:
        other.set("a", 2)
    monkeypatch.setattr(role_pool, "GREETING_SECONDS", 0.0)
    client.call("GET", "a")
    assert client.call("GET", "a") == b"2"


def test_who_may_not_say_hello_is_connected_all_the_same(pair: Pair) -> None:
    with client_of(pair.primary) as admin:
        admin.execute_command("ACL", "SETUSER", "shy", "on", ">secret", "~*", "+@all", "-hello")
        with plain_client(pair.url.replace("//", "//shy:secret@")) as client:
            client.call("SET", "a", 1)
        admin.execute_command("ACL", "DELUSER", "shy")


class Scripted(socketserver.ThreadingTCPServer):
    """Answers HELLO with an error, and everything else on its n-th connection with the n-th of ``replies``."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, *replies: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.replies = replies
        self.numbers = count()

    def __enter__(self) -> "Scripted":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.server_address[1]}/0"


class Answering(socketserver.StreamRequestHandler):
    server: Scripted

    def handle(self) -> None:
        number = min(next(self.server.numbers), len(self.server.replies) - 1)
        while head := self.rfile.readline():
            words = []
            for _ in range(int(head[1:])):
                self.rfile.readline()
                words.append(self.rfile.readline().strip())
            is_greeting = words[0] in (b"HELLO", b"CLIENT")
            self.wfile.write(b"-ERR unknown command\r\n" if is_greeting else self.server.replies[number])


@pytest.mark.parametrize("said", [b"-LOADING Redis is loading the dataset", b"-MASTERDOWN Link with MASTER"])
def test_a_server_that_is_not_ready_is_asked_once_more_on_a_new_connection(said: bytes) -> None:
    with Scripted(said + b"\r\n", b"+OK\r\n") as server, plain_client(server.url) as client:
        assert client.call("SET", "a", 1)
    with Scripted(said + b"\r\n") as server, plain_client(server.url) as client:
        with pytest.raises(RedisCallError) as caught:
            client.call("SET", "a", 1)
        assert caught.value.trouble is Trouble.ROLE_CHANGED
        assert next(server.numbers) == 2


@pytest.mark.parametrize("said", [b"-LOADING Redis is loading the dataset", b"-MASTERDOWN Link with MASTER"])
def test_what_is_not_ready_any_more_behind_a_command_that_it_did_is_not_asked_again(said: bytes) -> None:
    with Scripted(b":1\r\n" + said + b"\r\n", b":2\r\n") as server, plain_client(server.url) as client:
        with pytest.raises(RedisCallError) as caught:
            client.call_together([("INCR", "a"), ("INCR", "b")])
        assert caught.value.trouble is Trouble.ROLE_CHANGED
        assert not caught.value.is_certain
        assert next(server.numbers) == 1
        assert client.call("INCR", "a") == 2, "on a new connection"


def test_a_server_that_wants_a_password_now_is_asked_on_a_new_connection() -> None:
    with Scripted(b"-NOAUTH Authentication required.\r\n", b"+OK\r\n") as server, plain_client(server.url) as client:
        with pytest.raises(RedisCallError) as caught:
            client.call("SET", "a", 1)
        assert caught.value.trouble is Trouble.KEPT_OUT
        assert client.call("SET", "a", 1)


@pytest.mark.parametrize("words", [b"?", b"HTTP/1.1 400 Bad Request"])
def test_an_answer_that_is_none_of_redis_leaves_open_what_was_done(words: bytes) -> None:
    with Scripted(words + b"\r\n", b"+OK\r\n") as server, plain_client(server.url) as client:
        with pytest.raises(RedisCallError) as caught:
            client.call("SET", "a", 1)
        assert caught.value.trouble is Trouble.AWAY
        assert not caught.value.is_certain
        assert client.call("SET", "a", 1)


def test_what_is_refused_is_not_repeated_and_keeps_its_connection() -> None:
    with Scripted(b"-OOM command not allowed\r\n", b"+OK\r\n") as server, plain_client(server.url) as client:
        for _ in range(2):
            with pytest.raises(RedisCallError, match="OOM") as caught:
                client.call("SET", "a", 1)
            assert caught.value.is_certain


@pytest.mark.parametrize("connect", [plain_client, gevent_client])
def test_where_nobody_listens_every_call_says_so(free_port: int, connect: Connect) -> None:
    with connect(f"redis://:secret@127.0.0.1:{free_port}/3") as client:
        begun = client.begin("PING")
        for ask in (
            lambda: client.call("PING"),
            begun,
            lambda: client.call_together([("PING",)]),
            lambda: held(client),
        ):
            with pytest.raises(RedisCallError, match=f"redis://127.0.0.1:{free_port}/3: ") as caught:
                ask()
            assert caught.value.trouble is Trouble.AWAY
            assert caught.value.is_certain


def held(client: RedisClient) -> None:
    with client.hold(Role.BLOCKING) as call:
        call("PING")


def test_what_got_no_answer_is_not_repeated_and_every_idle_connection_is_closed(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server, plain_client(f"{server.url}?socket_timeout=0.2") as client:
        client.call("PING", role=Role.PUBLISHING)
        with pytest.raises(RedisCallError) as caught:
            client.call("BLPOP", "list", 5, role=Role.BLOCKING)
        assert caught.value.trouble is Trouble.AWAY
        until(lambda: connected(server) == 0, "all are closed")


def test_where_a_password_is_missing_the_error_says_so(tmp_path: Path) -> None:
    with RedisProcess(tmp_path, "--requirepass", "secret") as server:
        for role in Role:
            with (
                plain_client(server.url) as client,
                pytest.raises(RedisCallError, match="Authentication required") as e,
            ):
                client.call("GET", "a", role=role)
            assert e.value.trouble is Trouble.KEPT_OUT


def test_a_change_of_roles_is_logged_once_in_a_while(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    with plain_client(pair.primary.url) as client:
        client.call("SET", "a", 1)
        pair.swap()
        for _ in range(3):
            with pytest.raises(RedisCallError):
                client.call("SET", "a", 1)
    assert len(caplog.messages) == 1
    assert "leads to no primary: READONLY" in caplog.text


def test_an_address_that_never_led_to_a_primary_is_told_by_the_error_alone(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    with plain_client(pair.replica.url) as client:
        for role in BUSY_ROLES:
            with pytest.raises(RedisCallError, match="is a replica"):
                client.call("PING", role=role)
    assert caplog.messages == []
