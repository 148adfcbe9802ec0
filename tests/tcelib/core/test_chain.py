"""Chains of callbacks (TCE protocol, section 6.5). A to E are its golden traces."""

from collections.abc import Callable
from typing import Any, Never

import pytest

from tcelib import RpcPromise
from tcelib.core.chain import RpcAsyncContext


class Trace:
    """Makes callbacks that write down their name and go on."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __str__(self) -> str:
        return " ".join(self.lines)

    def _step(self, name: str, go_on: Callable[[RpcAsyncContext], None]) -> Callable[[RpcAsyncContext], None]:
        def callback(ctx: RpcAsyncContext) -> None:
            self.lines.append(name)
            go_on(ctx)

        return callback

    def next(self, name: str) -> Callable[[RpcAsyncContext], None]:
        return self._step(name, lambda ctx: ctx.onNext())

    def fail(self, name: str) -> Callable[[RpcAsyncContext], None]:
        return self._step(name, lambda ctx: ctx.onError())

    def last(self, name: str) -> Callable[[RpcAsyncContext], None]:
        return self._step(name, lambda ctx: None)


@pytest.fixture
def trace() -> Trace:
    return Trace()


def test_a_errors_of_errors_return_to_where_they_came_from(trace: Trace) -> None:
    def first(ctx: RpcAsyncContext) -> None:
        trace.lines.append("1.1")
        ctx.promise.data = "abc"
        ctx.onNext()

    def second(ctx: RpcAsyncContext) -> None:
        trace.lines.append(f"1.2({ctx.promise.data})")
        ctx.onError()

    def end(ctx: RpcAsyncContext) -> None:
        trace.lines.append(f"final({'null' if ctx.promise.data is None else ctx.promise.data})")

    outer: RpcPromise[Any] = RpcPromise()
    middle = outer.then(first).then(second).error(trace.fail("2.1"))
    middle.error(trace.next("3.1"))
    middle.then(trace.next("2.2"))
    outer.then(trace.next("1.3")).final(end)

    outer.end()

    assert str(trace) == "1.1 1.2(abc) 2.1 3.1 2.2 1.3 final(null)"


def test_b_callbacks_follow_one_another_and_final_is_last(trace: Trace) -> None:
    RpcPromise().then(trace.next("s1")).then(trace.next("s2")).final(trace.last("fin")).end()

    assert str(trace) == "s1 s2 fin"


def test_c_an_error_skips_what_was_there_when_its_fork_was_made(trace: Trace) -> None:
    promise: RpcPromise[Any] = RpcPromise().then(trace.fail("s1")).then(trace.next("s2"))
    promise.error(trace.next("e1"))
    promise.then(trace.next("s3")).final(trace.last("fin"))

    promise.end()

    assert str(trace) == "s1 e1 s3 fin"


def test_d_an_error_that_nobody_handles_ends_the_chain(trace: Trace) -> None:
    RpcPromise().then(trace.fail("s1")).then(trace.next("s2")).final(trace.last("fin")).end()

    assert str(trace) == "s1 fin"


def test_e_a_joined_chain_skips_what_was_there_when_it_joined(trace: Trace) -> None:
    sub: RpcPromise[Any] = RpcPromise().then(trace.next("sub"))
    promise: RpcPromise[Any] = RpcPromise().then(trace.next("m1")).then(trace.next("m2"))
    promise.join(sub)
    promise.then(trace.next("m3")).final(trace.last("fin"))

    sub.end()

    assert str(trace) == "sub m3 fin"


def test_then_and_final_give_the_same_promise_and_error_another(trace: Trace) -> None:
    promise: RpcPromise[Any] = RpcPromise()

    assert promise.then(trace.next("a")) is promise
    assert promise.final(trace.last("fin")) is promise
    fork = promise.error(trace.next("e"))
    assert fork is not promise
    assert isinstance(fork, RpcPromise)


def test_a_chain_without_callbacks_ends_at_once(trace: Trace) -> None:
    RpcPromise().final(trace.last("fin")).end()

    assert str(trace) == "fin"


def test_a_callback_that_does_not_go_on_holds_the_chain_until_somebody_does(trace: Trace) -> None:
    kept = []
    RpcPromise().then(kept.append).then(trace.next("s2")).end()
    assert str(trace) == ""

    kept[0].onNext()

    assert str(trace) == "s2"


def test_each_error_takes_the_next_fork(trace: Trace) -> None:
    promise: RpcPromise[Any] = RpcPromise().then(trace.fail("s1"))
    promise.error(trace.next("e1"))
    promise.then(trace.next("s2"))
    promise.error(trace.next("e2"))
    promise.final(trace.last("fin"))

    promise.end()

    assert str(trace) == "s1 e1 s2 fin"


def test_the_final_callback_of_a_fork_is_called_before_the_chain_goes_on(trace: Trace) -> None:
    promise: RpcPromise[Any] = RpcPromise().then(trace.fail("s1"))
    promise.error(trace.next("e1")).final(trace.last("fork-fin"))
    promise.then(trace.next("s2")).final(trace.last("fin"))

    promise.end()

    assert str(trace) == "s1 e1 fork-fin s2 fin"


def test_again_runs_the_last_callback_once_more(trace: Trace) -> None:
    def twice(ctx: RpcAsyncContext) -> None:
        trace.lines.append("try")
        if len(trace.lines) < 3:
            ctx.again()
        else:
            ctx.onNext()

    RpcPromise().then(twice).then(trace.next("s2")).end()

    assert str(trace) == "try try try s2"


def test_again_after_a_fork_goes_back_to_the_fork(trace: Trace) -> None:
    attempts = []

    def flaky(ctx: RpcAsyncContext) -> None:
        attempts.append(ctx.promise)
        if len(attempts) == 1:
            ctx.again()
        else:
            ctx.onNext()

    promise: RpcPromise[Any] = RpcPromise().then(trace.fail("s1"))
    fork = promise.error(flaky)
    promise.then(trace.next("s2")).end()

    assert attempts == [fork, fork]
    assert str(trace) == "s1 s2"


def test_a_callback_that_raises_goes_the_way_of_an_error(trace: Trace, caplog: pytest.LogCaptureFixture) -> None:
    seen = []

    def bad(ctx: RpcAsyncContext) -> Never:
        raise ValueError("no")

    promise: RpcPromise[Any] = RpcPromise().then(bad).then(trace.next("s2"))
    promise.error(lambda ctx: seen.append(ctx.exception))
    promise.end()

    assert [str(error) for error in seen] == ["no"]
    assert str(trace) == ""
    assert "callback of a promise raised" in caplog.text


def test_a_callback_that_raises_after_it_went_on_is_only_logged(
    trace: Trace, caplog: pytest.LogCaptureFixture
) -> None:
    def late(ctx: RpcAsyncContext) -> None:
        ctx.onNext()
        raise ValueError("no")

    promise: RpcPromise[Any] = RpcPromise().then(late).then(trace.next("s2"))
    promise.error(trace.next("e1"))
    promise.final(trace.last("fin")).end()

    assert str(trace) == "s2 fin"
    assert "callback of a promise raised" in caplog.text


def test_a_final_callback_that_raises_is_logged_and_called_once(caplog: pytest.LogCaptureFixture) -> None:
    calls = []

    def bad(ctx: RpcAsyncContext) -> None:
        calls.append(ctx)
        raise ValueError("no")

    RpcPromise().final(bad).end()

    assert len(calls) == 1
    assert "callback of a promise raised" in caplog.text


def test_what_is_added_to_a_chain_that_has_ended_is_run_at_once(trace: Trace) -> None:
    promise: RpcPromise[Any] = RpcPromise().then(trace.next("s1"))
    promise.end()
    promise.then(trace.next("s2"))
    promise.error(trace.next("e1"))
    promise.then(trace.next("s3")).final(trace.last("fin"))

    assert str(trace) == "s1 s2 s3 fin"


def test_an_error_callback_added_after_an_error_has_ended_the_chain_is_run_at_once(trace: Trace) -> None:
    promise: RpcPromise[Any] = RpcPromise().then(trace.fail("s1"))
    promise.end()
    promise.then(trace.next("s2"))
    promise.error(trace.next("e1")).final(trace.last("fin"))

    assert str(trace) == "s1 e1 fin"


def test_a_chain_joined_to_one_that_has_ended_goes_on_at_once(trace: Trace) -> None:
    sub: RpcPromise[Any] = RpcPromise().then(trace.next("sub"))
    sub.end()
    promise: RpcPromise[Any] = RpcPromise().then(trace.next("m1"))
    promise.join(sub)
    promise.then(trace.next("m2"))

    assert str(trace) == "sub m2"
