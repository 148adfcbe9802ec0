"""A subscribable service by its messages: what it posts, and when its hooks are called."""

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.bridge.message import Delayed, Refused, Snapshot, Subscribe, Update
from rtserver.base.limit.cpu_quota import FairShares, ProcessorClock, cpu_rate
from rtserver.base.wire.json import JsonError
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.service.message import BadData
from tests.service.topic.station import Counters, KeptCounters, Station


def count(number: int) -> bytes:
    return b'{"count":%d}' % number


def test_a_subscriber_gets_the_snapshot_and_then_every_update() -> None:
    station = Station()
    station.service.count("a")
    assert station.subscribe(agent=7, ref=3) == Snapshot(7, 3, "counter/a", 0, count(1))
    station.take()
    station.service.count("a")
    station.service.count("a")
    assert station.take() == [Update("counter/a", 2, ((1, count(2)), (2, count(3))))]


def test_updates_of_a_batch_leave_with_its_flush() -> None:
    station = Station()
    station.subscribe()
    station.posted.clear()
    station.service.count("a")
    station.service.flush()
    assert station.posted == [Update("counter/a", 1, ((1, count(1)),))]
    assert len(station.take()) == 1


def test_updates_that_wait_leave_before_the_snapshot_that_holds_them() -> None:
    station = Station()
    station.subscribe(agent=1)
    station.posted.clear()
    station.service.count("a")
    station.subscribe(agent=2)
    update, snapshot = station.take()
    assert update == Update("counter/a", 1, ((1, count(1)),))
    assert snapshot == Snapshot(2, 1, "counter/a", 1, count(1))


def test_the_service_is_asked_once_between_two_updates() -> None:
    station = Station()
    first, second = station.subscribe(agent=1), station.subscribe(agent=2)
    station.service.count("a")
    station.subscribe(agent=3)
    assert station.service.heard == ["first a", "asked a", "asked a"]
    assert isinstance(first, Snapshot)
    assert isinstance(second, Snapshot)
    assert first.payload is second.payload


def test_those_who_ask_while_the_service_answers_share_the_answer() -> None:
    station = Station()

    def come_later(hook: str) -> None:
        if hook == "asked a":
            station.ask(agent=2)

    station.service.on_hook = come_later
    station.ask(agent=1)
    assert station.posted == [Snapshot(agent, 1, "counter/a", 0, count(0)) for agent in (1, 2)]
    assert station.service.heard == ["first a", "asked a"]


def test_what_is_published_while_the_service_answers_follows_the_snapshot() -> None:
    station = Station()
    station.subscribe(agent=1)

    def wait(hook: str) -> None:
        if hook == "asked a":
            station.service.count("a")

    station.service.count("a")
    station.take()
    station.service.on_hook = wait
    answer = station.subscribe(agent=2)
    assert answer == Snapshot(2, 1, "counter/a", 1, count(1), ((2, count(2)),))
    assert [type(each) for each in station.posted].count(Update) == 1


def test_the_first_viewer_begins_a_topic_and_the_last_one_ends_it_after_the_linger() -> None:
    station = Station()
    station.subscribe(agent=1)
    station.subscribe(agent=2)
    station.unsubscribe(agent=1)
    station.turn(60)
    station.unsubscribe(agent=2)
    station.turn(9)
    assert station.service.heard == ["first a", "asked a"]
    assert station.service.is_viewed("a")
    station.turn(1)
    assert station.service.heard == ["first a", "asked a", "last a"]
    assert not station.service.is_viewed("a")
    assert (len(station.service.topics), station.service.topics.viewers) == (0, 0)


def test_a_viewer_who_comes_back_in_time_ends_nothing() -> None:
    station = Station()
    station.subscribe()
    for _ in range(3):
        station.unsubscribe()
        station.turn(9)
        station.subscribe()
    station.turn(60)
    assert station.service.heard == ["first a", "asked a"]


def test_without_a_linger_a_topic_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counters, "linger_seconds", 0)
    station = Station()
    station.subscribe()
    station.unsubscribe()
    assert station.service.heard == ["first a", "asked a", "last a"]
    station.subscribe()
    assert station.service.heard[3:] == ["first a", "asked a"]


def test_the_numbers_of_a_topic_that_begins_anew_are_new() -> None:
    station = Station()
    station.subscribe()
    station.service.count("a")
    station.unsubscribe()
    station.turn(10)
    station.service.count("a")  # nobody numbers this
    answer = station.subscribe(after=1)
    assert isinstance(answer, Snapshot)
    assert (answer.payload, answer.seq) == (count(2), 2)


def test_a_subscription_that_moves_leaves_its_topic() -> None:
    station = Station()
    station.subscribe("a")
    station.subscribe("b")
    station.turn(10)
    assert station.service.heard == ["first a", "asked a", "first b", "asked b", "last a"]
    assert station.service.topics.viewers == 1


@pytest.mark.parametrize(
    ("request_data", "reason"),
    [
        ({}, "missing required field `name`"),
        ({"name": 5}, "Expected `str`, got `int` - at `$.name`"),
        ([], "Expected `object`, got `array`"),
        ({"name": ""}, "a counter has a name"),
    ],
)
def test_a_request_of_the_wrong_shape_is_refused_with_the_place_and_costs_nothing(
    request_data: Any, reason: str
) -> None:
    station = Station()
    refused = station.subscribe(request=request_data)
    assert isinstance(refused, Refused)
    assert refused.code == "bad_request"
    assert reason in refused.message
    assert (station.service.heard, len(station.service.topics), station.service.topics.viewers) == ([], 0, 0)


def test_a_topic_too_many_is_refused_until_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counters, "max_topics", 2)
    station = Station()
    station.subscribe("a", ref=1)
    station.subscribe("b", ref=2)
    refused = station.subscribe("c", ref=3)
    assert refused == Refused(1, 3, "rate_limited", "counter has 2 topics already")
    station.unsubscribe(ref=1)
    station.turn(10)
    assert isinstance(station.subscribe("c", ref=3), Snapshot)


def test_a_service_that_refuses_or_fails_costs_those_who_asked(caplog: pytest.LogCaptureFixture) -> None:
    station = Station()
    station.subscribe(agent=1)
    station.service.count("a")
    for error, code in ((BadData("closed today"), "bad_request"), (ZeroDivisionError("oh"), "internal")):

        def fail(hook: str, error: Exception = error) -> None:
            raise error

        station.service.on_hook = fail
        refused = station.subscribe(agent=2)
        assert isinstance(refused, Refused)
        assert refused.code == code
    assert "ZeroDivisionError: oh" in caplog.text
    station.service.on_hook = lambda hook: None
    station.posted.clear()
    station.service.count("a")
    assert [type(each) for each in station.take()] == [Update]
    assert station.service.topics.viewers == 1


def test_a_first_viewer_for_whom_nothing_can_begin_is_refused_and_the_topic_ends() -> None:
    station = Station()

    def fail(hook: str) -> None:
        if hook == "first a":
            raise BadData("no such sensor")

    station.service.on_hook = fail
    assert station.subscribe() == Refused(1, 1, "bad_request", "no such sensor")
    assert station.service.heard == ["first a", "last a"]
    assert len(station.service.topics) == 0


def test_an_update_that_is_no_json_or_too_large_is_the_services_error_and_changes_nothing() -> None:
    station = Station(sizes=MessageSizeLimit(2_000))
    station.subscribe()
    station.posted.clear()
    with pytest.raises(JsonError):
        station.service.publish("a", {"count": float("nan")})
    with pytest.raises(BadData, match="bytes for a client"):
        station.service.publish("a", "x" * 1_000)
    assert station.take() == []
    assert station.subscribe(agent=2) == Snapshot(2, 1, "counter/a", 0, count(0))


def test_without_viewers_nothing_is_posted_and_nothing_is_held() -> None:
    station = Station()
    station.service.count("a")
    assert (station.take(), station.timers, len(station.service.topics)) == ([], [], 0)


def test_kept_updates_are_the_history_of_a_topic_with_viewers_or_without() -> None:
    station = Station(KeptCounters)
    for _ in range(5):
        station.service.count("a")
    assert station.service.history("a") == [{"count": 3}, {"count": 4}, {"count": 5}]
    assert station.service.history("b") == []
    station.subscribe()
    station.unsubscribe()
    station.turn(10)
    assert len(station.service.history("a")) == 3


@pytest.mark.parametrize("after", [2, 3, 4, 5])
def test_who_comes_back_gets_what_was_missed_and_no_snapshot(after: int) -> None:
    station = Station(KeptCounters)
    for _ in range(5):
        station.service.count("a")
    answer = station.subscribe(after=after)
    rows = tuple((number, count(number)) for number in range(after + 1, 6))
    assert answer == Snapshot(1, 1, "counter/a", after, None, rows)
    assert station.service.heard == ["first a"]


@pytest.mark.parametrize("after", [0, 1, 6, 99])
def test_who_missed_more_than_is_kept_gets_a_snapshot(after: int) -> None:
    station = Station(KeptCounters)
    for _ in range(5):
        station.service.count("a")
    assert station.subscribe(after=after) == Snapshot(1, 1, "counter/a", 5, count(5))


def test_of_the_topics_that_nobody_views_the_longest_silent_is_forgotten_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(KeptCounters, "max_topics", 2)
    station = Station(KeptCounters)
    for name in "aba":
        station.service.count(name)
    station.subscribe("c")
    assert [len(station.service.history(name)) for name in "abc"] == [2, 0, 0]
    station.subscribe("a", ref=2)
    with pytest.raises(BadData, match="2 topics already"):
        station.service.count("d")


def test_a_user_who_owes_processor_time_waits_for_a_turn() -> None:
    now = 0.0
    waiting: list[Any] = []
    shares = FairShares(
        cpu_rate(0.1), ProcessorClock(lambda: now, lambda: now), lambda seconds, call: waiting.append(call)
    )
    station = Station(shares=shares)
    shares.of("7").charge(2.0)
    station.ask()
    assert station.service.heard == []
    while waiting:
        now += 100.0
        waiting.pop()()
        station.turn()
    assert [type(each) for each in station.posted] == [Snapshot]


def test_a_user_who_owes_processor_time_holds_up_nobody_else() -> None:
    waiting: list[Any] = []
    shares = FairShares(
        cpu_rate(0.1), ProcessorClock(lambda: 0.0, lambda: 0.0), lambda seconds, call: waiting.append(call)
    )
    station = Station(shares=shares)
    shares.of("7").charge(2.0)
    station.ask(agent=1)
    station.service.topics.on_subscribe(Subscribe(2, 1, "counter", {"name": "a"}, "8"))
    station.turn()
    assert [type(each) for each in station.posted] == [Snapshot, Snapshot]
    assert station.service.heard == ["first a", "asked a"]


def test_a_kept_topic_that_is_viewed_anew_is_asked_for_anew() -> None:
    station = Station(KeptCounters)
    station.service.count("a")
    station.subscribe()
    station.unsubscribe()
    station.turn(10)
    station.service.counts["a"] = 7  # what changed while nobody looked
    assert station.subscribe() == Snapshot(1, 1, "counter/a", 1, count(7))
    assert station.service.heard == ["first a", "asked a", "last a", "first a", "asked a"]


def test_a_subscription_that_ends_before_its_answer_gets_none_and_leaves_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    station = Station()
    with caplog.at_level(logging.ERROR):
        station.service.on_hook = lambda hook: hook == "first a" and station.unsubscribe()
        station.ask()
    station.turn(10)
    assert station.posted == []
    assert station.service.heard == ["first a", "last a"]
    assert (len(station.service.topics), station.service.topics.viewers, caplog.text) == (0, 0, "")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("count"), st.sampled_from("ab")),
        st.tuples(st.just("subscribe"), st.integers(1, 3)),
        st.tuples(st.just("return"), st.integers(1, 3)),
        st.tuples(st.just("unsubscribe"), st.integers(1, 3)),
        st.tuples(st.just("pause"), st.integers(0, 12)),
    ),
    max_size=50,
)


@settings(max_examples=150)
@given(STEPS, st.sampled_from([Counters, KeptCounters]))
def test_what_every_viewer_has_counted_is_the_truth_at_any_point(
    steps: list[tuple[str, Any]], service: type[Counters]
) -> None:
    """Three agents come, go and come back with what they have; each sees every count once and in order."""
    station = Station(service)
    seqs: dict[int, int] = {}
    counts: dict[int, int] = {}
    away: set[int] = {1, 2, 3}

    def read() -> None:
        for message in station.take():
            if isinstance(message, Snapshot):
                seqs[message.agent] = message.seq
                if message.payload is not None:
                    counts[message.agent] = int(message.payload[len(b'{"count":') : -1])
                take(message.agent, message.later)
            elif isinstance(message, Update) and message.topic == "counter/a":
                for agent in {1, 2, 3} - away:
                    if agent in seqs and seqs[agent] < message.seq:
                        assert message.prev_seq == seqs[agent]
                        take(agent, message.payload)

    def take(agent: int, rows: tuple[Any, ...]) -> None:
        for _, data in rows:
            counts[agent] += 1
            seqs[agent] += 1
            assert data == count(counts[agent])

    for step, value in steps:
        if step == "count":
            station.service.count(value)
        elif step == "pause":
            station.turn(value)
        elif step == "unsubscribe":
            away.add(value)
            station.unsubscribe(agent=value)
        elif value in away:
            away.discard(value)
            station.subscribe(agent=value, after=seqs.get(value) if step == "return" else None)
        read()
        assert all(counts[agent] == station.service.counts.get("a", 0) for agent in {1, 2, 3} - away)


def test_who_waits_for_a_slow_snapshot_is_told_so_once_and_nobody_else_is() -> None:
    station = Station()
    station.ask("quick", ref=1)
    station.turn(10)
    station.service.on_hook = lambda hook: station.turn(1) if hook == "asked slow" else None
    station.ask("slow", ref=2)
    station.turn(10)
    answers = [(type(message), message.ref) for message in station.take() if isinstance(message, Delayed | Snapshot)]
    assert answers == [(Snapshot, 1), (Delayed, 2), (Snapshot, 2)]
