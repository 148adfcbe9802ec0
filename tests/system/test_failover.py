"""A failover to a replica that lagged, with real Sentinels: what Redis has lost is counted and told, and no more."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.sentinel_group import SentinelGroup
from tests.service_queue import BUS, ServiceQueue
from tests.system.test_resume import Page, metrics, order, push
from tests.until import until

OPTIONS = ("--no-demo-quotes", "--canary-seconds", "0", "--worker")
STREAM = "{queue:rtserver}:user:1"
CURSOR = "{queue:rtserver}:kept:pushuser"
CLOCK_BEHIND_MS = 120_000
SHORT, LOST, LATER = 10, 30, 20


@pytest.fixture
def group(tmp_path: Path) -> Iterator[SentinelGroup]:
    with SentinelGroup(tmp_path / "sentinels") as group:
        yield group


@pytest.fixture
def pages() -> Iterator[list[Page]]:
    pages = [Page(), Page()]
    yield pages
    for page in pages:
        page.leave()


def lost(*servers: RunningServer) -> int:
    """Return the sum of the losses that the servers have counted."""
    return sum(int(metrics(server)["rtserver_bus_lost_total"]) for server in servers)


def turn_clock_forward(url: str) -> None:
    """All ids from now on are ahead of the clock: the next primary's will be behind by as much."""
    with redis.Redis.from_url(url) as client:
        [(newest, _)] = client.xrevrange(BUS, count=1)
        milliseconds, number = order(newest.decode())
        raw = b'{"type":"pushuser","src":"t","data":{"user_id":99,"type":"n","data":0}}'
        client.xadd(BUS, {"raw": raw}, id=f"{milliseconds + CLOCK_BEHIND_MS}-{number + 1}")


def test_a_failover_to_a_replica_that_lagged_loses_what_it_did_not_have_and_tells_whom_it_concerns(
    group: SentinelGroup, tmp_path: Path, pages: list[Page]
) -> None:
    numbers = list(range(SHORT + LOST + LATER + 1))
    var = tmp_path / "var"
    with (
        RunningServer(group.address, var, unused_port(), *OPTIONS, "one") as one,
        RunningServer(group.address, var, unused_port(), *OPTIONS, "two") as two,
    ):
        servers = (one, two)
        login = DemoLogin(one.url)
        for page, server in zip(pages, servers, strict=True):
            page.resume(server, login)
        with ServiceQueue(group.url) as queue:
            push(queue, *numbers[:SHORT])
        for page in pages:
            page.read_until(SHORT)
        group.wait_synced()
        away = pages[0].newest
        group.stop_replication()
        turn_clock_forward(group.url)
        with ServiceQueue(group.url) as queue:
            push(queue, *numbers[SHORT : SHORT + LOST])
        for page in pages:
            page.read_until(SHORT + LOST)
        last_seen = pages[0].newest
        group.kill_primary()

        until(lambda: lost(*servers) > 0, "the loss is noticed")
        with ServiceQueue(group.url) as queue, redis.Redis.from_url(group.url) as client:
            push(queue, *numbers[SHORT + LOST : -1])
            for page in pages:
                page.read_until(SHORT + LOST + LATER)
                assert page.got == numbers[:-1]
            until(lambda: client.xlen(STREAM) == SHORT + LATER, "all that comes is kept")
            assert lost(*servers) == LOST + 1  # with the one that turned the clock
            check_resumes(two, login, away, last_seen)
            queue.wait_until_saved()
            one.stop(signal.SIGKILL)
            one.start()
            pages[0].connect(one, login)
            push(queue, numbers[-1])
            for page in pages:
                page.read_until(len(numbers))
                assert page.got == numbers
            assert lost(one) == 0  # what is not there any more was handled before
        for server in servers:
            server.stop(signal.SIGKILL)  # quicker


def test_copies_that_the_new_primary_does_not_have_are_told_although_its_bus_is_whole(
    tmp_path: Path, pages: list[Page]
) -> None:
    """The moment between two writes of a message's way, made by hand: a replica may have the first one alone."""
    behind, ahead = pages
    with (
        RedisProcess(tmp_path) as process,
        process.client() as client,
        RunningServer(process.url, tmp_path / "var", unused_port(), *OPTIONS, "one") as server,
        ServiceQueue(process.url) as queue,
    ):
        login = DemoLogin(server.url)
        for page in pages:
            page.resume(server, login)
        push(queue, "a")
        for page in pages:
            page.read_until(1)
        behind.leave()
        kept = {name: client.dump(name) for name in (STREAM, CURSOR)}
        push(queue, "b")
        ahead.read_until(2)
        ahead.leave()
        with client.pipeline() as transaction:
            for name, dump in kept.items():
                transaction.restore(name, 0, dump, replace=True)
            transaction.execute()
        push(queue, "c")
        until(lambda: client.xlen(STREAM) == 2, "what comes then is kept")
        told = [page.resume(server, login)["type"] for page in pages]
        assert (told, behind.got, ahead.got) == (["resume_lost", "resumed"], ["a", "c"], ["a", "b", "c"])
        server.stop(signal.SIGKILL)  # quicker


def check_resumes(server: RunningServer, login: DemoLogin, away: str | None, last_seen: str | None) -> None:
    """Assert that a client who had seen all hears of no loss, and that one who had not does."""
    in_between = f"{order(last_seen or '')[0]}-{order(last_seen or '')[1] - 5}"
    told = {}
    for place in (away, in_between, last_seen):
        page = Page(place)
        told[place] = page.resume(server, login)
        page.leave()
    assert [told[place]["type"] for place in (away, in_between, last_seen)] == [
        "resume_lost",
        "resume_lost",
        "resumed",
    ]
    assert {told[place]["data"]["count"] for place in told} == {LATER}
