"""Look-ups that are done together: who waits for whom, and who gets which answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from rtserver.user.session.look_up_batch import LookUpBatcher


class Oracle:
    """Answers each key with itself in capitals, when it is let; notes the batches."""

    def __init__(self, max_batch: int = 200) -> None:
        self.batches: list[tuple[str, ...]] = []
        self.errors: dict[str, Exception] = {}
        self.outage: BaseException | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_asked = asyncio.Event()
        self.batcher = LookUpBatcher[str](self._look_up_many, max_batch=max_batch)

    def ask(self, *keys: str) -> list[asyncio.Future[str]]:
        return [self.batcher.look_up(key) for key in keys]

    async def _look_up_many(self, keys: Sequence[str]) -> dict[str, str | Exception]:
        self.batches.append(tuple(keys))
        self.was_asked.set()
        await self.may_answer.wait()
        if self.outage is not None:
            raise self.outage
        return {key: self.errors.get(key, key.upper()) for key in keys}


def with_oracle(scenario: Callable[[Oracle], Awaitable[None]], max_batch: int = 200) -> None:
    async def run() -> None:
        await asyncio.wait_for(scenario(Oracle(max_batch)), 10)

    asyncio.run(run())


def test_what_is_asked_for_at_the_same_moment_is_looked_up_together() -> None:
    async def scenario(oracle: Oracle) -> None:
        assert await asyncio.gather(*oracle.ask("a", "b", "c")) == ["A", "B", "C"]
        assert oracle.batches == [("a", "b", "c")]

    with_oracle(scenario)


def test_what_is_asked_for_during_a_look_up_waits_for_the_next_one() -> None:
    async def scenario(oracle: Oracle) -> None:
        oracle.may_answer.clear()
        first = oracle.ask("a")
        await oracle.was_asked.wait()
        later = oracle.ask("b", "c", "a")
        oracle.may_answer.set()
        assert await asyncio.gather(*first, *later) == ["A", "B", "C", "A"]
        assert oracle.batches == [("a",), ("b", "c", "a")]

    with_oracle(scenario)


def test_a_look_up_begins_at_once_when_none_is_under_way() -> None:
    async def scenario(oracle: Oracle) -> None:
        for key in "abc":
            assert await oracle.batcher.look_up(key) == key.upper()
        assert oracle.batches == [("a",), ("b",), ("c",)]

    with_oracle(scenario)


def test_a_key_that_is_asked_for_twice_is_looked_up_once() -> None:
    async def scenario(oracle: Oracle) -> None:
        assert await asyncio.gather(*oracle.ask("a", "b", "a")) == ["A", "B", "A"]
        assert oracle.batches == [("a", "b")]

    with_oracle(scenario)


def test_batches_are_bounded_and_first_come_first_served() -> None:
    async def scenario(oracle: Oracle) -> None:
        assert await asyncio.gather(*oracle.ask(*"abcdefg")) == list("ABCDEFG")
        assert oracle.batches == [("a", "b", "c"), ("d", "e", "f"), ("g",)]

    with_oracle(scenario, max_batch=3)


def test_the_end_of_a_run_is_told_when_no_batch_follows() -> None:
    async def scenario(oracle: Oracle) -> None:
        ends: list[int] = []
        oracle.batcher = LookUpBatcher[str](
            oracle._look_up_many, max_batch=2, on_end=lambda: ends.append(len(oracle.batches))
        )
        for _ in range(2):
            await asyncio.gather(*oracle.ask(*"abcde"))
            await asyncio.sleep(0)
        assert ends == [3, 6]
        oracle.outage = OSError("away")
        await asyncio.gather(*oracle.ask("a"), return_exceptions=True)
        await asyncio.sleep(0)
        assert ends == [3, 6, 7]

    with_oracle(scenario)


def test_an_error_of_one_is_nobody_elses() -> None:
    async def scenario(oracle: Oracle) -> None:
        oracle.errors["b"] = ValueError("odd")
        answers = await asyncio.gather(*oracle.ask("a", "b", "c"), return_exceptions=True)
        assert answers == ["A", oracle.errors["b"], "C"]

    with_oracle(scenario)


def test_an_error_of_the_whole_batch_is_told_to_all_of_it_and_the_next_one_is_tried() -> None:
    async def scenario(oracle: Oracle) -> None:
        oracle.outage = OSError("away")
        answers = await asyncio.gather(*oracle.ask("a", "b", "c"), return_exceptions=True)
        assert [str(answer) for answer in answers] == ["away"] * 3
        oracle.outage = None
        assert await oracle.batcher.look_up("a") == "A"

    with_oracle(scenario)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_backend_that_exits_is_an_error_of_its_batch_and_does_not_end_the_loop(kind: type[BaseException]) -> None:
    async def scenario(oracle: Oracle) -> None:
        oracle.outage = kind("by a backend")
        with pytest.raises(RuntimeError, match=f"{kind.__name__}: by a backend"):
            await oracle.ask("a")[0]
        oracle.outage = None
        assert await oracle.ask("a")[0] == "A"

    with_oracle(scenario)


def test_one_who_leaves_takes_the_answer_from_nobody() -> None:
    async def scenario(oracle: Oracle) -> None:
        oracle.may_answer.clear()
        leaving, staying, also_staying = oracle.ask("a", "b", "a")
        await oracle.was_asked.wait()
        leaving.cancel()
        oracle.may_answer.set()
        assert await asyncio.gather(staying, also_staying) == ["B", "A"]

    with_oracle(scenario)


def test_nobody_is_left_waiting_when_the_executor_gives_up() -> None:
    async def scenario(oracle: Oracle) -> None:
        oracle.may_answer.clear()
        first = oracle.ask("a")
        await oracle.was_asked.wait()
        later = oracle.ask("b")
        oracle.outage = asyncio.CancelledError()
        oracle.may_answer.set()
        await asyncio.wait([*first, *later])
        assert first[0].cancelled()
        assert later[0].cancelled()

    with_oracle(scenario)


def test_nobody_is_left_waiting_for_an_answer_that_was_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async def forgetful(keys: Sequence[str]) -> dict[str, str]:
            return {"a": "A"}

        batcher = LookUpBatcher[str](forgetful)
        known, forgotten = batcher.look_up("a"), batcher.look_up("b")
        await asyncio.wait([known, forgotten])
        assert known.result() == "A"
        assert forgotten.cancelled()

    asyncio.run(scenario())
    assert "KeyError: 'b'" in caplog.text
