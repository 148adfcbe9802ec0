"""A QuoteCenter on a store in memory, and everything that it posted."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from rtserver.base.bridge.message import Message, Refused, Row, Snapshot, Subscribe, Table, Unsubscribe, Update
from rtserver.history.memory_history import MemoryHistory, MemoryStates
from rtserver.history.port import HistorySource
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.user_commands import UserCommands
from tests.service.quote.memory_store import memory_store
from tests.service.quote.viewer import Viewer

MONDAY = 1_767_571_200_000
"""2026-01-05T00:00Z."""
QUOTE = "X:ITEM"
DECODER = msgspec.json.Decoder(QuoteCenter.data_type)


class Desk:
    """One worker. Another one with the same ``states`` goes on from what this one has saved."""

    def __init__(
        self,
        states: tuple[MemoryHistory, MemoryStates] | None = None,
        source: HistorySource | None = None,
        **bounds: Any,
    ) -> None:
        history = MemoryHistory()
        self.states = states or (history, MemoryStates(history))
        self.posted: list[Message] = []
        self.later: list[Callable[[], object]] = []
        context = ServiceContext(
            self.posted.append,
            UserCommands(self.posted.append),
            lambda fn, *args: fn(*args),
            call_later=lambda _seconds, call: self.later.append(call),
        )
        self.center = QuoteCenter(
            context, store_of=lambda books: memory_store(books, *self.states, source=source), **bounds
        )
        self._entry = 0

    def tell(
        self, points: Iterable[list[Any]], quote: str = QUOTE, *, now_ms: int = MONDAY + 30 * 86_400_000
    ) -> None:
        """Put one message on the bus, with a volume of 1 for each price."""
        items = [{"quote": quote, "info": {"point": point, "volume": 1}} for point in points]
        self._entry += 1
        entry = f"{now_ms}-{self._entry}"
        self.center.handle(entry, "x", DECODER.decode(msgspec.json.encode(items)))
        self.center.flush()
        self.center.on_done(entry)

    def save(self) -> None:
        assert self.center.store is not None
        self.center.store.writer.write()

    def picture(self, agent: int = 1, **request: Any) -> Table:
        """Subscribe, and return the picture."""
        answer = self.ask(agent, **request)
        assert isinstance(answer, Snapshot), answer
        table: Table = answer.payload
        return table

    def watch(self, agent: int = 1, **request: Any) -> Viewer:
        """Subscribe, and return the viewer, who has the picture."""
        answer = self.ask(agent, **request)
        assert isinstance(answer, Snapshot), answer
        return Viewer(answer)

    def ask(self, agent: int = 1, **request: Any) -> Snapshot | Refused:
        """Subscribe, and return the answer."""
        self.posted.clear()
        self.center.on_subscribe(Subscribe(agent, 1, "quotes", {"quote": QUOTE, **request}))
        self.run_later()
        return next(each for each in reversed(self.posted) if isinstance(each, Snapshot | Refused))

    def run_later(self) -> None:
        while self.later:
            later, self.later = self.later, []
            for call in later:
                call()

    def leave(self, agent: int = 1) -> None:
        self.center.on_unsubscribe(Unsubscribe(agent, 1, "quotes"))

    def deliver(self, *viewers: Viewer) -> None:
        """Give viewers the updates since the last call."""
        for message in self.posted:
            for viewer in viewers:
                if isinstance(message, Update) and message.topic == viewer.topic:
                    viewer.on_update(message)
        self.posted.clear()


def labels(rows: Iterable[Row]) -> list[Any]:
    return [row[0] for row in rows]
