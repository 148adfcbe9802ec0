"""Exceptions that escape a handler: the server's own stop, or a failure with a text for its dead letter."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rtserver.base.failure.cancellation import is_cancelled
from rtserver.base.failure.containment import MAX_TEXT, StopRequest, describe, is_stop


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001
        return caught


def raised_while(first: BaseException, then: BaseException, cause: Any = None) -> BaseException:
    try:
        try:
            raise first
        finally:
            raise then from cause
    except BaseException as caught:  # noqa: BLE001
        return caught


def test_the_stop_is_known_whatever_was_raised_in_answer_to_it() -> None:
    assert is_stop(raised(StopRequest()))
    assert is_stop(raised_while(StopRequest(), KeyError()))
    assert is_stop(raised_while(StopRequest(), KeyError(), ValueError()))


@pytest.mark.parametrize("error", [SystemExit(), GeneratorExit(), KeyboardInterrupt(), asyncio.CancelledError()])
def test_what_a_handler_raises_by_itself_is_no_stop(error: BaseException) -> None:
    assert not is_stop(raised(error))
    assert not is_stop(raised_while(KeyError(), error))


def test_a_description_has_type_text_and_the_innermost_place() -> None:
    text = describe(raised(KeyError("price")))
    assert text.startswith("KeyError: 'price' (failure/test_containment.py:")
    assert text.endswith(" in raised)")
    assert describe(KeyError("never raised")) == "KeyError: 'never raised'"


def test_a_description_is_short_and_can_be_encoded() -> None:
    text = describe(raised(ValueError("\ud800" + 10_000 * "x")))
    assert text.startswith("ValueError: ?x")
    assert text.endswith(" in raised)")
    assert len(text) < MAX_TEXT + 100


class NamelessType(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise SystemExit


class UnspeakableError(Exception, metaclass=NamelessType):
    """Answers every question about itself with an exception."""

    @property
    def __context__(self) -> None:  # type: ignore[override]
        raise SystemExit

    __traceback__ = __class__ = __context__  # type: ignore[assignment]

    def __str__(self) -> str:
        raise SystemExit


class OddText(str):
    def __getitem__(self, key: Any) -> Any:
        raise SystemExit


class OddError(Exception):
    def __str__(self) -> str:
        return OddText("odd")


def test_whatever_an_exception_says_of_itself_it_is_described() -> None:
    error = raised(UnspeakableError())
    assert not is_stop(error)
    assert describe(error).startswith(
        "UnspeakableError: its text cannot be had: SystemExit (failure/test_containment.py:"
    )
    assert describe(raised(OddError())).startswith("OddError: odd (")


def awaited(pending: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[bool]]:
    """Return a coroutine function that awaits ``pending``, which raises, and gives the verdict."""

    async def verdict() -> bool:
        try:
            await pending()
        except BaseException as error:  # noqa: BLE001
            return is_cancelled(error)
        raise AssertionError("it did not raise")

    return verdict


@pytest.mark.parametrize("error", [SystemExit(), GeneratorExit(), KeyboardInterrupt(), asyncio.CancelledError()])
def test_what_an_awaited_handler_raises_by_itself_cancels_nobody(error: BaseException) -> None:
    async def handler() -> None:
        await asyncio.sleep(0)
        raise error

    assert asyncio.run(awaited(handler)()) is False  # type: ignore[arg-type]


def test_a_task_that_is_cancelled_knows_it() -> None:
    async def run() -> bool:
        task = asyncio.ensure_future(awaited(asyncio.Event().wait)())
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(run()) is True


def test_a_coroutine_that_is_closed_knows_it() -> None:
    verdicts = []

    async def handler() -> None:
        await asyncio.sleep(10)

    async def awaiting() -> None:
        try:
            await handler()
        except BaseException as error:
            verdicts.append(is_cancelled(error))
            raise

    async def run() -> None:
        coroutine = awaiting()
        coroutine.send(None)
        coroutine.close()

    asyncio.run(run())
    assert verdicts == [True]
