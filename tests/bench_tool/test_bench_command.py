"""The load tool at a terminal: real processes, a real server, a real Redis."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from rtserver.bench.login import log_in
from rtserver.bootstrap.command.bench import client as client_command
from rtserver.bootstrap.command.bench import redis as redis_command
from rtserver.bootstrap.command.bench import server as server_command
from tests.demo_login import DemoLogin
from tests.fork_server import ForkedProcess, fork, run
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.service_queue import BUS
from tests.until import until

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = REPOSITORY / "docs" / "benchmarking.md"
SECONDS = 60.0
QUOTE = "BENCH:X:20130301"


ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("RTSERVER_")}


def started(*words: str) -> ForkedProcess:
    return fork(["-m", "rtserver", "bench", *words], ENVIRON, has_stderr=True)


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return run(["-m", "rtserver", "bench", *words], ENVIRON, timeout=SECONDS)


@contextmanager
def pushing(server: RunningServer, *words: str) -> Iterator[None]:
    """Messages pushed steadily while the block runs, and before."""
    process = started("redis", "--redis-url", server.redis_url, "--seconds", "600", *words)
    try:
        with redis.Redis.from_url(server.redis_url) as client:
            enough = client.xlen(BUS) + 5  # more than the server itself sends in this time
            until(lambda: client.xlen(BUS) >= enough, "messages are pushed", SECONDS)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)


def url_of(server: RunningServer) -> str:
    return f"ws://127.0.0.1:{server.port}/rt/"


LOGIN = ("--login", "demo:demo", "--warm-up", "0")
ways = pytest.mark.parametrize("way", ["json", "websocket", "tcp"])


def words_for(server: RunningServer, way: str) -> tuple[str, ...]:
    """The address and the login for a protocol."""
    if way == "tcp":
        return (f"tce://127.0.0.1:{server.tce_port}", *LOGIN, "--login-url", f"{server.url}/accounts/login/")
    return (url_of(server), *LOGIN, "--protocol", "json" if way == "json" else "tce")


@ways
def test_subscribers_of_a_quote_get_what_is_pushed_and_know_its_age(server: RunningServer, way: str) -> None:
    with pushing(server, "--rate", "200"):
        done = bench("client", *words_for(server, way), "-c", "20", "--quote", QUOTE, "--seconds", "1", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["connections"] == 20
    assert report["deliveries"] > 20
    assert report["deliveries"] == report["delivery"]["count"]
    percentiles = report["delivery"]["percentiles_ms"]
    assert 0 < percentiles["p50"] <= percentiles["p99"] <= percentiles["max"]
    assert report["lost"] == {}
    assert report["errors"] == 0


@pytest.mark.parametrize("flags", [("--wall-clock",), ()])
def test_marks_of_the_wall_clock_are_ages_only_to_a_client_that_reads_it_too(
    server: RunningServer, flags: tuple[str, ...]
) -> None:
    quote = f"BENCH:{'WALL' if flags else 'MIXED'}:20130301"
    with pushing(server, "--rate", "100", "--quote", quote, "--wall-clock"):
        done = bench(
            "client", url_of(server), *LOGIN, "-c", "1", "--quote", quote, "--seconds", "1", "--json", *flags
        )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["deliveries"] > 0
    assert (report["delivery"] is not None) == bool(flags)
    assert any("--wall-clock" in warning for warning in report["warnings"]) != bool(flags)


def test_messages_to_a_user_are_counted_and_the_text_shows_a_histogram(server: RunningServer) -> None:
    with pushing(server, "--rate", "100", "--user", "*", "--size", "300"):
        done = bench("client", url_of(server), *LOGIN, "-c", "3", "--seconds", "1")
    assert done.returncode == 0, done.stderr
    assert "delivery latency" in done.stdout
    assert "##" in done.stdout
    assert "measuring: 3 open" in done.stderr


@ways
@pytest.mark.parametrize("how", [("--ping-rate", "300"), ("--ping-depth", "4")])
def test_pings_are_answered_and_timed(server: RunningServer, how: tuple[str, str], way: str) -> None:
    words = ("-c", "5", "--seconds", "1", "--ping-bytes", "100", "--json")
    done = bench("client", *words_for(server, way), *words, *how)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["replies"] > 50
    assert report["reply"]["count"] == report["replies"]
    assert report["deliveries"] == 0


def test_a_cookie_logs_in_as_well_as_the_form(server: RunningServer) -> None:
    cookie = log_in(f"{server.url}/accounts/login/", "demo", "demo")
    done = bench("client", url_of(server), "--cookie", cookie, "-c", "1", "--seconds", "0.1", "--warm-up", "0")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", ["{ws}", "{ws}?tce", "{tce}"])
def test_a_sessions_key_and_a_signed_token_log_in_over_every_protocol(
    server: RunningServer, signed_token: str, tmp_path: Path, path: str
) -> None:
    key = DemoLogin(server.url).session_key
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{key}\n{signed_token}\n", encoding="ascii")
    url = path.format(ws=url_of(server), tce=f"tce://127.0.0.1:{server.tce_port}")
    words = ("--seconds", "0.5", "--warm-up", "0", "--json", "--ping-depth", "1")
    for given in (("--token", key), ("--token", signed_token), ("--token-file", str(tokens))):
        done = bench("client", url, *given, "-c", "2", *words)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert (report["connections"], report["lost"]) == (2, {})


@pytest.mark.parametrize("path", ["{ws}?tce", "{tce}"])
@pytest.mark.parametrize("words", [(), ("--token", "rtserver:forged")])
def test_a_stranger_at_a_tce_address_is_told_how_to_log_in(
    server: RunningServer, path: str, words: tuple[str, ...]
) -> None:
    url = path.format(ws=url_of(server), tce=f"tce://127.0.0.1:{server.tce_port}")
    done = bench("client", url, "-c", "2", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "4001 not logged in: no valid token in the first packet: give --login" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("ws://h/rt/", "--token", "a", "--cookie", "b=c"), "says who the connections are"),
        (("ws://h/rt/", "--token-file", os.devnull), "there is no token in it"),
        (("tce://h", "--login", "demo:demo"), "needs --login-url"),
    ],
)
def test_a_login_that_cannot_be_meant_is_a_wrong_command_line(words: tuple[str, ...], expected: str) -> None:
    done = bench("client", *words)
    assert done.returncode == 2
    assert expected in done.stderr


@pytest.mark.parametrize("line", re.findall(r"-m rtserver (bench .*)", DOCUMENT.read_text(encoding="utf-8")))
def test_a_command_line_that_the_document_shows_is_understood(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tokens").touch()
    monkeypatch.chdir(tmp_path)
    _, name, *arguments = shlex.split(line)
    command = {"server": server_command, "client": client_command, "redis": redis_command}[name]
    with command.make_context(name, arguments) as context:
        assert context.params


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "401 Unauthorized: no valid session: give --login"),
        (("--login", "demo:wrong"), "does not take this user name and password"),
        (("--login", "demo:demo", "--login-url", "{site}/nosuch/"), "the answer is 404"),
        (("--login", "demo:demo", "--quote", "x"), "EXCHANGE:ITEM:DATE"),
        (("--login", "demo:demo", "--quote", "A:B:C"), "a subscription was refused"),
        (("--login", "demo:demo", "--ping-rate", "1", "--ping-depth", "1"), "not both"),
    ],
)
def test_what_cannot_be_measured_is_one_line_and_exit_status_1(
    server: RunningServer, words: tuple[str, ...], expected: str
) -> None:
    done = bench("client", url_of(server), *(word.format(site=server.url) for word in words), "-c", "2")
    assert done.returncode == 1
    assert done.stdout == ""
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_another_path_and_a_server_that_is_away_are_told_apart(server: RunningServer, free_port: int) -> None:
    assert "404 Not Found: nothing is at this path" in bench("client", f"{url_of(server)}x", "-c", "1").stderr
    away = bench("client", f"ws://127.0.0.1:{free_port}/rt/", "-c", "1")
    assert (away.returncode, away.stderr) == (1, f"Error: ws://127.0.0.1:{free_port}/rt/: Connection refused\n")
    assert "an address looks like" in bench("client", "http://127.0.0.1/").stderr


def test_too_few_file_descriptors_are_told_before_anything_is_opened(server: RunningServer) -> None:
    command = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh", sys.executable, "-m", "rtserver", "bench", "client"]
    done = subprocess.run(
        [*command, url_of(server), "-c", "500"],
        cwd=REPOSITORY,
        env=ENVIRON,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 1
    assert "ulimit -Hn 564" in done.stderr


def test_ctrl_c_ends_the_run_with_a_report_of_what_was_measured(server: RunningServer) -> None:
    process = started("client", url_of(server), *LOGIN, "-c", "2", "--seconds", "600", "--ping-depth", "1", "--json")
    assert process.stderr is not None
    assert any(line.startswith("measuring") for line in process.stderr)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    report = json.loads(out)
    assert report["is_interrupted"]
    assert report["replies"] > 0


@ways
def test_connections_that_are_lost_are_counted_with_their_reason_and_exit_status_3(
    server: RunningServer, way: str
) -> None:
    words = ("-c", "4", "--seconds", "600", "--ping-depth", "1", "--json")
    process = started("client", *words_for(server, way), *words)
    assert process.stderr is not None
    assert any(line.startswith("measuring") for line in process.stderr)
    kick = {"op": "kick", "user_id": 1, "reason": "enough"}
    with redis.Redis.from_url(server.redis_url) as client:
        client.rpush("queue:rtserver", json.dumps({"type": "django_site", "src": "test", "data": kick}))
    out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 3
    assert json.loads(out)["lost"] == {"4003 enough": 4}


def test_a_burst_is_timed_on_its_way_off_the_list(server: RunningServer) -> None:
    done = bench("redis", "--redis-url", server.redis_url, "--burst", "2000", "--batch", "100", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["messages"], report["waiting"]) == (2000, 0)
    assert report["drain_seconds"] >= 0


@pytest.mark.parametrize("protocol", ["json", pytest.param("tce", marks=pytest.mark.soak)])
def test_a_server_of_its_own_is_measured_in_one_command_and_leaves_nothing_in_the_redis(
    tmp_path: Path, protocol: str
) -> None:
    words = ("--protocol", protocol, "--clients", "10", "--connections", "20", "--seconds", "0.6", "--json")
    with RedisProcess(tmp_path) as theirs:
        done = bench("server", *words, "--redis-url", theirs.url)
        with theirs.client() as client:
            assert client.keys() == []
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == 6
    assert all(number is None or number >= 0 for numbers in rows.values() for number in numbers.values())
    assert rows["RPUSH to 10 clients, at 100 messages/s"]["deliveries_per_second"] > 0
    assert rows["RPUSH to 10 clients, at saturation"]["deliveries_per_second"] > 0


def test_ctrl_c_ends_the_server_that_was_started(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as theirs:
        process = started("server", "--clients", "5", "--connections", "5", "--redis-url", theirs.url)
        assert process.stderr is not None
        assert any(line.startswith(("measuring", "warming up")) for line in process.stderr)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)
        assert process.returncode == 130
        with theirs.client() as client:
            assert len(client.client_list()) == 1


def test_the_commands_are_listed_in_the_order_in_which_one_tries_them() -> None:
    done = bench("--help")
    places = [done.stdout.index(f"\n  {word} ") for word in ("server", "client", "redis")]
    assert places == sorted(places)
