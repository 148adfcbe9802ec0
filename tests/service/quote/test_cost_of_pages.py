"""A page costs what it shows, however much the book of its quote has."""

import pytest

from rtserver.market.bar_block import decode_bars
from rtserver.market.book import bar_run
from rtserver.market.market_bar import Bar
from tests.service.quote.trading import MINUTE_MS, MONDAY_MS, QUOTE, Entry, Store, Worker

MINUTES = 20_000


@pytest.mark.parametrize("before", [MINUTES, MINUTES // 2])
def test_a_page_reads_no_more_than_its_bars(before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(Store(), 1_000, 100)
    worker.follow([minute(number) for number in range(MINUTES)], MINUTES)
    blocks: list[int] = []

    def counted(data: bytes) -> list[Bar]:
        bars = list(decode_bars(data))
        blocks.append(len(bars))
        return bars

    monkeypatch.setattr(bar_run, "decode_bars", counted)
    end_ms = MONDAY_MS + before * MINUTE_MS
    worker.subscribe((1, 1), {"quote": QUOTE, "period": "1m", "indicators": ["sma:3"], "end_ms": end_ms, "count": 5})
    worker.run_timers()

    assert [row[0] for row in worker.viewers[1, 1].rows] == [end_ms - k * MINUTE_MS for k in range(5, 0, -1)]
    assert sum(blocks) < MINUTES // 4


@pytest.mark.usefixtures("short_slices")
@pytest.mark.parametrize(
    "part", [{}, {"end_ms": MONDAY_MS + MINUTES * MINUTE_MS, "count": 300}], ids=["feed", "page"]
)
def test_a_long_book_is_decoded_in_pieces(part: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(Store(), 1_000, 300)
    worker.follow([minute(number) for number in range(MINUTES)], MINUTES)
    bar_run.opened.cache_clear()
    pieces = [0]

    def counted(data: bytes) -> list[Bar]:
        bars = list(decode_bars(data))
        pieces[-1] += len(bars)
        return bars

    monkeypatch.setattr(bar_run, "decode_bars", counted)
    worker.subscribe((1, 1), {"quote": QUOTE, "period": "1h", **part})
    while worker.timers:
        pieces.append(0)
        worker.run_timers()

    assert len(worker.viewers[1, 1].rows) == 300
    assert sum(pieces) > MINUTES * 0.8
    assert max(pieces) < MINUTES // 20


def minute(number: int) -> Entry:
    time = MONDAY_MS + number * MINUTE_MS
    return f"{time}-0", [{"quote": QUOTE, "info": {"point": [time, 100 + number % 7]}}]
