"""Portions of several streams, and the part of them that is read for each user."""

from collections.abc import Sequence
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import (
    NO_SIZE,
    START,
    Bound,
    Entry,
    Gone,
    Kept,
    KeptRange,
    KeptSpan,
    QueueRefusedError,
    order_of,
)
from rtserver.service.push.user_streams import CURSOR, PORTION_COUNT, Portion, Question, UserStreams, portion_of
from rtserver.service.queue_link import QueueLink


def entries(*numbers: int, size: int = 1) -> list[Entry]:
    return [Entry(f"10-{number}", b"x" * size) for number in numbers]


def found(*numbers: int, gone: Gone | None = None, size: int = 1) -> KeptRange:
    return KeptRange(entries(*numbers, size=size), gone)


def test_two_streams_become_one_row_in_the_order_of_the_bus() -> None:
    portion = portion_of([found(2, 9, 10), found(1, 3, 11)], START, count=10)
    assert portion.entries == entries(1, 2, 3, 9, 10, 11)
    assert (portion.after, portion.is_all, portion.gone) == ("10-11", True, None)


def test_behind_the_end_of_a_stream_that_was_not_read_to_its_end_nothing_is_taken() -> None:
    portion = portion_of([found(1, 4), found(2, 5, 6)], START, count=2)
    assert portion.entries == entries(1, 2, 4)
    assert (portion.after, portion.is_all) == ("10-4", False)


def test_a_portion_is_cut_by_its_bytes_but_never_to_nothing() -> None:
    portion = portion_of([found(1, 2, 3, size=60)], START, count=10, size=100)
    assert portion.entries == entries(1, 2, size=60)
    assert (portion.after, portion.is_all) == ("10-2", False)
    huge = portion_of([found(1, 2, size=1000)], START, count=10, size=100)
    assert huge.entries == entries(1, size=1000)


def test_nothing_is_a_portion_too() -> None:
    assert portion_of([found(), found()], "10-7") == ([], "10-7", True, None)


def test_something_gone_from_one_stream_is_gone_from_the_row() -> None:
    assert portion_of([found(1), found(gone=Gone.EXPIRED)], START).gone == Gone.EXPIRED


def test_what_was_read_up_to_its_bytes_was_not_read_to_its_end() -> None:
    portion = portion_of([found(1, 4, size=50), found(2, 5, 6)], START, count=10, size=100)
    assert [entry.id for entry in portion.entries] == ["10-1", "10-2", "10-4"]
    assert (portion.after, portion.is_all) == ("10-4", False)


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(61, 120)), st.integers(1, 7), st.integers(1, 40))
def test_portion_by_portion_everything_comes_once_and_in_order(
    mine: set[int], others: set[int], count: int, size: int
) -> None:
    # Interleaved: odd places are one stream's, even ones the other's.
    streams = [sorted(2 * number for number in mine), sorted(2 * number - 61 for number in others)]
    got: list[Entry] = []
    after, is_all = START, False
    while not is_all:
        ranges = [
            found(*[number for number in stream if (10, number) > order_of(after)][:count][: -(-size // 10)], size=10)
            for stream in streams
        ]
        portion = portion_of(ranges, after, count, size)
        assert portion.entries or portion.is_all
        got += portion.entries
        after, is_all = portion.after, portion.is_all
    assert got == entries(*sorted(streams[0] + streams[1]), size=10)


class Refusing(MemoryQueue):
    def seen(self, user_id: str) -> str:
        raise QueueRefusedError(self.address, "WRONGTYPE")


class Counting(MemoryQueue):
    trips = 0

    def kept_together(
        self, cursor: str, spans: Sequence[KeptSpan], count: int, *, size: int = NO_SIZE
    ) -> list[list[KeptRange]]:
        self.trips += 1
        return super().kept_together(cursor, spans, count, size=size)


def streams_on(queue: MemoryQueue) -> UserStreams:
    streams = UserStreams(queue, QueueLink(lambda seconds: None), Bound(1000, 3600))
    streams.begin()
    return streams


def read(streams: UserStreams, user_id: str, after: str | None, until: str | None) -> Portion:
    """Return the answer to one question. Raises ``QueueRefusedError``."""
    [portion] = streams.read_together([Question(user_id, after, until)])
    if isinstance(portion, QueueRefusedError):
        raise portion
    return portion


def keep(streams: UserStreams, *kept: Kept) -> None:
    streams.keep(kept[-1].id, kept)


def test_a_user_gets_what_is_his_and_what_is_everyones() -> None:
    streams = streams_on(MemoryQueue(now=lambda: 0.01))
    keep(
        streams,
        *(Kept(stream, f"10-{number}", b"") for number, stream in enumerate(("user:7", "user:8", "user:*"), 1)),
    )
    assert [entry.id for entry in read(streams, "7", "10-0", "10-9").entries] == ["10-1", "10-3"]
    assert [entry.id for entry in read(streams, "8", "10-2", "10-9").entries] == ["10-3"]


def test_who_has_no_place_begins_behind_what_the_user_has_seen() -> None:
    streams = streams_on(MemoryQueue(now=lambda: 0.01))
    keep(streams, *(Kept("user:7", f"10-{number}", b"") for number in (1, 2, 3)))
    assert len(read(streams, "7", None, "10-9").entries) == 3
    streams.see({"7": "10-2"})
    assert [entry.id for entry in read(streams, "7", None, "10-9").entries] == ["10-3"]


class Rewound(MemoryQueue):
    """Forgets what has been kept since ``remember``, as a replica has that lagged. The bus stays."""

    def remember(self) -> None:
        self._copies = deepcopy((self._cursors, self._kept))

    def rewind(self) -> None:
        self._cursors, self._kept = self._copies


def test_who_had_not_seen_what_a_replica_did_not_have_is_told_and_who_had_is_not() -> None:
    queue = Rewound(now=lambda: 0.01)
    streams = streams_on(queue)
    keep(streams, Kept("user:7", "10-1", b"a"))
    queue.remember()
    keep(streams, Kept("user:7", "10-2", b"b"))
    streams.keep("10-4", ())
    queue.rewind()
    streams.keep("10-5", ())
    keep(streams, Kept("user:7", "10-6", b"c"))
    missing, seen = read(streams, "7", "10-1", "10-9"), read(streams, "7", "10-2", "10-9")
    assert ([entry.raw for entry in missing.entries], missing.gone) == ([b"c"], Gone.UNKNOWN)
    assert ([entry.raw for entry in seen.entries], seen.gone) == ([b"c"], None)


def test_a_cursor_that_was_moved_without_anything_kept_may_be_lost_and_nothing_is_missing() -> None:
    queue = Rewound(now=lambda: 0.01)
    streams = streams_on(queue)
    keep(streams, Kept("user:7", "10-1", b"a"))
    queue.remember()
    streams.keep("10-4", ())
    queue.rewind()
    keep(streams, Kept("user:7", "10-5", b"b"))
    assert read(streams, "7", "10-1", "10-9").gone is None


def test_who_has_no_place_misses_nothing_that_is_gone() -> None:
    queue = MemoryQueue(now=lambda: 0.01)
    streams = UserStreams(queue, QueueLink(lambda seconds: None), Bound(2, 3600))
    streams.begin()
    keep(streams, *(Kept("user:7", f"10-{number}", b"") for number in (1, 2, 3)))
    assert read(streams, "7", None, "10-9").gone is None
    assert read(streams, "7", "10-0", "10-9").gone == Gone.TRIMMED


def test_without_an_end_it_is_where_this_worker_began() -> None:
    queue = MemoryQueue(now=lambda: 0.01)
    queue.keep(CURSOR, "10-2", [Kept("user:7", "10-1", b""), Kept("user:7", "10-2", b"")])
    streams = streams_on(queue)
    keep(streams, Kept("user:7", "10-3", b""))
    assert [entry.id for entry in read(streams, "7", "10-1", None).entries] == ["10-2"]


def test_a_long_row_is_read_in_portions() -> None:
    streams = streams_on(MemoryQueue(now=lambda: 0.01))
    keep(streams, *(Kept("user:7", f"10-{number}", b"x") for number in range(1, PORTION_COUNT + 11)))
    first = read(streams, "7", "10-0", "11-0")
    assert (len(first.entries), first.is_all) == (PORTION_COUNT, False)
    rest = read(streams, "7", first.after, "11-0")
    assert (len(rest.entries), rest.is_all) == (10, True)


def test_a_refusal_is_no_outage_that_is_waited_for() -> None:
    with pytest.raises(QueueRefusedError):
        read(streams_on(Refusing()), "7", None, "10-9")


def test_behind_a_place_of_an_order_that_is_over_everything_kept_is_read() -> None:
    queue = MemoryQueue(now=lambda: 0.01)
    streams = UserStreams(queue, QueueLink(lambda seconds: None), Bound(1000, 3600))
    streams.begin()
    streams.keep("10-3", [Kept("user:7", f"10-{number}", b"%d" % number) for number in (1, 2, 3)])
    portion = read(streams, "7", "99-1", "10-3")
    assert [entry.id for entry in portion.entries] == ["10-1", "10-2", "10-3"]
    assert portion.gone is Gone.UNKNOWN
    # A server that is behind others knows the place all the same.
    assert read(streams, "7", "10-3", "10-1") == ([], "10-3", True, None)


def test_a_user_who_had_seen_what_is_over_is_sent_what_is_new() -> None:
    queue = MemoryQueue(now=lambda: 0.01)
    streams = UserStreams(queue, QueueLink(lambda seconds: None), Bound(1000, 3600))
    streams.begin()
    streams.see({"7": "99-1"})
    streams.keep("10-1", [Kept("user:7", "10-1", b"new")])
    portion = read(streams, "7", None, "10-1")
    assert [entry.raw for entry in portion.entries] == [b"new"]
    assert portion.gone is None


def test_several_questions_are_one_trip_and_each_has_its_own_answer() -> None:
    queue = Counting(now=lambda: 0.01)
    streams = streams_on(queue)
    keep(streams, *(Kept(f"user:{user}", f"10-{user}", b"") for user in (1, 2, 3)))
    questions = [Question("1", "10-0", "10-9"), Question("3", "10-0", "10-9"), Question("2", "10-2", "10-9")]
    portions = streams.read_together(questions)
    assert [[entry.id for entry in portion.entries] for portion in portions if isinstance(portion, Portion)] == [
        ["10-1"],
        ["10-3"],
        [],
    ]
    assert queue.trips == 1


def test_a_refusal_is_the_answer_to_its_own_question_alone() -> None:
    streams = streams_on(Refusing(now=lambda: 0.01))
    keep(streams, Kept("user:7", "10-1", b""))
    refused, portion = streams.read_together([Question("8", None, "10-9"), Question("7", "10-0", "10-9")])
    assert isinstance(refused, QueueRefusedError)
    assert isinstance(portion, Portion)
    assert [entry.id for entry in portion.entries] == ["10-1"]
