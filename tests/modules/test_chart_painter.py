"""The painter: what is drawn once for many, and what the messages look like."""

import json
from typing import Any, Literal

import pytest

from rtserver.base.bridge.message import Snapshot, Table, Update
from rtserver.base.wire.payload import Payload
from rtserver.modules.chart import BASE_COLUMNS
from rtserver.modules.chart_painter import ChartPainter
from rtserver.modules.chart_part import Part, within_page
from rtserver.modules.chart_request import ChartRequest
from rtserver.modules.look import Look

LINE = Look("c1", "line", "AAPL")


TABLE = Table(BASE_COLUMNS, ((1, 2, 2, 2, 2, None),))


def snapshot(agent: int = 1, ref: int = 1, topic: str = "t", seq: int = 1, table: Table = TABLE) -> Snapshot:
    return Snapshot(agent, ref, topic, seq, table)


def read(message: Payload) -> dict[str, Any]:
    return json.loads(message.data)


def test_a_snapshot_becomes_a_static_render_that_answers_the_request() -> None:
    message = read(ChartPainter("e1").render(snapshot(seq=5), LINE, "q-1"))
    assert (message["type"], message["id"]) == ("mycharts", "q-1")
    chart = message["data"].pop("chart")
    assert message["data"] == {"type": "render", "update": "static", "chart_id": "c1", "epoch": "e1", "seq": 5}
    assert chart["series"][0]["data"] == [[1, 2]]


def test_a_picture_says_the_time_zone_of_its_exchange() -> None:
    painter = ChartPainter("e1")
    told = read(painter.render(snapshot(table=Table(BASE_COLUMNS, TABLE.rows, zone="Asia/Tokyo")), LINE))
    assert told["data"]["chart"]["xAxis"] == {"type": "category", "data": [1], "zone": "Asia/Tokyo"}
    assert "zone" not in read(painter.render(snapshot(topic="other"), LINE))["data"]["chart"]["xAxis"]


def test_an_update_becomes_a_dynamic_render_with_the_number_of_its_last_row() -> None:
    _, draw = ChartPainter("e1").follow(snapshot(), LINE)
    update = Update("t", 7, ((2, 3, 3, 3, 3, None), (3, 4, 4, 4, 4, None)))
    assert draw(update) == (
        b'{"type":"mycharts","data":{"type":"render","update":"dynamic","chart_id":"c1",'
        b'"epoch":"e1","seq":7,"prev_seq":5,"chart":{"series":[[0,2,3],[0,3,4]]}}}'
    )


def test_rows_that_were_left_out_have_numbers_too() -> None:
    _, draw = ChartPainter("e1").follow(snapshot(), LINE)
    data = json.loads(draw(Update("t", 7, ((2, 3, 3, 3, 3, None),), left_out=4)))["data"]
    assert (data["prev_seq"], data["seq"]) == (2, 7)


@pytest.mark.parametrize("shape", ["line", "ohlc"])
def test_the_shortest_rows_that_a_page_is_asked_for_fill_it(shape: Literal["line", "ohlc"]) -> None:
    painter = ChartPainter("e1", page=8_192)
    request = ChartRequest("c1", "X", "AAPL", "static", shape=shape)
    part = within_page(Part(None, 1, 10_000), request, painter.page_bytes)
    rows = tuple((1_000_000_000 + number, 1, 1, 1, 1, None) for number in range(part.count or 0))
    look = Look.of_page(request, part, 1)
    page = read(painter.render(snapshot(table=Table(BASE_COLUMNS, rows)), look))["data"]
    assert len(rows) * 0.8 < len(page["chart"]["xAxis"]["data"]) < len(rows)
    assert page["older"] is True


def test_many_who_come_back_at_once_get_one_picture() -> None:
    painter = ChartPainter("e1")
    messages = [painter.render(snapshot(agent=agent, ref=agent), LINE, "chart-1") for agent in range(5000)]
    assert all(message is messages[0] for message in messages)


def test_requests_with_other_ids_share_the_picture_but_not_the_message() -> None:
    painter = ChartPainter("e1")
    first = read(painter.render(snapshot(), LINE))
    assert painter.is_drawn(snapshot(), LINE)
    messages = [read(painter.render(snapshot(), LINE, request_id)) for request_id in (0, 1, "1", "")]
    assert messages == [{**first, "id": request_id} for request_id in (0, 1, "1", "")]


def test_what_makes_a_picture_another_one_is_drawn_anew() -> None:
    painter = ChartPainter("e1")
    painter.render(snapshot(), LINE)
    looks = (
        Look("c2", "line", "AAPL"),
        Look("c1", "bar", "AAPL"),
        Look("c1", "line", "IBM"),
        Look(1, "line", "AAPL"),
        Look("1", "line", "AAPL"),
    )
    others = [(snapshot(topic="u"), LINE), (snapshot(seq=2), LINE), *((snapshot(), look) for look in looks)]
    for other, look in others:
        assert not painter.is_drawn(other, look)
        painter.render(other, look)


def test_another_table_of_the_same_number_is_drawn_anew() -> None:
    painter = ChartPainter("e1")
    first = painter.render(snapshot(), LINE, 1)
    corrected = snapshot(table=Table(BASE_COLUMNS, ((1, 3, 3, 3, 3, None),)))
    assert not painter.is_drawn(corrected, LINE)
    second = painter.render(corrected, LINE, 1)
    assert [read(message)["data"]["chart"]["series"][0]["data"] for message in (first, second)] == [
        [[1, 2]],
        [[1, 3]],
    ]


def test_the_painter_keeps_few_pictures_however_many_it_draws() -> None:
    painter = ChartPainter("e1", kept_pictures=3)
    messages = [painter.render(snapshot(seq=seq), LINE, seq) for seq in range(100)]
    assert [seq for seq in range(100) if painter.is_drawn(snapshot(seq=seq), LINE)] == [97, 98, 99]
    assert [painter.render(snapshot(seq=seq), LINE, seq) is messages[seq] for seq in (97, 98, 99)] == [True] * 3
    assert painter.render(snapshot(seq=96), LINE, 96) is not messages[96]


def test_those_who_see_the_same_updates_are_one_group() -> None:
    painter = ChartPainter("e1")
    group, _ = painter.follow(snapshot(), LINE)
    assert painter.follow(snapshot(agent=2, seq=9), LINE)[0] == group
    assert painter.follow(snapshot(), Look("c2", "line", "AAPL"))[0] != group
    assert painter.follow(snapshot(), Look("c1", "ohlc", "AAPL"))[0] != group


def test_a_picture_that_no_client_could_take_has_fewer_rows_the_newest() -> None:
    rows = tuple((label, 2, 2, 2, 2, None) for label in range(1_000, 3_000))
    whole = Snapshot(1, 1, "t", 2_000, Table(BASE_COLUMNS, rows))
    message = ChartPainter("e1", largest=10_000).render(whole, LINE, "q" * 64)
    assert 7_000 < len(message.data) <= 10_000
    chart = read(message)["data"]["chart"]
    labels = chart["xAxis"]["data"]
    assert labels == list(range(3_000 - len(labels), 3_000))
    assert [point[0] for point in chart["series"][0]["data"]] == labels


def test_where_not_even_a_row_fits_the_picture_is_empty() -> None:
    message = ChartPainter("e1", largest=1).render(snapshot(seq=5), LINE)
    assert read(message)["data"]["chart"]["series"][0]["data"] == []


PAGE = Look("c1", "line", "AAPL", is_paged=True, part=Part(count=500), before=3_000)


def many_rows(*, has_older: bool = False) -> Snapshot:
    rows = tuple((label, 2, 2, 2, 2, None) for label in range(1_000, 3_000))
    return Snapshot(1, 1, "t", 2_000, Table(BASE_COLUMNS, rows, has_older=has_older))


def test_a_page_has_the_series_of_the_chart_and_says_what_it_answers() -> None:
    painter = ChartPainter("e1")
    data = read(painter.render(snapshot(), PAGE, 9))["data"]
    chart = read(painter.render(snapshot(), LINE))["data"]["chart"]
    assert data == {"type": "more", "chart_id": "c1", "before": 3_000, "older": False, "chart": chart}


def test_a_picture_says_whether_there_are_older_rows_if_the_client_can_ask_for_them() -> None:
    paged = Look("c1", "line", "AAPL", is_paged=True)
    for has_older in (True, False):
        painter = ChartPainter("e1")
        assert read(painter.render(many_rows(has_older=has_older), paged))["data"]["older"] is has_older
        assert "older" not in read(painter.render(many_rows(has_older=has_older), LINE))["data"]


def test_a_page_that_is_too_long_keeps_the_newest_rows_and_says_that_there_are_older_ones() -> None:
    message = ChartPainter("e1", page=10_000).render(many_rows(), PAGE, "q" * 64)
    assert 7_000 < len(message.data) <= 10_000
    data = read(message)["data"]
    assert data["chart"]["xAxis"]["data"][-1] == 2_999
    assert data["older"] is True
    whole = ChartPainter("e1", page=10_000).render(many_rows(), LINE)
    assert len(read(whole)["data"]["chart"]["xAxis"]["data"]) == 2_000


def test_pictures_of_other_parts_and_pages_are_drawn_anew() -> None:
    painter = ChartPainter("e1")
    painter.render(snapshot(), PAGE)
    parts = (Part(count=501), Part(1, None, 500), Part(None, 1, 500))
    others = [Look("c1", "line", "AAPL", is_paged=True, part=part, before=3_000) for part in parts]
    for look in (*others, Look("c1", "line", "AAPL", is_paged=True, part=Part(count=500), before=2_000)):
        assert not painter.is_drawn(snapshot(), look)


def test_the_fields_of_a_quote_stand_in_its_picture_and_nothing_does_without_fields() -> None:
    quoted = Snapshot(1, 1, "t", 1, Table(BASE_COLUMNS, (), fields={"bid": 9.5, "open_interest": 12}))
    data = read(ChartPainter("e1").render(quoted, LINE))["data"]
    assert data["quote"] == {"bid": 9.5, "open_interest": 12}
    assert "quote" not in read(ChartPainter("e1").render(snapshot(), LINE))["data"]


def test_rows_before_a_label_that_is_no_moment_cannot_be_asked_for() -> None:
    painter = ChartPainter("e1")
    for label, is_dated, is_told in (("a5", True, False), ("09:30:01", False, False), ("09:30:01", True, True)):
        table = Table(BASE_COLUMNS, ((label, 1, 1, 1, 1, 1),), has_older=True)
        look = Look("c1", "line", "gold", is_paged=True, is_dated=is_dated)
        assert read(painter.render(snapshot(table=table), look))["data"]["older"] is is_told


def test_a_page_without_rows_is_the_last_one() -> None:
    look = Look("c1", "line", "gold", is_paged=True, before=0)
    empty = snapshot(table=Table(BASE_COLUMNS, (), has_older=True))
    assert read(ChartPainter("e1").render(empty, look))["data"]["older"] is False
