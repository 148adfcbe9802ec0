"""Objects that a page held, and the growth that counts."""

import json
from dataclasses import replace

import pytest

from bench.page.producer import message, price_now
from soak.heap.report import MOST_GROWTH, HeapReading, complaints, growth, row
from soak.heap.snapshot import sizes

READING = HeapReading(
    minute=3.0,
    page_bytes=9_500_000,
    code_bytes=8_000_000,
    browser_bytes=2_500_000,
    nodes=500,
    listeners=65,
    messages=1_000,
)


def test_a_page_that_stays_as_it_is_has_not_grown() -> None:
    assert complaints([READING] * 9) == []


def test_what_goes_up_and_down_has_not_grown() -> None:
    readings = [replace(READING, browser_bytes=2_500_000 + number % 3 * 2_000_000) for number in range(30)]
    assert complaints(readings) == []


def test_code_that_v8_compiles_meanwhile_is_no_leak() -> None:
    readings = [replace(READING, code_bytes=8_000_000 + number * 100_000) for number in range(30)]
    assert complaints(readings) == []
    assert growth(readings)["code_bytes"] == 2_000_000


def test_a_page_that_grows_every_minute_is_found() -> None:
    readings = [replace(READING, page_bytes=READING.page_bytes + number * 25_000) for number in range(30)]
    assert growth(readings)["page_bytes"] == 2 * MOST_GROWTH
    assert complaints(readings) == ["page_bytes grew by 0.5 MB"]


def test_one_listener_more_is_found() -> None:
    readings = [READING] * 6 + [replace(READING, listeners=66)] * 3
    assert complaints(readings) == ["listeners grew by 1"]


def test_nodes_come_and_go_and_are_found_where_they_stay() -> None:
    assert complaints([READING] * 6 + [replace(READING, nodes=800)] * 3) == []
    assert complaints([READING] * 6 + [replace(READING, nodes=801)] * 3) == ["nodes grew by 301"]


def test_two_readings_say_nothing() -> None:
    assert complaints([READING] * 2) == ["too short to tell: fewer than three readings after the warm-up"]


def test_a_reading_is_a_row() -> None:
    assert row(READING) == "| 3.0 | 9.50 | 8.00 | 2.50 | 500 | 65 | 1,000 |"


def test_a_snapshot_is_added_up_by_what_its_nodes_are() -> None:
    kinds = ["object", "string", "code", "object shape", "native", "synthetic"]
    meta = {"node_fields": ["type", "name", "self_size"], "node_types": [kinds, "string", "number"]}
    nodes = [[0, 7, 100], [1, 8, 20], [2, 9, 3_000], [3, 9, 400], [4, 9, 50_000], [0, 7, 6], [5, 9, 0]]
    text = json.dumps({"snapshot": {"meta": meta}, "nodes": [field for node in nodes for field in node]})
    assert sizes(text) == (126, 3_400, 50_000)


def test_what_is_no_snapshot_is_not_taken_for_an_empty_one() -> None:
    for text in ("", "{}", '{"snapshot": {}, "nodes": []}'):
        with pytest.raises((ValueError, KeyError)):
            sizes(text)


def test_a_price_of_the_producer_is_one_that_the_page_can_tell_the_age_of() -> None:
    assert 100 <= price_now() < 200
    assert '"point": [7, 150.5, 150.5, 150.5, 150.5, 1]' in message(["DEMO:X:20240102"], 7, 150.5)
