"""What becomes of messages when a server is killed: real processes, and no goodbye."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import unused_port
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.system.witness import Court

SERVICES = ("--no-demo-quotes", "--services", "tests.system.witness:Witness")


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
    with RunningServer(redis_url, tmp_path, unused_port(), *SERVICES) as server:
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
    assert queue.waiting() == []
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
