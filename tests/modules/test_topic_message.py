"""Rows of quotes for those who follow them as numbers."""

import json
from typing import Any

from rtserver.base.bridge.message import Snapshot, Table, Update
from rtserver.modules.chart import BASE_COLUMNS
from rtserver.modules.topic_message import snapshot_message, update_message

ROW = (100, 1, 1, 1, 1, None)


def data_of(message: bytes) -> dict[str, Any]:
    return json.loads(message)["data"]


def snapshot_of(table: Table) -> dict[str, Any]:
    return data_of(snapshot_message(Snapshot(1, 1, "t", 1, table), "t", "e1", None))["data"]


def test_an_update_has_its_corrected_rows_beside_the_new_ones() -> None:
    late = Update("t", 3, (ROW,), corrected=((99, 2, 2, 2, 2, None),), fields={"bid": 1})
    data = data_of(update_message("t", "e1", late))
    assert (data["corrected"], data["updates"]) == ([[99, 2, 2, 2, 2, None]], [list(ROW)])
    assert data["fields"] == {"bid": 1}


def test_everybody_has_a_gap_before_an_update_behind_which_older_rows_do_not_hold() -> None:
    data = data_of(update_message("t", "e1", Update("t", 3, (ROW,), needs_picture=True)))
    assert (data["prev_seq"], data["seq"], data["updates"]) == (None, 3, [list(ROW)])


def test_a_plain_update_and_a_plain_snapshot_are_as_ever() -> None:
    data = data_of(update_message("t", "e1", Update("t", 3, (ROW,))))
    assert set(data) == {"op", "topic_id", "epoch", "seq", "prev_seq", "updates"}
    assert set(snapshot_of(Table(BASE_COLUMNS, (ROW,)))) == {"columns", "rows", "decimals"}


def test_a_snapshot_says_that_there_are_older_rows_and_has_the_fields_of_the_quote() -> None:
    table = snapshot_of(Table(BASE_COLUMNS, (ROW,), has_older=True, fields={"ask": 2}))
    assert (table["older"], table["fields"]) == (True, {"ask": 2})
