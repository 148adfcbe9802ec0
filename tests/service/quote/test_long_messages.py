"""A message of many items: others are served in the middle of it, and nothing is saved then."""

import pytest

from rtserver.base.bridge.message import Message, Subscribe
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote import slices
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.quote.slices import ITEMS_OF_A_LOOK
from rtserver.service.quote.tick import QuoteInfo, QuoteItem
from rtserver.service.user_commands import UserCommands
from tests.service.quote.memory_store import memory_store
from tests.service.quote.viewer import viewers_of
from tests.service_fakes import at_once, call_at_once

DAY_MS = 86_400_000
QUOTE = "X:ITEM"
DAYS = 10 * ITEMS_OF_A_LOOK


class Desk:
    """A QuoteCenter whose lane lets one viewer subscribe in each of its pauses, and the writer save."""

    def __init__(self) -> None:
        self.posted: list[Message] = []
        self.pauses = 0
        self.saved: set[int] = set()
        post = self.posted.append
        context = ServiceContext(
            post, UserCommands(post), at_once, call_later=call_at_once, pause=lambda _seconds: self._pause()
        )
        self.center = QuoteCenter(context, store_of=memory_store, picture_rows=DAYS)

    def _pause(self) -> None:
        self.pauses += 1
        assert self.center.store is not None
        writer, known = self.center.store.writer, self.center.books.get(QUOTE)
        saves = writer.saves
        writer.touch([QUOTE])
        writer.write()
        if writer.saves > saves and known is not None:
            self.saved.add(known.book.seq)
        self.center.on_subscribe(Subscribe(self.pauses, 1, "quotes", {"quote": QUOTE, "period": "1d"}))

    def tell(self, number: int) -> None:
        """Tell one message of bars of days, the last of which has an impossible time."""
        points = [[day * DAY_MS, 3, 3, 2, 4, 5] for day in range(DAYS - 1)]
        points.append([(DAYS + 5) * DAY_MS, 3])
        self.center.handle(f"{DAYS * DAY_MS}-{number}", "x", [QuoteItem(QUOTE, QuoteInfo(point)) for point in points])
        self.center.flush()


@pytest.fixture(autouse=True)
def _slices_of_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)


def test_subscribers_come_in_the_middle_of_a_message_and_miss_nothing() -> None:
    desk = Desk()
    desk.tell(1)
    viewers = viewers_of(desk.posted)
    assert len(viewers) == desk.pauses == 2 * (DAYS // ITEMS_OF_A_LOOK - 1)
    assert {len(viewer.rows) for viewer in viewers.values()} == {DAYS - 1}


def test_what_is_wrong_with_an_item_is_told_by_its_number_in_the_message() -> None:
    desk = Desk()
    desk.tell(1)
    [part] = desk.center.rejected_parts
    assert part.detail.startswith(f"item {DAYS - 1}: ")


def test_nothing_is_saved_in_the_middle_of_a_message() -> None:
    desk = Desk()
    desk.tell(1)
    desk.tell(2)
    assert desk.saved <= {0, DAYS - 1}
    assert DAYS - 1 in desk.saved


def test_a_short_message_is_taken_in_one_piece() -> None:
    desk = Desk()
    points = [[day * DAY_MS, 3] for day in range(ITEMS_OF_A_LOOK)]
    desk.center.handle(f"{DAYS * DAY_MS}-1", "x", [QuoteItem(QUOTE, QuoteInfo(point)) for point in points])
    assert desk.pauses == 0
