"""Pictures and pages for which the history has to be read: the viewer is told that they take long."""

from collections.abc import Callable

import pytest

from rtserver.base.bridge.message import Delayed, Message, Snapshot, Subscribe
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.quote.tick import QuoteInfo, QuoteItem
from rtserver.service.user_commands import UserCommands
from tests.service.quote.memory_store import memory_store


class Desk:
    """A center whose greenlets begin when the test says so."""

    def __init__(self) -> None:
        self.posted: list[Message] = []
        self.later: list[Callable[[], object]] = []
        post = self.posted.append
        context = ServiceContext(
            post,
            UserCommands(post),
            lambda fn, *args: fn(*args),
            call_later=lambda _seconds, call: self.later.append(call),
        )
        self.center = QuoteCenter(context, store_of=memory_store)

    def ask(self, ref: int, **more: object) -> None:
        self.center.on_subscribe(Subscribe(1, ref, "quotes", {"quote": "DEMO:AAPL", **more}))

    def tick(self) -> None:
        self.center.handle("120000-0", "x", [QuoteItem("DEMO:AAPL", QuoteInfo([1, 10]))])

    def take(self) -> list[tuple[type[Message], int]]:
        """The messages since the last look: their kind and the ref that they answer."""
        taken = [(type(message), message.ref) for message in self.posted if isinstance(message, Delayed | Snapshot)]
        self.posted.clear()
        return taken

    def read(self) -> None:
        """Let the greenlets work."""
        later, self.later = self.later, []
        for call in later:
            call()


@pytest.mark.parametrize("part", [{}, {"end_ms": 60_000}], ids=["picture", "page"])
def test_each_who_waits_for_a_history_is_told_so_and_answered_when_it_is_read(part: dict[str, int]) -> None:
    desk = Desk()
    for ref in (1, 2):
        desk.ask(ref, period=60, **part)
        assert desk.take() == [(Delayed, ref)]
    desk.read()  # the quote
    assert set(desk.take()) == {(Delayed, 1), (Delayed, 2)}
    desk.read()  # its bars
    assert sorted(desk.take(), key=str) == [(Snapshot, 1), (Snapshot, 2)]


@pytest.mark.parametrize("part", [{}, {"end_ms": 60_000}], ids=["picture", "page"])
def test_what_ticks_are_enough_for_is_answered_at_once(part: dict[str, int]) -> None:
    desk = Desk()
    desk.tick()
    desk.ask(1, period=0, **part)
    assert desk.take() == [(Snapshot, 1)]
