"""Drawings of updates with corrected rows, for charts that take them and for others."""

import json
from collections.abc import Hashable
from typing import Any

import pytest

from rtserver.base.bridge.message import Row, Update
from rtserver.modules.chart import BASE_COLUMNS, Chart
from rtserver.modules.chart_update import MOST_CORRECTED, ChartUpdates
from rtserver.modules.look import Look


def row(label: int, price: int = 1) -> Row:
    return (label, price, price, price, price, None)


class Desk:
    """One group of charts, and the groups that need a new picture."""

    def __init__(self, *, takes_corrections: bool) -> None:
        self.stale: list[tuple[str, Hashable]] = []
        look = Look("c1", "line", "AAPL", takes_corrections=takes_corrections)
        note = lambda topic, group: self.stale.append((topic, group))  # noqa: E731
        self.updates = ChartUpdates(Chart("line", BASE_COLUMNS, "AAPL"), look, "e1", note)

    def draw(self, update: Update) -> dict[str, Any]:
        """The data of the message."""
        return json.loads(self.updates(update))["data"]


LATE = Update("t", 3, (row(9, 3),), corrected=(row(5, 2), row(6, 2)))


def test_a_chart_that_takes_corrections_is_sent_them_before_the_new_rows() -> None:
    desk = Desk(takes_corrections=True)
    data = desk.draw(LATE)
    assert data["chart"]["series"] == [[0, 5, 2], [0, 6, 2], [0, 9, 3]]
    assert (data["prev_seq"], data["seq"]) == (2, 3)
    assert desk.stale == []


def test_another_chart_is_sent_the_new_rows_only_and_needs_a_new_picture() -> None:
    desk = Desk(takes_corrections=False)
    assert desk.draw(LATE)["chart"]["series"] == [[0, 9, 3]]
    assert desk.stale == [("t", desk.updates.group)]


def test_corrected_rows_alone_are_nothing_to_send_to_a_chart_that_does_not_take_them() -> None:
    alone = Update("t", 3, (), corrected=(row(5),))
    desk = Desk(takes_corrections=False)
    assert desk.updates(alone) == b""
    assert len(desk.stale) == 1
    data = Desk(takes_corrections=True).draw(alone)
    assert (data["prev_seq"], data["seq"], data["chart"]["series"]) == (3, 3, [[0, 5, 1]])


def test_an_update_without_rows_says_that_the_quote_is_alive() -> None:
    for takes_corrections in (True, False):
        data = Desk(takes_corrections=takes_corrections).draw(Update("t", 3, ()))
        assert (data["update"], data["prev_seq"], data["seq"], data["chart"]) == ("dynamic", 3, 3, {"series": []})


def test_very_many_corrected_rows_are_a_new_picture_for_everybody() -> None:
    desk = Desk(takes_corrections=True)
    corrected = tuple(row(label) for label in range(MOST_CORRECTED + 1))
    assert desk.draw(Update("t", 3, (row(900),), corrected=corrected))["chart"]["series"] == [[0, 900, 1]]
    assert desk.stale == [("t", desk.updates.group)]


@pytest.mark.parametrize("takes_corrections", [True, False])
def test_where_older_rows_do_not_hold_any_more_everybody_needs_a_new_picture(
    takes_corrections: bool,
) -> None:
    desk = Desk(takes_corrections=takes_corrections)
    update = Update("t", 3, (row(9, 3),), corrected=(row(8),), needs_picture=True)
    assert desk.draw(update)["chart"]["series"] == [[0, 9, 3]]
    assert desk.stale == [("t", desk.updates.group)]


def test_charts_that_take_corrections_are_a_group_of_their_own() -> None:
    assert Desk(takes_corrections=True).updates.group != Desk(takes_corrections=False).updates.group


def test_fields_of_the_quote_stand_beside_the_chart() -> None:
    fields = {"bid": 9.5, "ask": 10}
    assert Desk(takes_corrections=False).draw(Update("t", 3, (row(9),), fields=fields))["quote"] == fields
