"""The painter: what is drawn once for many, and what the messages look like."""

import json
from typing import Any

from rtserver.base.bridge.message import Snapshot, Table, Update
from rtserver.base.wire.payload import Payload
from rtserver.modules.chart import BASE_COLUMNS
from rtserver.modules.chart_painter import ChartPainter, Look

LINE = Look("c1", "line", "AAPL")


def snapshot(agent: int = 1, ref: int = 1, topic: str = "t", seq: int = 1, label: int = 1) -> Snapshot:
    return Snapshot(agent, ref, topic, seq, Table(BASE_COLUMNS, ((label, 2, 2, 2, 2, None),)))


def read(message: Payload) -> dict[str, Any]:
    return json.loads(message.data)


def test_a_snapshot_becomes_a_static_render_that_answers_the_request() -> None:
    message = read(ChartPainter("e1").render(snapshot(seq=5), LINE, "q-1"))
    assert (message["type"], message["id"]) == ("mycharts", "q-1")
    chart = message["data"].pop("chart")
    assert message["data"] == {"type": "render", "update": "static", "chart_id": "c1", "epoch": "e1", "seq": 5}
    assert chart["series"][0]["data"] == [[1, 2]]


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
