"""Errors that nobody has caught on an event loop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from rtserver.watch.loop_guard import VITAL, LoopGuard


class Scene:
    """A guard and what it said."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.guard = LoopGuard(asyncio.get_running_loop(), self.failures.append)


def run(scene: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await scene(Scene())

    asyncio.run(main())


async def some_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def fail() -> None:
    raise ValueError("no good")


def test_a_task_that_fails_is_a_failure_and_its_traceback_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(at: Scene) -> None:
        async def task() -> None:
            fail()

        at.guard.run(task())
        await some_turns()
        assert [str(failure) for failure in at.failures] == ["no good"]

    run(scene)
    assert "in fail" in caplog.text
    assert caplog.records[0].levelno == logging.CRITICAL


def test_a_task_that_ends_is_a_failure() -> None:
    async def scene(at: Scene) -> None:
        async def task() -> None:
            return

        at.guard.run(task())
        await some_turns()
        assert len(at.failures) == 1

    run(scene)


def test_a_task_that_is_cancelled_by_somebody_is_a_failure() -> None:
    async def scene(at: Scene) -> None:
        tasks: list[asyncio.Task[None] | None] = []

        async def task() -> None:
            tasks.append(asyncio.current_task())
            await asyncio.Event().wait()

        at.guard.run(task())
        await some_turns()
        assert tasks[0] is not None
        tasks[0].cancel()
        await some_turns()
        assert len(at.failures) == 1

    run(scene)


def test_at_the_end_tasks_are_cancelled_and_that_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(at: Scene) -> None:
        at.guard.run(asyncio.Event().wait())  # type: ignore[arg-type]
        await some_turns()
        at.guard.cancel()
        await some_turns()
        assert at.failures == []

    run(scene)
    assert not caplog.records


def test_what_fails_at_the_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(at: Scene) -> None:
        async def task() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                fail()

        at.guard.run(task())
        await some_turns()
        at.guard.cancel()
        await some_turns()
        assert at.failures == []

    run(scene)
    assert "in fail" in caplog.text


def test_a_callback_that_fails_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(at: Scene) -> None:
        asyncio.get_running_loop().call_soon(fail)
        await some_turns()
        assert at.failures == []
        assert at.guard.errors == 1

    run(scene)
    assert "in fail" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


def test_what_the_server_cannot_do_without_is_a_failure() -> None:
    async def scene(at: Scene) -> None:
        context = {"message": "the timers stopped", VITAL: True}
        asyncio.get_running_loop().call_exception_handler(context)
        asyncio.get_running_loop().call_exception_handler({**context, "exception": ValueError("why")})
        assert [str(failure) for failure in at.failures] == ["the timers stopped", "why"]
        assert at.guard.errors == 2

    run(scene)
