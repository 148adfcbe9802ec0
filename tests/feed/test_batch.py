"""Ticks on their way into messages."""

import json
from typing import Any

from rtserver.feed.batch import KNOWN_IDS, FeedBatch
from rtserver.feed.port import FeedTick, QuoteInfo


def tick(price: float, tick_id: int | str | None = None, quote: str = "A:B:20130301") -> FeedTick:
    return quote, QuoteInfo([1000, price], id=tick_id)


def data_of(raw: bytes | None) -> Any:
    assert raw is not None
    return json.loads(raw)["data"]


def test_the_first_tick_waits_for_others_but_not_for_long() -> None:
    batch = FeedBatch("me", "run", most=10, seconds=0.5)
    assert (batch.wait(7.0, longest=3.0), batch.is_due(7.0)) == (3.0, False)

    batch.take(tick(1), 10.0)
    batch.take(tick(2), 10.25)

    assert (batch.wait(10.25, longest=3.0), batch.is_due(10.25)) == (0.25, False)
    assert (batch.wait(11.0, longest=3.0), batch.is_due(10.5)) == (0.0, True)
    assert [item["info"]["point"] for item in data_of(batch.take_message())] == [[1000, 1], [1000, 2]]
    assert (batch.take_message(), batch.is_due(20.0)) == (None, False)


def test_a_full_message_goes_at_once() -> None:
    batch = FeedBatch("me", "run", most=2, seconds=0.5)
    batch.take(tick(1), 10.0)
    assert (batch.room(), batch.is_due(10.0)) == (1, False)
    batch.take(tick(2), 10.0)
    assert (batch.room(), batch.is_due(10.0)) == (0, True)


def test_messages_are_signed_by_their_sender_and_numbered_within_the_run() -> None:
    batch = FeedBatch("me", "run", most=1, seconds=0.5)
    raws = []
    for price in (1, 2):
        batch.take(tick(price), 10.0)
        raws.append(json.loads(batch.take_message() or b""))
    assert [(raw["type"], raw["src"], raw["id"]) for raw in raws] == [
        ("quote", "me", "run-1"),
        ("quote", "me", "run-2"),
    ]
    assert (batch.ticks, batch.messages) == (2, 2)


def test_a_tick_with_an_id_counts_once_for_its_quote() -> None:
    batch = FeedBatch("me", "run", most=10, seconds=0.5)
    for each in (tick(1, 7), tick(1, 7), tick(1, "7"), tick(1, 7, "A:C:20130301"), tick(1), tick(1)):
        batch.take(each, 10.0)
    assert len(data_of(batch.take_message())) == 5
    batch.take(tick(1, 7), 11.0)
    assert (batch.take_message(), batch.repeats) == (None, 2)


def test_of_very_many_ids_the_newest_are_known() -> None:
    batch = FeedBatch("me", "run", most=KNOWN_IDS + 10, seconds=0.5)
    for number in range(KNOWN_IDS + 1):
        batch.take(tick(1, number), 10.0)
    batch.take(tick(1, KNOWN_IDS), 10.0)
    assert batch.repeats == 1
    batch.take(tick(1, 0), 10.0)
    assert (batch.repeats, batch.ticks) == (1, KNOWN_IDS + 2)
