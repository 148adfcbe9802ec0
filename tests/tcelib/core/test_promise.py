"""The answer of a call that is still to come."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Never

import pytest

from tcelib import RPCERROR_TIMEOUT, RpcException, RpcPromise
from tcelib.core.chain import RpcAsyncContext

DEADLINE = 10.0


class Loop:
    """Waits in asyncio, as a transport does."""

    def is_stop(self, error: BaseException) -> bool:
        return False

    def wait(self, promise: RpcPromise[Any], timeout: float | None) -> Never:
        raise RuntimeError("use await")

    def future(self, promise: RpcPromise[Any]) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        promise.add_done_callback(lambda _: future.set_result(None))
        return future


class Threads:
    """Waits in a thread."""

    def is_stop(self, error: BaseException) -> bool:
        return False

    def wait(self, promise: RpcPromise[Any], timeout: float | None) -> None:
        done = threading.Event()
        promise.add_done_callback(lambda _: done.set())
        done.wait(timeout)

    def future(self, promise: RpcPromise[Any]) -> Never:
        raise RuntimeError("use get")


def test_a_promise_is_done_once() -> None:
    promise: RpcPromise[Any] = RpcPromise()
    assert not promise.done()

    promise.set_result("first")
    promise.set_result("second")
    promise.set_exception(RpcException(1))

    assert promise.done()
    assert promise.result() == "first"
    assert promise.exception() is None


def test_an_exception_is_raised_by_whoever_asks_for_the_result() -> None:
    promise: RpcPromise[Any] = RpcPromise()
    error = RpcException(6, "no")
    promise.set_exception(error)
    promise.set_result("late")

    assert promise.exception() is error
    with pytest.raises(RpcException, match="no"):
        promise.result()
    with pytest.raises(RpcException, match="no"):
        promise.get()


def test_callbacks_are_called_in_order_and_those_that_come_late_at_once() -> None:
    promise: RpcPromise[Any] = RpcPromise()
    seen: list[object] = []
    promise.add_done_callback(lambda done: seen.append(("a", done.result())))
    promise.add_done_callback(lambda done: seen.append(("b", done.result())))
    promise.set_result(None)
    promise.add_done_callback(lambda done: seen.append(("c", done.result())))

    assert seen == [("a", None), ("b", None), ("c", None)]


def test_a_callback_that_raises_is_logged_and_the_others_are_called(caplog: pytest.LogCaptureFixture) -> None:
    promise: RpcPromise[Any] = RpcPromise()
    seen: list[object] = []
    promise.add_done_callback(lambda done: 1 / 0)
    promise.add_done_callback(seen.append)

    promise.set_result(1)

    assert seen == [promise]
    assert "ZeroDivisionError" in caplog.text


class Stoppable(Loop):
    """A transport that sorts errors which are no ``Exception``."""

    def is_stop(self, error: BaseException) -> bool:
        return isinstance(error, KeyboardInterrupt)


def test_a_callback_that_exits_costs_the_others_nothing_unless_the_program_is_meant(
    caplog: pytest.LogCaptureFixture,
) -> None:
    promise: RpcPromise[Any] = RpcPromise(Stoppable())
    seen: list[object] = []

    def leave(done: RpcPromise[Any], error: BaseException) -> Never:
        raise error

    promise.add_done_callback(partial(leave, error=SystemExit(0)))
    promise.add_done_callback(seen.append)
    promise.set_result(1)
    assert seen == [promise]
    assert "SystemExit" in caplog.text
    with pytest.raises(KeyboardInterrupt):
        promise.add_done_callback(partial(leave, error=KeyboardInterrupt()))


@pytest.mark.parametrize("is_early", [True, False])
def test_a_promise_may_be_awaited(is_early: bool) -> None:
    async def run() -> str:
        promise: RpcPromise[Any] = RpcPromise(Loop())
        if is_early:
            promise.set_result("answer")
        else:
            asyncio.get_running_loop().call_soon(promise.set_result, "answer")
        return await promise

    assert asyncio.run(run()) == "answer"


def test_awaiting_raises_what_the_call_ended_with() -> None:
    async def run() -> None:
        promise: RpcPromise[Any] = RpcPromise(Loop())
        asyncio.get_running_loop().call_soon(promise.set_exception, RpcException(104))
        await promise

    with pytest.raises(RpcException) as caught:
        asyncio.run(run())
    assert caught.value.errcode == 104


def test_a_thread_waits_for_another_one() -> None:
    promise: RpcPromise[Any] = RpcPromise(Threads())
    thread = threading.Thread(target=promise.set_result, args=("answer",))
    thread.start()
    try:
        assert promise.get(DEADLINE) == "answer"
    finally:
        thread.join()


def note(number: int, calls: list[int], promise: RpcPromise[Any]) -> None:
    calls.append(number)


def test_callbacks_added_while_another_thread_completes_are_called_exactly_once() -> None:
    for _ in range(200):
        promise: RpcPromise[Any] = RpcPromise()
        calls = []
        thread = threading.Thread(target=promise.set_result, args=(1,))
        thread.start()
        for number in range(5):
            promise.add_done_callback(partial(note, number, calls))
        thread.join()
        assert sorted(calls) == [0, 1, 2, 3, 4]


def test_waiting_ends_with_timeout_and_the_promise_may_be_done_later() -> None:
    promise: RpcPromise[Any] = RpcPromise(Threads())
    with pytest.raises(RpcException) as caught:
        promise.get(0)
    assert caught.value.errcode == RPCERROR_TIMEOUT

    promise.set_result("late")

    assert promise.get(0) == "late"


def test_a_promise_of_no_connection_cannot_be_waited_for() -> None:
    with pytest.raises(RuntimeError, match="belongs to no connection"):
        RpcPromise().get(1)
    RpcPromise().end()


def test_the_chain_of_a_call_begins_with_its_answer() -> None:
    seen: list[object] = []
    promise: RpcPromise[Any] = RpcPromise(Threads())
    promise.cookie = "c"
    promise.then(lambda ctx: (seen.append((ctx.result, ctx.data, ctx.promise.data, ctx.cookie)), ctx.onNext()))
    promise.then(lambda ctx: seen.append(ctx.exception))
    promise.end()
    assert seen == []

    promise.set_result("answer")

    assert seen == [("answer", "answer", "answer", "c"), None]


def test_the_chain_of_a_call_that_failed_begins_with_its_error() -> None:
    seen: list[object] = []
    promise: RpcPromise[Any] = RpcPromise(Threads())
    error = RpcException(2)
    fork = promise.then(lambda ctx: seen.append("not me")).error(
        lambda ctx: (seen.append(ctx.exception), ctx.onNext())
    )
    fork.final(lambda ctx: seen.append("fork"))
    promise.final(lambda ctx: seen.append("fin"))

    promise.set_exception(error)

    assert seen == [error, "fork", "fin"]


@pytest.mark.parametrize(("is_late", "is_good"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_chain_is_the_same_whether_the_answer_comes_before_it_or_after(is_late: bool, is_good: bool) -> None:
    seen: list[object] = []
    promise: RpcPromise[Any] = RpcPromise(Threads())

    def complete() -> None:
        promise.set_result(1) if is_good else promise.set_exception(RpcException(6))

    def note(name: str) -> Callable[[RpcAsyncContext], tuple[None, None]]:
        return lambda ctx: (seen.append(name), ctx.onNext())

    if not is_late:
        complete()
    promise.then(note("a")).then(note("b")).error(note("e")).then(note("f")).final(note("fin"))
    if is_late:
        complete()

    assert seen == (["a", "b"] if is_good else ["e", "f", "fin"])


def test_a_fork_stands_for_the_same_answer() -> None:
    promise: RpcPromise[Any] = RpcPromise(Threads())
    fork = promise.error(lambda ctx: None)
    forks_fork = fork.error(lambda ctx: None)
    seen: list[object] = []
    forks_fork.add_done_callback(seen.append)
    assert not fork.done()

    promise.set_result("answer")

    assert fork.done()
    assert fork.get(0) == forks_fork.result() == "answer"
    assert fork.exception() is None
    assert seen == [promise]
