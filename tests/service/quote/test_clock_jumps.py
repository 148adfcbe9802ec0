"""A clock that jumps back on a worker that lags: each tick counts once, although the store has later ones already."""

from typing import Any

import pytest

from rtserver.history.port import StateChange
from tests.service.quote.desk import MONDAY, Desk
from tests.service.quote.viewer import Viewer, is_same

QUOTE = "X:CLOCK:20260105"
PERIODS: tuple[float | str, ...] = (0, 60, 300, "1d")
INDICATORS = ["sma:3", "vwap"]

MORNING = [f"12:{minute:02}:00" for minute in range(50)]
JUMP = [*(f"12:10:{second:02}" for second in range(3, 10)), "12:30:05", "12:50:00", "12:52:00", "12:54:10"]
"""The first one is not believed. The last ones finish the minutes that the others have opened again."""

TICKS = len(MORNING) + len(JUMP) - 1


def say(desk: Desk, labels: list[str]) -> None:
    for label in labels:
        desk.tell([[label, 100 + len(label) % 7 + int(label[-1])]], QUOTE, now_ms=MONDAY)


def watch_all(desk: Desk) -> list[Viewer]:
    return [
        desk.watch(10 + place, quote=QUOTE, period=period, indicators=INDICATORS)
        for place, period in enumerate(PERIODS)
    ]


def pictures(desk: Desk) -> list[Any]:
    return [
        desk.picture(30 + place, quote=QUOTE, period=period, indicators=INDICATORS).rows
        for place, period in enumerate(PERIODS)
    ]


def assert_same(ours: list[Any], theirs: list[Any], *, may_lack_cells: bool) -> None:
    """Compare rows. A feed that has let go its oldest bars leaves cells empty that depend on them."""
    for one, other in zip(ours, theirs, strict=True):
        assert [row[0] for row in one] == [row[0] for row in other]
        for row, right in zip(one, other, strict=True):
            cells = (None if may_lack_cells and mine is None else cell for mine, cell in zip(row, right, strict=True))
            assert is_same(row, tuple(cells))


@pytest.mark.parametrize("saved", range(len(JUMP) + 1))
@pytest.mark.parametrize("is_watched", [True, False])
def test_a_worker_that_lags_counts_each_tick_once(saved: int, is_watched: bool) -> None:
    ahead = Desk()
    say(ahead, MORNING)
    ahead.save()
    lagging = Desk(states=ahead.states)
    if is_watched:
        viewers = watch_all(lagging)
    else:
        say(lagging, MORNING)
        viewers = []
    lagging.posted.clear()
    if is_watched:
        say(lagging, MORNING)
    say(ahead, JUMP[:saved])
    ahead.save()
    say(ahead, JUMP[saved:])
    for label in JUMP:
        say(lagging, [label])
        lagging.run_later()
    right = pictures(ahead)
    lagging.deliver(*viewers)
    if is_watched:
        assert_same([viewer.rows for viewer in viewers], right, may_lack_cells=True)
    else:
        assert_same(pictures(lagging), right, may_lack_cells=False)
    known = lagging.center.books.get(QUOTE)
    assert known is not None
    assert known.book.seq == TICKS
    assert [bar.volume for bar in known.book.bars.read("1d")] == [TICKS]


def test_a_message_whose_ticks_wait_for_minutes_is_not_saved_in_half(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    say(desk, MORNING)
    desk.save()
    again = Desk(states=desk.states)
    store = again.center.store
    assert store is not None
    saved: list[tuple[str, int]] = []
    save = desk.states[1].save

    def note(changes: list[StateChange]) -> list[int]:
        saved.extend((change.stamp, change.seq) for change in changes)
        return save(changes)

    monkeypatch.setattr(desk.states[1], "save", note)
    say(again, MORNING)
    load = store.reader.read

    def read_while_the_writer_writes(*args: Any) -> Any:
        store.writer.write()
        return load(*args)

    monkeypatch.setattr(store.reader, "read", read_while_the_writer_writes)
    again.tell([["12:49:30", 5], [JUMP[0], 5], [JUMP[1], 5]], QUOTE, now_ms=MONDAY)
    again.save()
    assert saved == [(f"{MONDAY}-51", 52)]


@pytest.mark.parametrize("is_watched", [True, False])
def test_who_comes_after_a_jump_behind_what_a_feed_has_kept_gets_all_its_rows(is_watched: bool) -> None:
    hour = 3_600_000
    before = Desk()
    before.tell([[MONDAY - 120 * hour + 60_000 * number, 5] for number in range(7_200)], QUOTE, now_ms=MONDAY)
    for number in range(120):
        before.tell([[f"{8 + number // 12:02}:{number % 12 * 5:02}:00", 6]], QUOTE, now_ms=MONDAY)
    before.save()
    desk = Desk(states=before.states, feed_linger_seconds=60)
    viewer = desk.watch(1, quote=QUOTE, period="1h", indicators=["sma:3"])
    assert len(viewer.rows) == 130
    for second in range(5):
        desk.tell([[f"10:10:{second:02}", 7]], QUOTE, now_ms=MONDAY + 1)
        desk.run_later()
    if not is_watched:
        desk.leave(1)
    late = desk.watch(2, quote=QUOTE, period="1h", indicators=["sma:3"])
    assert len(late.rows) == 130
    assert sum(row[5] for row in late.rows) == desk.center.books.by_key[QUOTE].book.seq == 7_200 + 119 + 4
