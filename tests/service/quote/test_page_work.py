"""Pages beyond their rows: what is kept of them, and who waits for whose work."""

from typing import Any

import pytest

from rtserver.base.bridge.message import Snapshot, Subscribe
from rtserver.base.limit.steps import finish
from rtserver.service.quote import pages
from rtserver.service.quote.feed_history import FeedHistory
from rtserver.service.quote.turns import Turns
from tests.service.quote.desk import Desk
from tests.service.quote.trading import MONDAY_MS, QUOTE, Store, Worker


def page(before: int, **more: Any) -> dict[str, Any]:
    return {"quote": QUOTE, "period": "1m", "end_ms": MONDAY_MS + before, "count": 5, **more}


def new_worker() -> Worker:
    worker = Worker(Store(), 1_000, 100)
    worker.follow([(f"{MONDAY_MS}-0", [{"quote": QUOTE, "info": {"point": [MONDAY_MS, 100]}}])], 1)
    return worker


def test_of_pages_without_rows_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "KEPT_CELLS", 1_000)
    worker = new_worker()
    for number in range(50):
        worker.subscribe((1, number), page(-1_000_000 - number))
        worker.run_timers()
        assert worker.viewers[1, number].rows == []

    worker.subscribe((1, 50), page(-1_000_000))
    assert worker.center.pages.found == 0
    worker.subscribe((1, 51), page(-1_000_049))
    assert worker.center.pages.found == 1


def test_a_page_that_nobody_waits_for_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[object] = []
    monkeypatch.setattr(FeedHistory, "read", lambda *args: reads.append(args))
    worker = new_worker()
    worker.subscribe((1, 1), page(0))
    worker.leave((1, 1))
    worker.run_timers()
    assert reads == []

    worker.subscribe((1, 2), page(0))
    worker.subscribe((1, 3), page(0))
    worker.leave((1, 2))
    worker.run_timers()
    assert len(reads) == 1
    assert list(worker.viewers) == [(1, 3)]


@pytest.mark.parametrize("period", ["1m", "5m"])
def test_a_page_that_waits_for_its_turn_has_no_hole_where_bars_are_dropped_meanwhile(
    period: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(history_bytes=1)
    minute = 60_000
    end = MONDAY_MS + 300 * minute
    desk.tell([[MONDAY_MS + number * minute, 5] for number in range(70)])
    desk.save()
    waiting: list[Any] = []
    monkeypatch.setattr(Turns, "drive", lambda _turns, steps, _share: waiting.append(steps))
    desk.center.on_subscribe(Subscribe(1, 1, "quotes", {"quote": "X:ITEM", "period": period, "end_ms": end}))
    desk.run_later()
    desk.tell([[MONDAY_MS + number * minute, 5] for number in range(70, 400)])
    desk.save()
    for _ in range(3):
        desk.center.on_done(desk.center.books.stamp)
    first = desk.center.books.by_key["X:ITEM"].book.bars.finished("1m").first_label
    assert first is not None
    assert first > MONDAY_MS + 70 * minute, "bars were dropped"
    finish(waiting.pop())
    rows = next(each for each in desk.posted if isinstance(each, Snapshot)).payload.rows
    length = minute if period == "1m" else 5 * minute
    assert [row[0] for row in rows] == [MONDAY_MS + number * length for number in range(70 * minute // length)]
    assert sum(row[5] for row in rows) == 70

    monkeypatch.undo()
    desk.picture(2, period=period, end_ms=end)
    assert desk.center.pages.found == 0, "the page of before is not kept"
