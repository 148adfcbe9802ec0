"""A bar of ticks that has more ticks than are kept: late ones still go into it."""

import pytest

from rtserver.market.book.quote_book import BookRules
from tests.service.quote.desk import MONDAY, Desk

BEGIN = MONDAY // 90_000 * 90_000 + 90_000


@pytest.mark.parametrize("is_together", [True, False])
def test_a_late_tick_goes_into_a_bar_that_has_lost_its_first_ticks(is_together: bool) -> None:
    desk = Desk(rules=BookRules(tail_ticks=40))
    desk.tell([[BEGIN - 1_000, 10]])
    viewer = desk.watch(period=90, indicators=["sma:2"])
    points = [[BEGIN + 500 * number, 20] for number in range(100)]
    points += [[BEGIN + 47_000, 99], [BEGIN + 50_000, 20], [BEGIN + 48_000, 1], [BEGIN + 51_000, 30]]
    for some in [points] if is_together else [[point] for point in points]:
        desk.tell(some)
        desk.deliver(viewer)
    assert viewer.rows[-1] == (BEGIN, 20, 30, 1, 99, 104, 20)
    desk.tell([[BEGIN + 90_000, 40], [BEGIN + 89_000, 30]])
    desk.deliver(viewer)
    assert [row[:5] for row in viewer.rows[-2:]] == [(BEGIN, 20, 30, 1, 99), (BEGIN + 90_000, 40, 40, 40, 40)]


def test_a_late_tick_behind_more_ticks_than_are_kept_costs_no_row(short_slices: None) -> None:
    desk = Desk(rules=BookRules(tail_ticks=40))
    desk.tell([[BEGIN, 10]])
    viewer = desk.watch(period=30, indicators=["sma:2"])
    desk.tell([[BEGIN + 30_000 * number, number] for number in range(1, 10)])
    desk.tell([[BEGIN + 280_000, 9], [BEGIN + 275_000, 9]])
    for number in range(10, 60):
        desk.tell([[BEGIN + 30_000 * number, number]])
    desk.tell([[BEGIN + 30_000 * 59 - 1_000, 99]])
    desk.run_later()
    desk.deliver(viewer)
    assert [row[0] for row in viewer.rows] == [BEGIN + 30_000 * number for number in range(60)]


@pytest.mark.parametrize("period", [1, 7, 30, 90])
def test_a_late_tick_in_an_earlier_bar_that_is_not_kept_calls_for_a_new_picture(period: int) -> None:
    desk = Desk(rules=BookRules(tail_ticks=40))
    desk.tell([[BEGIN - 100_000, 10]])
    viewer = desk.watch(period=period, indicators=["sma:2"])
    for number in range(70):
        desk.tell([[BEGIN + 60_000 + 500 * number, 20 + number]])
    desk.tell([[BEGIN + 94_000, 1]])
    desk.deliver(viewer)
    assert not viewer.needs_picture
    late = BEGIN + 62_000
    desk.tell([[late, 99], [BEGIN + 95_000, 5]])
    desk.deliver(viewer)
    assert viewer.needs_picture
    again, other = (desk.watch(agent, period=period, indicators=["sma:2"]) for agent in (1, 2))
    assert again.rows == other.rows
    assert all(row[0] > late - period * 1_000 for row in again.rows)
    desk.tell([[BEGIN + 95_500, 7], [late, 98], [BEGIN + 190_000, 8]])
    desk.deliver(again, other)
    assert not again.needs_picture
    assert again.rows == other.rows == list(desk.picture(3, period=period, indicators=["sma:2"]).rows)
