"""Delivery of messages when a server is killed: real processes, and no goodbye."""

import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from rtserver.base.queue.signature import Signer
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.system.witness import Court
from tests.websocket_client import WebSocketClient

SERVICES = ("--no-demo-quotes", "--services", "tests.system.witness:Witness,tests.system.witness:OnceWitness")
ONCE = ("--once-claim-seconds", "1", "--once-tries", "2")


@pytest.fixture
def court(redis_url: str) -> Iterator[Court]:
    court = Court(redis_url)
    yield court
    court.close()


@pytest.fixture
def queue(redis_url: str) -> Iterator[ServiceQueue]:
    with ServiceQueue(redis_url) as queue:
        yield queue


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(redis_url, tmp_path, unused_port(), *SERVICES, *ONCE) as server:
        yield server


def test_what_a_killed_server_had_taken_and_not_handled_it_handles_when_it_comes_back(
    server: RunningServer, queue: ServiceQueue, court: Court
) -> None:
    for n in range(100):
        queue.push("witness", court.data(n))
    assert court.wait_handled(100) == list(range(100))
    queue.wait_until_saved()
    for n in range(100, 200):
        queue.push("witness", court.data(n, waits=n == 150))
    assert court.wait_begun() == 150
    queue.wait_until_taken()
    server.stop(signal.SIGKILL)
    for n in range(200, 210):
        queue.push("witness", court.data(n))
    assert court.wait_handled(50) == list(range(100, 150))
    server.start()
    assert court.wait_begun() == 150
    court.let_go()
    again = court.wait_handled(1)[0]
    assert 100 <= again <= 150
    assert court.wait_handled(209 - again) == list(range(again + 1, 210))


def test_the_very_first_message_of_a_new_server_survives_its_death(
    server: RunningServer, queue: ServiceQueue, court: Court
) -> None:
    queue.push("witness", court.data(1, waits=True))
    assert court.wait_begun() == 1
    server.stop(signal.SIGKILL)
    server.start()
    assert court.wait_begun() == 1
    court.let_go()
    assert court.wait_handled(1) == [1]


def test_what_a_server_handled_before_an_orderly_stop_does_not_come_again(
    server: RunningServer, queue: ServiceQueue, court: Court
) -> None:
    queue.push("witness", court.data(1))
    assert court.wait_handled(1) == [1]
    server.stop()
    queue.push("witness", court.data(2))
    server.start()
    assert court.wait_handled(1) == [2]


def test_a_bus_of_ten_entries_loses_nothing_of_what_is_derived_from_it(
    redis_url: str, tmp_path: Path, queue: ServiceQueue, court: Court
) -> None:
    count = 40  # a bus of ten moves ten in a second, when the places of the last ten are saved
    with RunningServer(redis_url, tmp_path, unused_port(), *SERVICES, "--bus-length", "10"):
        messages = [
            json.dumps({"type": type_, "src": "test", "data": data})
            for n in range(count)
            for type_, data in (
                ("once_witness", court.data(n)),
                ("pushuser", {"user_id": 7, "type": "n", "data": n}),
                ("quote", [{"quote": "A", "info": {"point": [n, 1.0]}}]),
            )
        ]
        queue.push_raw(*messages)  # at once: one intake would move most of them
        assert court.wait_handled(count) == list(range(count))
        queue.wait_until_taken()
    assert court.client.xlen("{queue:rtserver}:user:7") == count


def test_with_a_secret_only_what_is_signed_is_handled_and_the_secret_is_nowhere_to_be_seen(
    redis_url: str, tmp_path: Path, queue: ServiceQueue, court: Court
) -> None:
    secret, former = "the secret of this test", "the one that was before"
    options = (*SERVICES, "--queue-secret", f"{secret},{former}")
    with RunningServer(redis_url, tmp_path, unused_port(), *options) as server:
        forged = json.dumps({"type": "witness", "src": "test", "data": court.data(0)})
        queue.push_raw(forged)
        for n, known in enumerate((secret, former), 1):
            message = json.dumps({"type": "witness", "src": "test", "data": court.data(n)})
            queue.push_raw(Signer(known).sign(message.encode()))
        assert court.wait_handled(2) == [1, 2]
        letter = queue.dead_letter(forged.encode())
        with urllib.request.urlopen(f"{server.url}/metrics") as page:
            metrics = page.read().decode()
    assert letter[b"reason"] == b"bad_signature"
    assert 'rtserver_dead_messages_total{reason="bad_signature"} 1.0' in metrics
    assert server.wait_said("bad_signature")
    for hidden in (secret, former):
        assert hidden not in metrics + "".join(server.output) + repr(letter)


def test_sighup_has_the_secret_read_again_and_a_signature_is_good_for_its_time_only(
    redis_url: str, tmp_path: Path, queue: ServiceQueue, court: Court
) -> None:
    first, second = "the first secret of this test", "the one that comes after it"
    file = tmp_path / "queue_secret"
    file.write_text(first + "\n")

    def message(n: int) -> bytes:
        return json.dumps({"type": "witness", "src": "test", "data": court.data(n)}).encode()

    def wait_read(server: RunningServer, word: str) -> None:
        server.signal(signal.SIGHUP)
        server.wait_said(word)

    options = (*SERVICES, "--queue-secret-file", str(file), "--signature-seconds", "3600")
    with RunningServer(redis_url, tmp_path / "var", unused_port(), *options) as server:
        old = Signer(first, seconds=3600, now=lambda: time.time() - 7200).sign(message(0))
        refused = [old, Signer(first).sign(message(0)), Signer(second, seconds=3600, now=time.time).sign(message(0))]
        queue.push_raw(*refused, Signer(first, seconds=3600, now=time.time).sign(message(1)))
        assert court.wait_handled(1) == [1]
        details = [queue.dead_letter(raw)[b"detail"].decode() for raw in refused]
        for word, detail in zip(("before it came", "no time", "another"), details, strict=True):
            assert word in detail
        file.write_text(f"{second}\n{first}\n")
        wait_read(server, "the queue secret was read again")
        queue.push_raw(*(Signer(known, seconds=3600, now=time.time).sign(message(2)) for known in (first, second)))
        assert court.wait_handled(2) == [2, 2]
        # What is no secret changes nothing, and ends nothing.
        file.write_text("no-key")
        wait_read(server, "the queue secret stays as it is")
        queue.push_raw(Signer(second, seconds=3600, now=time.time).sign(message(3)))
        assert court.wait_handled(1) == [3]
        assert server.stop() == 0
    assert not any(known in "".join(server.output) for known in (first, second, "no-key"))


def test_a_new_password_of_redis_needs_no_restart(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("the first\n")
    with RedisProcess(tmp_path, "--requirepass", "the first") as node:
        options = ("--no-demo-quotes", "--canary-seconds", "0", "--redis-password-file", str(file))
        with RunningServer(node.url, tmp_path / "var", unused_port(), *options) as server:
            with redis.Redis.from_url(node.url, password="the first") as client:
                client.config_set("requirepass", "the second")
                file.write_text("the second\n")
                server.signal(signal.SIGHUP)
                server.wait_said("the password of Redis was read again")
                client.client_kill_filter(_type="normal", skipme=True)
            login = DemoLogin(server.url)  # whose session is in that Redis, by the site's own connections
            with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", login.headers) as page:
                assert json.loads(page.recv_text())["type"] == "userinfo"
                with redis.Redis.from_url(node.url, password="the second") as client:
                    notice = {"user_id": "*", "type": "n", "data": "still here"}
                    client.rpush("queue:rtserver", json.dumps({"type": "pushuser", "src": "test", "data": notice}))
                assert json.loads(page.recv_text())["data"] == "still here"
            login.log_out()
            assert server.stop() == 0
        assert not any("the first" in line or "the second" in line for line in server.output)


@pytest.fixture
def pair(redis_url: str, tmp_path: Path) -> Iterator[dict[int, RunningServer]]:
    """Two servers on one queue, by their process ids."""
    servers = [
        RunningServer(redis_url, tmp_path / name, unused_port(), *SERVICES, *ONCE, "--tce-port", "0") for name in "ab"
    ]
    with servers[0], servers[1]:
        yield {server.pid: server for server in servers}


def test_of_two_servers_one_handles_each_message_and_what_it_was_handling_when_it_was_killed_the_other_does(
    pair: dict[int, RunningServer], queue: ServiceQueue, court: Court
) -> None:
    for n in range(200):
        queue.push("once_witness", court.data(n))
    assert sorted(court.wait_handled(200)) == list(range(200))
    queue.push("once_witness", court.data(200, waits=True))
    queue.push("once_witness", court.data(201, waits=True))
    assert {court.wait_begun(), court.wait_begun()} == {200, 201}
    assert {court.begun_by(), court.begun_by()} == set(pair)
    court.let_go()
    court.let_go()
    assert sorted(court.wait_handled(2)) == [200, 201]
    queue.push("once_witness", court.data(1, waits=True))
    assert court.wait_begun() == 1
    killed = court.begun_by()
    pair.pop(killed).stop(signal.SIGKILL)
    assert court.wait_begun() == 1
    [(other, server)] = pair.items()
    assert court.begun_by() == other
    court.let_go()
    assert court.wait_handled(1) == [1]
    with urllib.request.urlopen(f"{server.url}/metrics") as page:
        assert 'rtserver_once_claimed_total{lane="once_witness"} 1.0' in page.read().decode()


def test_a_frozen_server_s_message_is_handled_by_the_other_and_a_slow_one_s_is_not(
    pair: dict[int, RunningServer], queue: ServiceQueue, court: Court
) -> None:
    queue.push("once_witness", court.data(1, waits=True))
    assert court.wait_begun() == 1
    first = court.begun_by()
    assert court.client.blpop(["begun"], 3 * 1.0) is None, "the first says that it lives"
    os.kill(first, signal.SIGSTOP)
    assert court.wait_begun() == 1
    assert court.begun_by() != first
    court.let_go()  # the frozen one, which does not notice
    court.let_go()
    assert court.wait_handled(1) == [1]
    os.kill(first, signal.SIGCONT)
    assert court.wait_handled(1) == [1]  # at least once


def test_what_fails_again_and_again_becomes_a_dead_letter_with_the_last_error(
    server: RunningServer, queue: ServiceQueue, court: Court
) -> None:
    message = json.dumps({"type": "once_witness", "src": "test", "data": court.data(1, fails=True)})
    queue.push_raw(message)
    letter = queue.dead_letter(message.encode())
    assert letter[b"reason"] == b"handler_failed"
    assert letter[b"detail"].startswith(b"RuntimeError: 1 fails (system/witness.py:")
    assert court.client.xlen("{queue:rtserver}:once:once_witness") == 0
    assert court.client.xlen("{queue:rtserver}:dead") == 1


def test_a_server_that_is_stopped_finishes_its_message_and_leaves_the_rest(
    server: RunningServer, queue: ServiceQueue, court: Court
) -> None:
    for n in (1, 2):
        queue.push("once_witness", court.data(n, waits=True))
    assert court.wait_begun() == 1
    server.signal(signal.SIGTERM)
    server.wait_said("going down")
    court.let_go()
    assert court.wait_handled(1) == [1]
    assert server.wait() == 0
    server.start()
    assert court.wait_begun() == 2
    court.let_go()
    assert court.wait_handled(1) == [2]
