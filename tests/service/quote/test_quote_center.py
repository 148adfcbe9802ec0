"""QuoteCenter by its messages: what it posts for what it is told."""

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.bridge.message import Message, Refused, Row, Snapshot, Subscribe, Table, Unsubscribe, Update
from rtserver.base.bridge.ownership import WrongThreadError
from rtserver.market.book.quote_book import BookRules
from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.topic.topic import UPDATE_ROWS
from rtserver.service.user_commands import UserCommands
from tests.service.quote.viewer import is_same, viewers_of

APPLE = "DEMO:AAPL:20130301"
IBM = "DEMO:IBM:20130301"
DECODER = msgspec.json.Decoder(QuoteCenter.data_type)


class Desk:
    """A QuoteCenter and everything it posted."""

    def __init__(
        self, *, context: ServiceContext | None = None, posted: list[Message] | None = None, **bounds: Any
    ) -> None:
        self.posted: list[Message] = [] if posted is None else posted
        post = self.posted.append
        context = context or ServiceContext(post, UserCommands(post), lambda fn, *args: fn(*args))
        self.center = QuoteCenter(context, **bounds)

    def tell(self, quote: str, *points: list, volume: float | None = None, decimals: int | None = None) -> None:
        """One message from a producer, as bytes."""
        info = {"volume": volume, "decimals": decimals}
        data = [{"quote": quote, "info": {"point": point, **info}} for point in points]
        self.center.handle("1772000000000-0", "feed-1", DECODER.decode(msgspec.json.encode(data)))

    def subscribe(self, agent: int = 1, ref: int = 1, **request: Any) -> Snapshot:
        snapshot = self.ask(agent, ref, **request)
        assert isinstance(snapshot, Snapshot)
        return snapshot

    def ask(self, agent: int = 1, ref: int = 1, **request: Any) -> Message:
        """Subscribe, and return the answer, which may be a refusal."""
        self.center.on_subscribe(Subscribe(agent, ref, "quotes", {"quote": APPLE, **request}))
        return self.posted[-1]

    def unsubscribe(self, agent: int = 1, ref: int = 1) -> None:
        self.center.on_unsubscribe(Unsubscribe(agent, ref, "quotes"))

    def flush(self) -> list[Message]:
        """Return the messages posted since the last call, after a flush."""
        self.center.flush()
        posted = self.posted.copy()
        self.posted.clear()
        return posted


def row(label: int, price: float, volume: int | None = None) -> Row:
    return (label, price, price, price, price, volume)


def test_a_subscriber_gets_the_picture_and_then_every_row() -> None:
    desk = Desk()
    desk.tell(APPLE, [1, 10.5], [2, 11])

    snapshot = desk.subscribe(agent=7, ref=3)
    assert snapshot == Snapshot(
        7,
        3,
        snapshot.topic,
        2,
        Table(("label", "open", "close", "low", "high", "volume"), (row(1, 10.5), row(2, 11))),
    )
    desk.flush()

    desk.tell(APPLE, [2, 12])
    desk.tell(APPLE, [3, 13], volume=9)
    assert desk.flush() == [Update(snapshot.topic, 4, (row(2, 12), row(3, 13, 9)))]
    assert desk.flush() == []


def test_a_picture_has_the_decimals_that_the_quote_said_last() -> None:
    desk = Desk()
    desk.tell(APPLE, [1, 10.5])
    assert desk.subscribe().payload.decimals is None
    desk.tell(APPLE, [2, 11], decimals=2)
    desk.tell(APPLE, [3, 12])
    assert desk.subscribe(agent=2).payload.decimals == 2
    desk.tell(APPLE, [4, 12], decimals=0)
    assert desk.subscribe(agent=3, period=60).payload.decimals == 0


@pytest.mark.parametrize("decimals", [-1, 13, 10**20])
def test_a_message_with_decimals_that_are_none_counts_not_at_all(decimals: int) -> None:
    desk = Desk()
    with pytest.raises(BadData, match=r"item 0: decimals .* are not from 0 to 12"):
        desk.tell(APPLE, [1, 10.5], decimals=decimals)
    assert len(desk.center.books) == 0


def test_rows_that_wait_leave_before_the_picture_that_holds_them() -> None:
    desk = Desk()
    first = desk.subscribe(agent=1)
    desk.tell(APPLE, [1, 10])

    second = desk.subscribe(agent=2)
    assert desk.posted == [first, Update(first.topic, 1, (row(1, 10),)), second]
    assert (second.seq, second.payload.rows) == (1, (row(1, 10),))
    assert desk.flush() == [first, Update(first.topic, 1, (row(1, 10),)), second]


def test_a_call_from_a_thread_that_does_not_own_it_is_refused() -> None:
    desk = Desk()
    refused = []

    def call_from_elsewhere() -> None:
        with pytest.raises(WrongThreadError):
            desk.center.flush()
        refused.append(True)

    elsewhere = threading.Thread(target=call_from_elsewhere)
    elsewhere.start()
    elsewhere.join(10)
    assert refused


def test_a_quote_that_is_not_known_yet_has_an_empty_picture_and_then_rows() -> None:
    desk = Desk()
    snapshot = desk.subscribe(period=60)

    assert (snapshot.seq, snapshot.payload.rows) == (0, ())
    desk.flush()
    desk.tell(APPLE, [60_000, 10])
    assert desk.flush() == [Update(snapshot.topic, 1, (row(60_000, 10),))]


def test_one_batch_is_one_update_per_feed() -> None:
    desk = Desk()
    ticks, bars, other = desk.subscribe(ref=1), desk.subscribe(ref=2, period=60), desk.subscribe(ref=3, quote=IBM)
    desk.flush()
    for time in range(5):
        desk.tell(APPLE, [time, time])
    desk.tell(IBM, [0, 1])

    updates = desk.flush()
    assert [(update.topic, update.seq, len(update.payload)) for update in updates] == [
        (ticks.topic, 5, 5),
        (bars.topic, 5, 5),
        (other.topic, 1, 1),
    ]
    assert updates[1].payload[-1] == (0, 0, 4, 0, 4, None)


def test_a_batch_of_very_many_ticks_is_several_updates_in_a_row() -> None:
    desk = Desk()
    desk.subscribe()
    desk.flush()
    for time in range(2 * UPDATE_ROWS + 1):
        desk.tell(APPLE, [time, time])

    updates = desk.flush()
    assert [len(update.payload) for update in updates] == [UPDATE_ROWS, UPDATE_ROWS, 1]
    assert [update.prev_seq for update in updates] == [0, UPDATE_ROWS, 2 * UPDATE_ROWS]
    assert updates[-1].seq == 2 * UPDATE_ROWS + 1


def test_ticks_of_a_quote_that_nobody_watches_post_nothing() -> None:
    desk = Desk()
    desk.subscribe(quote=IBM)
    desk.flush()
    desk.tell(APPLE, [1, 1])

    assert desk.flush() == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"period": 0, "indicators": []}),
        ({"period": 60}, {"period": 60.0}),
        ({"indicators": ["macd", "sma:20"]}, {"indicators": ["MACD:12:26:9", " sma ", "sma:20"]}),
        ({"indicators": ["boll:20:2"]}, {"indicators": ["boll:20:2.0"]}),
    ],
)
def test_requests_that_mean_the_same_share_a_feed(one: dict[str, Any], other: dict[str, Any]) -> None:
    desk = Desk()

    first, second = desk.subscribe(agent=1, **one), desk.subscribe(agent=2, **other)
    assert first.topic == second.topic
    assert first.payload is second.payload
    assert (len(desk.center.feeds), desk.center.subscribers) == (1, 2)


@pytest.mark.parametrize(
    "other",
    [{"quote": IBM}, {"period": 1}, {"period": 0.001}, {"indicators": ["sma"]}, {"indicators": ["ema", "sma"]}],
)
def test_requests_that_differ_have_feeds_of_their_own(other: dict[str, Any]) -> None:
    desk = Desk()
    asked = {"indicators": ["sma", "ema"]}

    assert desk.subscribe(agent=1, **asked).topic != desk.subscribe(agent=2, **(asked | other)).topic
    assert len(desk.center.feeds) == 2


def test_the_picture_is_built_once_until_the_next_tick() -> None:
    desk = Desk()
    desk.tell(APPLE, [1, 1])
    first, second = desk.subscribe(agent=1), desk.subscribe(agent=2)
    desk.tell(APPLE, [2, 2])

    third = desk.subscribe(agent=3)
    assert first.payload is second.payload
    assert third.payload is not first.payload
    assert first.payload.rows == (row(1, 1),)


def test_a_feed_ends_with_its_last_subscriber() -> None:
    desk = Desk()
    desk.subscribe(agent=1)
    desk.subscribe(agent=2)
    desk.tell(APPLE, [1, 1])

    desk.unsubscribe(agent=1)
    assert (len(desk.center.feeds), desk.center.subscribers) == (1, 1)
    desk.unsubscribe(agent=2)
    assert (len(desk.center.feeds), desk.center.subscribers) == (0, 0)
    assert not any(isinstance(message, Update) for message in desk.flush())
    desk.tell(APPLE, [2, 2])
    assert desk.flush() == []


def test_a_feed_that_is_made_again_counts_on() -> None:
    desk = Desk()
    desk.subscribe()
    desk.tell(APPLE, [1, 1], [2, 2])
    desk.unsubscribe()
    desk.tell(APPLE, [3, 3])

    snapshot = desk.subscribe()
    assert (snapshot.seq, len(snapshot.payload.rows)) == (3, 3)


def test_an_unsubscribe_for_nothing_changes_nothing() -> None:
    desk = Desk()
    desk.subscribe(agent=1, ref=1)

    desk.unsubscribe(agent=1, ref=2)
    desk.unsubscribe(agent=2, ref=1)
    assert desk.center.subscribers == 1


def test_a_ref_that_is_in_use_moves_to_the_new_request() -> None:
    desk = Desk()
    old = desk.subscribe(ref=1)
    new = desk.subscribe(ref=1, period=60)
    desk.flush()
    desk.tell(APPLE, [1, 1])

    assert [update.topic for update in desk.flush()] == [new.topic] != [old.topic]
    assert (len(desk.center.feeds), desk.center.subscribers) == (1, 1)
    assert desk.subscribe(ref=1, period=60).seq == 1
    desk.unsubscribe(ref=1)
    assert (len(desk.center.feeds), desk.center.subscribers) == (0, 0)


@pytest.mark.parametrize(
    ("request_data", "reason"),
    [
        (None, "Expected `object`, got `null`"),
        ([], "Expected `object`, got `array`"),
        ({}, "missing required field `quote`"),
        ({"quote": 5}, "Expected `str`, got `int` - at `$.quote`"),
        ({"quote": "AAPL"}, 'quote "AAPL" is not of the form EXCHANGE:ITEM:DATE'),
        ({"quote": APPLE, "perod": 5}, "unknown field `perod`"),
        ({"quote": APPLE, "period": -1}, "is not from 0 to 604800 seconds"),
        ({"quote": APPLE, "period": 604_801}, "is not from 0 to 604800 seconds"),
        ({"quote": APPLE, "period": float("nan")}, "is not from 0 to 604800 seconds"),
        ({"quote": APPLE, "period": 0.0001}, "period 0.0001 is not a whole number of milliseconds"),
        ({"quote": APPLE, "period": "60"}, 'period "60" is not seconds, or a number and a unit'),
        ({"quote": APPLE, "indicators": "sma"}, "at `$.indicators`"),
        ({"quote": APPLE, "indicators": ["smaa"]}, 'did you mean "sma"?'),
        ({"quote": APPLE, "indicators": ["sma"] + [f"ema:{n}" for n in range(1, 9)]}, "at most 8"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_the_reason(request_data: object, reason: str) -> None:
    desk = Desk()
    desk.center.on_subscribe(Subscribe(4, 5, "quotes", request_data))

    [refused] = desk.posted
    assert (refused.agent, refused.ref, refused.code) == (4, 5, "bad_request")
    assert reason in refused.message
    assert (len(desk.center.books), len(desk.center.feeds), desk.center.subscribers) == (0, 0, 0)


def test_a_message_with_a_bad_item_counts_not_at_all() -> None:
    desk = Desk()
    desk.subscribe()
    desk.flush()

    with pytest.raises(BadData, match="item 1: price 'x' is not a number"):
        desk.tell(APPLE, [1, 10], [2, "x"], [3, 12])
    with pytest.raises(BadData, match='item 0: quote "NASDAQ" is not of the form'):
        desk.tell("NASDAQ", [1, 10])
    assert desk.flush() == []
    assert (desk.center.ticks, len(desk.center.books)) == (0, 1)
    desk.tell(APPLE, [1, 10])
    assert [update.seq for update in desk.flush()] == [1]


def test_a_history_holds_the_newest_ticks() -> None:
    desk = Desk(rules=BookRules(4))
    desk.tell(APPLE, *([time, time] for time in range(10)))

    snapshot = desk.subscribe()
    assert snapshot.seq == 10
    assert [each[0] for each in snapshot.payload.rows] == [7, 8, 9]


def test_a_picture_holds_the_newest_rows() -> None:
    desk = Desk(picture_rows=3)
    desk.subscribe(agent=1, ref=1)
    desk.tell(APPLE, *([time, time] for time in range(10)))

    assert [each[0] for each in desk.subscribe(agent=2).payload.rows] == [7, 8, 9]
    desk.unsubscribe(agent=1)
    desk.unsubscribe(agent=2)
    assert [each[0] for each in desk.subscribe(agent=3).payload.rows] == [7, 8, 9]


def keys(count: int) -> list[str]:
    return [f"X:{number}:20130301" for number in range(count)]


def test_beyond_the_bound_the_quote_that_is_silent_longest_is_forgotten() -> None:
    desk = Desk(max_quotes=3)
    zero, one, two, three = keys(4)
    for key in (zero, one, two, zero, three):
        desk.tell(key, [1, 1])

    assert len(desk.center.books) == 3
    assert [desk.subscribe(quote=key, agent=number).seq for number, key in enumerate((zero, one, two, three))] == [
        2,
        0,
        1,
        1,
    ]


def test_a_watched_quote_is_never_forgotten() -> None:
    desk = Desk(max_quotes=2)
    zero, *others = keys(50)
    desk.tell(zero, [1, 1])
    desk.subscribe(quote=zero)
    for key in others:
        desk.tell(key, [1, 1])

    assert len(desk.center.books) == 2
    assert desk.subscribe(quote=zero, agent=2).seq == 1


def test_asking_for_quotes_that_never_come_neither_fills_the_memory_nor_pushes_others_out() -> None:
    desk = Desk(max_quotes=2)
    for key in keys(2):
        desk.tell(key, [1, 1])
    for number in range(50):
        desk.subscribe(quote=f"NONE:{number}:20130301")
    desk.unsubscribe()

    assert (len(desk.center.books), len(desk.center.feeds)) == (2, 0)
    assert [desk.subscribe(quote=key, agent=number).seq for number, key in enumerate(keys(2))] == [1, 1]


def test_beyond_the_bound_of_feeds_a_request_is_refused_until_one_ends() -> None:
    desk = Desk(max_feeds=2)
    desk.subscribe(ref=1, period=1)
    desk.subscribe(ref=2, period=2)

    refused = desk.ask(ref=3, period=3)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.ref) == ("rate_limited", 3)
    desk.subscribe(ref=3, period=2)
    desk.unsubscribe(ref=1)
    desk.subscribe(ref=4, period=3)


def test_the_counters_say_what_there_is() -> None:
    desk = Desk()
    desk.tell(APPLE, [1, 1], [2, 2])
    desk.tell(IBM, [1, 1])
    desk.subscribe(agent=1)
    desk.subscribe(agent=2)

    center = desk.center
    assert (center.ticks, len(center.books), len(center.feeds), center.subscribers) == (3, 2, 1, 2)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tick"), st.integers(0, 300_000), st.integers(1, 50)),
        st.tuples(st.just("subscribe"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("unsubscribe"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("flush"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=80)
@given(STEPS, st.sampled_from([0, 60]))
def test_a_picture_and_what_follows_is_the_whole_at_any_point(steps: list[tuple[str, int, int]], period: int) -> None:
    """Four agents come and go; each ends with what one who had watched from the beginning would see."""
    desk = Desk()
    asked = {"period": period, "indicators": ["sma:2", "rsi:2"]}
    for kind, number, value in [("subscribe", 9, 0), *steps, ("flush", 0, 0)]:
        if kind == "tick":
            desk.tell(APPLE, [number, value], volume=value)
        elif kind == "subscribe":
            desk.subscribe(agent=number, **asked)
        elif kind == "unsubscribe":
            desk.unsubscribe(agent=number)
        else:
            desk.center.flush()

    viewers = viewers_of(desk.posted)
    whole = desk.subscribe(agent=10, **asked)
    assert all(viewer.seq == whole.seq for viewer in viewers.values())
    for viewer in viewers.values():
        assert len(viewer.rows) == len(whole.payload.rows)
        assert all(map(is_same, viewer.rows, whole.payload.rows))


def test_a_feed_rests_without_viewers_goes_on_for_the_next_one_and_ends_after_a_while() -> None:
    posted: list[Message] = []
    timers: list[tuple[float, Callable[[], object]]] = []
    context = ServiceContext(
        posted.append,
        UserCommands(posted.append),
        lambda fn, *args: fn(*args),
        call_later=lambda seconds, call: timers.append((seconds, call)),
    )
    desk = Desk(context=context, posted=posted, feed_linger_seconds=60)
    feeds = desk.center.feeds
    desk.tell(APPLE, [1, 10])
    for _ in range(20):
        desk.subscribe()
        desk.unsubscribe()
    assert (len(feeds), feeds.resting, [seconds for seconds, _ in timers]) == (0, 1, [15.0])
    desk.tell(APPLE, [2, 11])
    assert desk.subscribe().payload.rows == (row(1, 10), row(2, 11))
    desk.flush()
    desk.tell(APPLE, [3, 12])
    [update] = desk.flush()
    assert isinstance(update, Update)
    assert update.payload == (row(3, 12),)
    timers.pop()[1]()
    assert not timers, "nothing rests"
    desk.unsubscribe()
    for _ in range(5):
        assert feeds.resting == 1
        [(_, sweep)] = timers
        timers.clear()
        sweep()
    assert (feeds.resting, timers) == (0, [])
