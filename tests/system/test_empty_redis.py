"""Redis comes back empty, its clock set back or not: pages get what is new, and hear that some may be missing."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.service_queue import BUS, ServiceQueue
from tests.system.test_resume import Page, order, push

OPTIONS = ("--no-demo-quotes", "--canary-seconds", "0")
CLOCKS = pytest.mark.parametrize("back_ms", [0, 120_000])


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[RedisProcess]:
    """A Redis that writes nothing to disk."""
    with RedisProcess(tmp_path, "--appendonly", "no") as process:
        yield process


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    yield page
    page.leave()


def set_clock_back(url: str, milliseconds: int) -> None:
    """Make all offsets given so far lie ahead of the clock by so much."""
    with redis.Redis.from_url(url) as client:
        [(newest, _)] = client.xrevrange(BUS, count=1)
        time, number = order(newest.decode())
        raw = b'{"type":"pushuser","src":"t","data":{"user_id":99,"type":"n","data":0}}'
        client.xadd(BUS, {"raw": raw}, id=f"{time + milliseconds}-{number + 1}")


def begin_anew(process: RedisProcess) -> None:
    process.kill()
    process.start()


def push_around_clock(page: Page, queue: ServiceQueue, redis_url: str, back_ms: int) -> None:
    """Push one message before the clock is set back and one after, and read both."""
    push(queue, "before")
    page.read_until(1)
    set_clock_back(redis_url, back_ms)
    push(queue, "the last")
    page.read_until(2)


@CLOCKS
def test_a_page_that_comes_back_after_it_gets_what_came_since_and_is_told(
    forgetful: RedisProcess, tmp_path: Path, page: Page, back_ms: int
) -> None:
    with (
        RunningServer(forgetful.url, tmp_path / "var", unused_port(), *OPTIONS) as server,
        ServiceQueue(forgetful.url) as queue,
    ):
        page.resume(server, DemoLogin(server.url))
        push_around_clock(page, queue, forgetful.url, back_ms)
        server.stop(signal.SIGKILL)
        begin_anew(forgetful)
        server.start()
        push(queue, "while away")
        queue.wait_until_taken()
        queue.wait_until_saved()
        lost = page.resume(server, DemoLogin(server.url))
        push(queue, "live")
        page.read_until(4)
        assert page.got == ["before", "the last", "while away", "live"]
        assert (lost["type"], lost["data"]["reason"], lost["data"]["count"]) == ("resume_lost", "unknown", 1)
        assert page.resume(server, DemoLogin(server.url))["type"] == "resumed"
        server.stop(signal.SIGKILL)  # quicker


@CLOCKS
def test_a_page_that_is_open_across_it_gets_what_comes_next_and_is_told(
    forgetful: RedisProcess, tmp_path: Path, page: Page, back_ms: int
) -> None:
    with (
        RunningServer(forgetful.url, tmp_path / "var", unused_port(), *OPTIONS) as server,
        ServiceQueue(forgetful.url) as queue,
    ):
        page.resume(server, DemoLogin(server.url))
        push_around_clock(page, queue, forgetful.url, back_ms)
        begin_anew(forgetful)
        while page.ends[-1] != "missed":
            page.read()
        push(queue, "next")
        page.read_until(3)
        assert page.got == ["before", "the last", "next"]
        assert page.ends == [None, "missed"]
        # Whoever comes later is told once, and not at each connection.
        late = Page("1362150000000-1")
        told = [late.resume(server, DemoLogin(server.url))["type"] for _ in range(2)]
        late.leave()
        assert (told, late.got) == (["resume_lost", "resumed"], ["next"])
        server.stop(signal.SIGKILL)  # quicker
