"""Heartbeats: who is vouched for, and when."""

import json

from rtserver.feed.heartbeat import FORGOTTEN_SECONDS, Heartbeat

GOLD, IRON = "A:GOLD", "A:IRON"


def quotes_of(raws: list[bytes]) -> list[str]:
    messages = [json.loads(raw) for raw in raws]
    assert all((each["type"], each["src"]) == ("quote_alive", "me") for each in messages)
    return [quote for each in messages for quote in each["data"]["quotes"]]


def test_a_quote_without_news_is_alive_while_its_source_is() -> None:
    heartbeat = Heartbeat("me", 4.0, now=100.0)
    heartbeat.on_tick(GOLD, 101.0)
    heartbeat.on_tick(IRON, 101.0)
    assert heartbeat.take_due(103.9) == []
    assert heartbeat.take_due(104.0) == []  # both have moved

    heartbeat.on_tick(IRON, 107.0)
    assert quotes_of(heartbeat.take_due(108.0)) == [GOLD]
    heartbeat.on_word(111.0)
    assert quotes_of(heartbeat.take_due(112.0)) == [GOLD, IRON]


def test_a_source_that_says_nothing_vouches_for_nothing() -> None:
    heartbeat = Heartbeat("me", 4.0, now=100.0)
    heartbeat.on_tick(GOLD, 101.0)
    heartbeat.take_due(104.0)
    assert heartbeat.take_due(108.0) == []
    heartbeat.on_word(109.0)
    assert quotes_of(heartbeat.take_due(112.0)) == [GOLD]


def test_without_a_rate_there_are_no_heartbeats() -> None:
    heartbeat = Heartbeat("me", 0.0, now=100.0)
    heartbeat.on_tick(GOLD, 101.0)
    assert heartbeat.take_due(200.0) == []


def test_the_quotes_of_very_many_go_in_several_messages() -> None:
    heartbeat = Heartbeat("me", 4.0, now=100.0)
    for number in range(20_001):
        heartbeat.on_tick(f"A:{number}", 101.0)
    heartbeat.take_due(104.0)
    heartbeat.on_word(107.0)
    raws = heartbeat.take_due(108.0)
    assert (len(raws), len(quotes_of(raws))) == (2, 20_001)


def test_a_quote_of_yesterday_is_forgotten() -> None:
    heartbeat = Heartbeat("me", 4.0, now=0.0)
    heartbeat.on_tick(GOLD, 1.0)
    heartbeat.take_due(4.0)
    heartbeat.on_word(FORGOTTEN_SECONDS + 1)
    assert heartbeat.take_due(FORGOTTEN_SECONDS + 1) == []
