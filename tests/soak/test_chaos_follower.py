"""The careful client: what it shows, what it drops, what it asks for, over several connections."""

from typing import Any

import pytest

from soak.chaos.chart_copy import BadChartError, ChartCopy
from soak.chaos.follower import LONGEST_DELAY, Backoff, Follower, Message, offset_of
from soak.chaos.numbered import price


class Reader:
    """A follower with what it showed."""

    def __init__(self, *charts: str) -> None:
        self.shown: list[Message] = []
        self.follower = Follower([ChartCopy(name, "X", name, "20130301") for name in charts], self.shown.append)

    @property
    def numbers(self) -> list[int]:
        """Of the numbered messages that it showed."""
        return [message["data"]["n"] for message in self.shown if message["type"] == "numbered"]

    def connect(self, begins: str | None = "100-0", **more: Any) -> list[Message]:
        """A new connection, welcomed; what the follower says."""
        self.follower.on_open()
        data = {"uid": "u", "heartbeat_ms": 2000, "offset": begins, **more}
        return self.follower.on_message({"type": "userinfo", "data": data})

    def hear(self, *messages: Message) -> list[Message]:
        """Hear the messages, and return the answer to the last of them."""
        return [self.follower.on_message(message) for message in messages][-1]


@pytest.fixture
def reader() -> Reader:
    """One without charts."""
    return Reader()


def pushed(number: int, offset: str | None = None) -> Message:
    """A numbered message, kept under an offset or not kept."""
    message = {"type": "numbered", "data": {"source": "push:7", "n": number}}
    return message if offset is None else {**message, "offset": offset}


def resumed(count: int = 0) -> Message:
    """The answer."""
    return {"type": "resumed", "data": {"count": count}, "id": "resume"}


def picture(chart: str, asked: int, *numbers: int, seq: int | None = None, epoch: str = "e") -> Message:
    """A static render, the answer to the ``asked``-th request."""
    points = [[number, price(number)] for number in numbers]
    data = {"type": "render", "update": "static", "chart_id": chart, "epoch": epoch}
    data |= {"seq": len(numbers) if seq is None else seq, "chart": {"series": [{"data": points}]}}
    return {"type": "mycharts", "data": data, "id": f"{chart}/{asked}"}


def update(chart: str, prev_seq: int | None, *numbers: int, epoch: str = "e") -> Message:
    """A dynamic render of rows behind ``prev_seq``."""
    rows = [[0, number, price(number)] for number in numbers]
    data = {"type": "render", "update": "dynamic", "chart_id": chart, "epoch": epoch, "chart": {"series": rows}}
    data |= {"seq": numbers[-1]} | ({} if prev_seq is None else {"prev_seq": prev_seq})
    return {"type": "mycharts", "data": data}


def lag(is_lagging: bool) -> Message:
    """The server's notice."""
    return {"type": "notice", "data": {"code": "lag", "lagging": is_lagging}}


def test_offsets_are_compared_as_numbers() -> None:
    assert offset_of("9-10") < offset_of("10-9")  # type: ignore[operator]
    assert offset_of("9-9") < offset_of("9-10")  # type: ignore[operator]
    assert offset_of(None) is None


def test_a_new_page_asks_for_what_no_page_has_seen() -> None:
    assert Reader().connect() == [{"type": "resume", "data": {"offset": None}, "id": "resume"}]


def test_a_page_that_comes_back_says_its_last_offset() -> None:
    reader = Reader()
    reader.connect()
    reader.hear(resumed(), pushed(1, "101-1"), pushed(2, "102-2"))
    assert reader.connect("105-9")[0]["data"] == {"offset": "102-2"}


def test_what_was_missed_comes_before_what_is_live() -> None:
    reader = Reader()
    reader.connect()
    reader.hear(resumed(), pushed(1, "101-1"))
    reader.connect("103-3")
    reader.hear(pushed(4, "104-4"), pushed(2, "102-2"), pushed(3, "103-3"))
    assert reader.numbers == [1, 2, 3]
    reader.hear(resumed(2))
    assert reader.numbers == [1, 2, 3, 4]
    assert reader.follower.resumed == 2


def test_where_live_messages_begin_may_not_be_known_yet() -> None:
    reader = Reader()
    reader.connect(None)
    reader.hear(pushed(3, "103-3"), pushed(1, "101-1"), pushed(2, "102-2"))
    assert reader.numbers == []
    reader.hear(resumed(2))
    assert reader.numbers == [1, 2, 3]


def test_what_was_shown_is_said_to_be_seen_once(reader: Reader) -> None:
    reader.connect("100-0")
    reader.hear(resumed(), pushed(1, "101-1"), pushed(2, "102-2"))
    assert reader.follower.seen() == {"type": "seen", "data": {"offset": "102-2"}}
    assert reader.follower.seen() is None


def test_before_the_end_of_a_resume_nothing_is_said_to_be_seen(reader: Reader) -> None:
    reader.connect("100-0")
    reader.hear(pushed(1, "99-1"))
    assert reader.follower.seen() is None
    reader.hear(resumed(1))
    assert reader.follower.seen() == {"type": "seen", "data": {"offset": "100-0"}}


def test_on_a_new_connection_it_is_said_anew(reader: Reader) -> None:
    reader.connect("100-0")
    reader.hear(resumed(), pushed(1, "101-1"))
    reader.follower.seen()
    reader.connect("101-1")
    assert reader.follower.seen() is None
    reader.hear(resumed())
    assert reader.follower.seen() == {"type": "seen", "data": {"offset": "101-1"}}


def test_who_got_nothing_has_what_came_before_the_connection(reader: Reader) -> None:
    reader.connect("100-0")
    reader.hear(resumed())
    assert reader.connect("105-0")[0]["data"] == {"offset": "100-0"}


def test_what_comes_twice_is_shown_once() -> None:
    reader = Reader()
    reader.connect()
    reader.hear(resumed(), pushed(1, "101-1"), pushed(1, "101-1"))
    assert reader.numbers == [1]
    assert reader.follower.dropped == 1


def test_a_message_held_back_that_was_also_resumed_is_shown_once() -> None:
    reader = Reader()
    reader.connect("100-0")
    reader.hear(pushed(1, "101-1"), resumed())
    reader.hear(pushed(1, "101-1"))
    assert reader.numbers == [1]


def test_what_has_no_offset_is_shown_as_it_comes() -> None:
    reader = Reader()
    reader.connect()
    reader.hear(pushed(1), pushed(1))
    assert reader.numbers == [1, 1]


def test_a_server_that_keeps_nothing_is_not_asked_to_resume() -> None:
    reader = Reader()
    reader.follower.on_open()
    assert reader.hear({"type": "userinfo", "data": {"uid": "u", "heartbeat_ms": 2000}}) == []
    reader.hear(pushed(1))
    assert reader.numbers == [1]


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "resume_lost", "data": {"offset": None, "reason": "expired"}, "id": "resume"},
        {"type": "error", "data": {"code": "rate_limited", "message": "", "type": "resume"}, "id": "resume"},
    ],
)
def test_a_resume_that_failed_holds_nothing_back_for_ever(answer: Message) -> None:
    reader = Reader()
    reader.connect()
    reader.hear(pushed(7, "107-7"), answer)
    assert reader.numbers == [7]


def test_a_lost_resume_and_an_error_are_remembered() -> None:
    reader = Reader()
    reader.connect()
    reader.hear({"type": "resume_lost", "data": {}, "id": "resume"}, {"type": "error", "data": {"code": "internal"}})
    assert reader.follower.resumes_lost == 1
    assert len(reader.follower.errors) == 1


def test_what_was_held_back_when_the_connection_ended_is_asked_for_again() -> None:
    reader = Reader()
    reader.connect()
    reader.hear(pushed(1, "101-1"))
    assert reader.connect("101-1")[0]["data"] == {"offset": None}
    reader.hear(pushed(1, "101-1"), resumed(1))
    assert reader.numbers == [1]


def test_the_server_says_when_to_come_back_for_this_connection_only() -> None:
    reader = Reader()
    reader.connect()
    reader.hear({"type": "reconnect", "data": {"after_ms": 1250}})
    assert reader.follower.after_ms == 1250
    reader.follower.on_open()
    assert reader.follower.after_ms is None


def test_the_servers_heartbeat_is_taken_over() -> None:
    reader = Reader()
    reader.connect()
    assert reader.follower.heartbeat_ms == 2000
    assert reader.follower.is_welcome


def test_charts_are_asked_for_on_each_connection() -> None:
    reader = Reader("A")
    reader.connect()
    second = reader.connect()[1]
    assert second["data"] == {
        "type": "quote",
        "chart_id": "A",
        "exchange": "X",
        "item": "A",
        "date": "20130301",
        "update": "dynamic",
    }
    assert second["id"] == "A/2"


def test_a_chart_shows_its_picture_and_what_follows() -> None:
    reader = Reader("A")
    reader.connect()
    assert reader.hear(picture("A", 1, 1, 2), update("A", 2, 3, 4), update("A", None, 5)) == []
    assert reader.follower.charts["A"].numbers == [1, 2, 3, 4, 5]


def test_a_gap_in_a_chart_asks_for_a_fresh_picture_once() -> None:
    reader = Reader("A")
    reader.connect()
    [again] = reader.hear(picture("A", 1, 1, 2), update("A", 3, 4))
    assert again["id"] == "A/2"
    assert reader.hear(update("A", 4, 5)) == []
    reader.hear(picture("A", 2, 1, 2, 3, 4, 5), update("A", 5, 6))
    assert reader.follower.charts["A"].numbers == [1, 2, 3, 4, 5, 6]


def test_another_epoch_is_a_gap_whatever_the_numbers_say() -> None:
    reader = Reader("A")
    reader.connect()
    assert reader.hear(picture("A", 1, 1, 2), update("A", 2, 3, epoch="f"))


def test_a_picture_for_an_earlier_request_is_ignored() -> None:
    reader = Reader("A")
    reader.connect()
    reader.connect()
    reader.hear(picture("A", 1, 1), update("A", 1, 2))
    assert reader.follower.charts["A"].numbers == []
    assert reader.follower.charts["A"].pictures == 0


def test_while_the_page_lags_gaps_are_left_and_mended_in_the_end() -> None:
    reader = Reader("A")
    reader.connect()
    reader.hear(picture("A", 1, 1, 2), lag(True))
    assert reader.hear(update("A", 8, 9)) == []
    assert [message["id"] for message in reader.hear(lag(False))] == ["A/2"]


def test_a_notice_of_somebody_elses_changes_nothing() -> None:
    reader = Reader("A")
    reader.connect()
    assert reader.hear({"type": "notice", "data": "hello"}, {"type": "notice", "data": {"code": "own"}}) == []


def test_a_price_that_was_never_sent_is_no_small_matter() -> None:
    reader = Reader("A")
    reader.connect()
    wrong = update("A", 0, 1)
    wrong["data"]["chart"]["series"][0][2] += 1
    reader.hear(picture("A", 1))
    with pytest.raises(BadChartError, match="A shows"):
        reader.hear(wrong)


def test_attempts_become_rarer_up_to_a_limit() -> None:
    backoff = Backoff(lambda: 1.0)
    delays = [backoff.delay(0.0) for _ in range(5)]
    assert delays == [0.5, 1.0, 2.0, LONGEST_DELAY, LONGEST_DELAY]


def test_a_connection_that_lived_long_makes_the_next_attempt_a_first_one() -> None:
    backoff = Backoff(lambda: 1.0)
    backoff.delay(0.0)
    backoff.on_open(1.0)
    assert backoff.delay(5.0) == 1.0
    backoff.on_open(6.0)
    assert backoff.delay(16.0) == 0.5


def test_delays_are_random() -> None:
    backoff = Backoff(lambda: 0.25)
    assert backoff.delay(0.0) == 0.125
