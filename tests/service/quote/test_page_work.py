"""Pages beyond their rows: what is kept of them, and who waits for whose work."""

from typing import Any

import pytest

from rtserver.service.quote import pages
from rtserver.service.quote.feed_history import FeedHistory
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
