"""The watch over log-ins: its knowledge of the site, and the time when it asks again."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rtserver.user.session.login_watch import PATIENCE_SECONDS, LoginWatch

FOREVER = 3600.0


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def watch_of(threads: ThreadPoolExecutor, probe: Callable[[], str], **options: object) -> LoginWatch:
    return LoginWatch(probe, threads, **options)  # type: ignore[arg-type]


def test_nobody_is_known_to_get_in_before_the_first_look(threads: ThreadPoolExecutor) -> None:
    watch = watch_of(threads, lambda: "")
    assert (watch.is_possible, watch.detail) == (False, "not known yet")


def test_trouble_is_told_once_and_so_is_its_end(
    threads: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answers = iter(["", "no table", "no table", "no database", "", ""])
    watch = watch_of(threads, lambda: next(answers))

    async def scenario() -> list[tuple[bool, str]]:
        seen = []
        for _ in range(6):
            await watch.look()
            seen.append((watch.is_possible, watch.detail))
        return seen

    possible, missing, away = (True, "possible"), (False, "no table"), (False, "no database")
    assert asyncio.run(scenario()) == [possible, missing, missing, away, possible, possible]
    assert [record.getMessage() for record in caplog.records] == [
        "! nobody can log in: no table",
        "! nobody can log in: no database",
        "= log-ins are possible again",
    ]


def test_a_look_that_does_not_come_back_is_trouble_after_a_while(threads: ThreadPoolExecutor) -> None:
    clock = Clock()
    answers = iter(["", "never"])
    watch = watch_of(threads, lambda: next(answers), clock=clock)

    async def scenario() -> list[bool]:
        await watch.look()
        begun = asyncio.ensure_future(watch.look())
        await asyncio.sleep(0)
        seen = [watch.is_possible]
        clock.now += PATIENCE_SECONDS + 1
        seen.append(watch.is_possible)
        assert watch.detail == "the site's sessions or users have not been read for 11 s"
        await begun
        return seen

    assert asyncio.run(scenario()) == [True, False]


def test_a_look_up_that_failed_has_the_site_asked_long_before_its_time(threads: ThreadPoolExecutor) -> None:
    asked = [asyncio.Event(), asyncio.Event()]

    async def scenario() -> None:
        loop, left = asyncio.get_running_loop(), iter(asked)

        def probe() -> str:
            loop.call_soon_threadsafe(next(left).set)
            return ""

        watch = watch_of(threads, probe, calm_seconds=FOREVER, troubled_seconds=0.0)
        running = asyncio.ensure_future(watch.run())
        async with asyncio.timeout(30):
            await asked[0].wait()
            watch.on_failure()
            await asked[1].wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())
