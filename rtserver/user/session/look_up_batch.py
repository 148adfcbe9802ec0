"""Batches of look-ups: those that are asked for during one run together in the next.

A lone look-up begins at once; batches grow with the load. Belongs to the event loop's thread.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from rtserver.base.failure.containment import as_exception

Answer = TypeVar("Answer")
Outcomes = Mapping[str, Answer | Exception]
Asked = list[tuple[str, asyncio.Future[Answer]]]

MAX_BATCH = 200


class LookUpBatcher(Generic[Answer]):
    """Calls ``look_up_many`` with up to ``max_batch`` different keys, one call at a time.

    Its result has the answer of each key, or the error to raise. An exception of the call is raised for every key.
    ``on_end`` is called behind a batch that no other one follows.
    """

    def __init__(
        self,
        look_up_many: Callable[[Sequence[str]], Awaitable[Outcomes[Answer]]],
        *,
        max_batch: int = MAX_BATCH,
        on_end: Callable[[], object] = lambda: None,
    ) -> None:
        self._look_up_many = look_up_many
        self._on_end = on_end
        self._max_batch = max_batch
        self._waiting: Asked[Answer] = []
        self._asked: Asked[Answer] = []  # the running batch
        self._work: asyncio.Task[None] | None = None

    def look_up(self, key: str) -> asyncio.Future[Answer]:
        """Return the key's answer, from a look-up that begins after this call."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if self._work is None:
            self._begin()
        return answer

    def _begin(self) -> None:
        self._work = asyncio.ensure_future(self._answer_batch())
        self._work.add_done_callback(self._on_done)

    async def _answer_batch(self) -> None:
        self._asked = self._waiting[: self._max_batch]
        del self._waiting[: self._max_batch]
        keys = tuple(dict.fromkeys(key for key, _ in self._asked))
        outcomes: Outcomes[Answer]
        try:
            outcomes = await self._look_up_many(keys)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 (raised for every key)
            outcomes = dict.fromkeys(keys, as_exception(error))
        for key, answer in self._asked:
            outcome = outcomes[key]
            if answer.done():
                continue  # the asker has gone
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    def _on_done(self, work: asyncio.Task[None]) -> None:
        self._work = None
        if work.cancelled():
            # The event loop or the executor has ended: no look-up will be answered.
            self._asked += self._waiting
            self._waiting.clear()
        for _, answer in self._asked:
            answer.cancel()  # has no effect on answered ones
        self._asked = []
        if self._waiting:
            self._begin()
        else:
            self._on_end()
