"""What a page held, and when it counts as grown."""

from dataclasses import replace

from bench.page.heap_report import MOST_GROWTH, HeapReading, complaints, growth, row
from bench.page.producer import message, price_now

READING = HeapReading(
    minute=3.0, script_bytes=17_500_000, browser_bytes=2_500_000, nodes=500, listeners=65, messages=1_000
)


def test_a_page_that_stays_as_it_is_has_not_grown() -> None:
    assert complaints([READING] * 9) == []


def test_what_goes_up_and_down_has_not_grown() -> None:
    readings = [replace(READING, browser_bytes=2_500_000 + number % 3 * 2_000_000) for number in range(30)]
    assert complaints(readings) == []


def test_a_page_that_grows_every_minute_is_found() -> None:
    readings = [replace(READING, script_bytes=READING.script_bytes + number * 100_000) for number in range(30)]
    assert growth(readings)["total_bytes"] == 2 * MOST_GROWTH
    assert complaints(readings) == ["the heap grew by 2.0 MB"]


def test_one_listener_more_is_found() -> None:
    readings = [READING] * 6 + [replace(READING, listeners=66)] * 3
    assert complaints(readings) == ["listeners grew by 1"]


def test_nodes_come_and_go_and_are_found_where_they_stay() -> None:
    assert complaints([READING] * 6 + [replace(READING, nodes=800)] * 3) == []
    assert complaints([READING] * 6 + [replace(READING, nodes=801)] * 3) == ["nodes grew by 301"]


def test_two_readings_say_nothing() -> None:
    assert complaints([READING] * 2) == ["too short to tell: fewer than three readings after the warm-up"]


def test_a_reading_is_a_row() -> None:
    assert row(READING) == "| 3.0 | 17.50 | 2.50 | 500 | 65 | 1,000 |"


def test_a_price_of_the_producer_is_one_that_the_page_can_tell_the_age_of() -> None:
    assert 100 <= price_now() < 200
    assert '"point": [7, 150.5, 150.5, 150.5, 150.5, 1]' in message(["DEMO:X:20240102"], 7, 150.5)
