"""The thread that keeps a lease, with a real Redis."""

import threading
import time
from collections.abc import Callable, Iterator

import gevent
import pytest

from tcelib.lease.keeper import LeaseKeeper, Life
from tcelib.lease.port import NameTakenError, Registration, RegistryAwayError
from tcelib.lease.redis import RedisLeases
from tcelib.lease.renewal import RenewalThread, steady_clock
from tcelib.redis.redis_connection import plain_client
from tests.until import until

SECONDS = 1.5
PATIENCE = 30.0


@pytest.fixture
def leases(redis_url: str) -> Iterator[RedisLeases]:
    """The registry, for the test itself."""
    with plain_client(redis_url) as client:
        yield RedisLeases(client, "queue:test")


@pytest.fixture
def make_thread(redis_url: str) -> Iterator[Callable[..., RenewalThread]]:
    """Makes threads of holders of one name, and ends them."""
    threads: list[RenewalThread] = []

    def make(life: Life = Life.UNKNOWN, url: str = redis_url, **more: object) -> RenewalThread:
        keeper = LeaseKeeper(
            RedisLeases(plain_client(url), "queue:test"),
            Registration("worker", "a", since=time.time(), holds=("user",)),
            clock=steady_clock,
            seconds=SECONDS,
            look_at=lambda process: life,
        )
        threads.append(RenewalThread(keeper, **more))  # type: ignore[arg-type]
        return threads[-1]

    yield make
    for thread in threads:
        assert thread.stop(PATIENCE)


def test_a_holder_is_there_when_its_start_returns_and_gone_when_its_stop_does(
    leases: RedisLeases, make_thread: Callable[..., RenewalThread]
) -> None:
    thread = make_thread()
    thread.start(PATIENCE)
    thread.hold("user", "1")
    assert thread.is_held
    until(lambda: leases.where("user", ["1"]), "the user is where the holder is")
    assert thread.stop(PATIENCE)
    assert not thread.is_held
    assert leases.holders() == []
    assert not leases.bury()


def test_a_holder_whose_hub_is_blocked_keeps_its_lease(
    leases: RedisLeases, make_thread: Callable[..., RenewalThread]
) -> None:
    thread = make_thread()
    thread.start(PATIENCE)
    [before] = leases.holders()
    begun = time.monotonic()
    greenlet = gevent.spawn(time.sleep, 2 * SECONDS)  # blocks this thread, as a servant may
    greenlet.join()
    assert time.monotonic() - begun >= 2 * SECONDS
    assert [holder.number for holder in leases.holders()] == [before.number]
    assert thread.is_held


def test_a_storm_of_users_is_a_handful_of_commands(
    leases: RedisLeases, make_thread: Callable[..., RenewalThread], redis_url: str
) -> None:
    thread = make_thread()
    thread.start(PATIENCE)
    with plain_client(redis_url) as client:
        client.call("CONFIG", "RESETSTAT")
        for number in range(10_000):
            thread.hold("user", f"{number}")
        until(lambda: leases.holders()[0].counts == {"user": 10_000}, "all users are told")
        told = client.call("INFO", "commandstats")["cmdstat_sadd"]["calls"]
    assert 10 <= told <= 30


def test_a_second_one_of_the_name_is_refused_at_its_start(make_thread: Callable[..., RenewalThread]) -> None:
    ends: list[BaseException] = []
    make_thread().start(PATIENCE)
    with pytest.raises(NameTakenError):
        make_thread(Life.ALIVE, on_end=ends.append).start(PATIENCE)
    with pytest.raises(NameTakenError):
        make_thread(Life.UNKNOWN, on_end=ends.append).start(PATIENCE)
    assert ends == []


def test_a_holder_whose_name_was_taken_while_it_had_no_lease_is_told(
    leases: RedisLeases, make_thread: Callable[..., RenewalThread]
) -> None:
    ends: list[BaseException] = []
    make_thread(Life.ALIVE, on_end=ends.append).start(PATIENCE)
    [before] = leases.holders()
    leases.join(Registration("worker", "a"), 60.0, replaces=before.number)
    until(lambda: ends, "it is told")
    assert isinstance(ends[0], NameTakenError)


def test_a_start_does_not_wait_for_a_redis_that_is_away(
    make_thread: Callable[..., RenewalThread], free_port: int
) -> None:
    thread = make_thread(url=f"redis://127.0.0.1:{free_port}/0")
    thread.start(PATIENCE)
    assert not thread.is_held


def test_the_registry_answers_questions_of_other_threads(
    make_thread: Callable[..., RenewalThread], free_port: int
) -> None:
    thread = make_thread()
    thread.start(PATIENCE)
    assert len(thread.ask(lambda leases: leases.holders()).result(PATIENCE)) == 1
    lost = make_thread(url=f"redis://127.0.0.1:{free_port}/0")
    lost.start(PATIENCE)
    with pytest.raises(RegistryAwayError):
        lost.ask(lambda leases: leases.holders()).result(PATIENCE)


def test_a_fault_of_the_thread_is_told(make_thread: Callable[..., RenewalThread]) -> None:
    ends: list[BaseException] = []
    is_told = threading.Event()

    def on_end(error: BaseException) -> None:
        ends.append(error)
        is_told.set()

    thread = make_thread(on_end=on_end)
    thread.start(PATIENCE)
    thread.hold("user", [])  # type: ignore[arg-type]  # no item can be that
    assert is_told.wait(PATIENCE)
    assert isinstance(ends[0], TypeError)


def test_a_question_that_fails_costs_its_asker_and_not_the_lease(make_thread: Callable[..., RenewalThread]) -> None:
    ends: list[BaseException] = []
    thread = make_thread(on_end=ends.append)
    thread.start(PATIENCE)
    with pytest.raises(ZeroDivisionError):
        thread.ask(lambda leases: 1 / 0).result(PATIENCE)
    assert len(thread.ask(lambda leases: leases.holders()).result(PATIENCE)) == 1
    assert ends == []
