"""The contract of every queue: one suite for the one in Redis, on plain sockets and on gevent's, and for its twin."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.message_name import maybe_name_in
from rtserver.base.queue.port import (
    START,
    Bound,
    DeadLetter,
    Entry,
    Gone,
    Hint,
    Kept,
    KeptSpan,
    Lone,
    Named,
    QueuePort,
    QueueRefusedError,
    just_before,
    number_of,
    order_of,
)
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.base.queue.signature import Signer
from tcelib.lease.port import Registration
from tcelib.lease.redis import RedisLeases
from tcelib.redis.gevent_redis import gevent_client

MakeQueue = Callable[..., QueuePort]


@pytest.fixture(params=["memory", "redis", "redis on gevent"])
def make_queue(request: pytest.FixtureRequest) -> Iterator[MakeQueue]:
    queues: list[QueuePort] = []

    def make(**bounds: Any) -> QueuePort:
        if request.param == "memory":
            queue: QueuePort = MemoryQueue(**bounds)
        else:
            connect = plain_client if request.param == "redis" else gevent_client
            queue = RedisQueue(connect(request.getfixturevalue("redis_url")), **bounds)
        queues.append(queue)
        return queue

    yield make
    for queue in queues:
        queue.close()


@pytest.fixture
def queue(make_queue: MakeQueue) -> QueuePort:
    return make_queue()


def messages(count: int, first: int = 0) -> list[bytes]:
    return [b"message %d" % number for number in range(first, first + count)]


def letter(raw: bytes = b"{", reason: str = "bad_json", entry: str = "") -> DeadLetter:
    return DeadLetter(raw, reason, "ends too early", "feed-1", 1_362_150_000.25, entry=entry)


def note_format(queue: QueuePort, note: bytes) -> None:
    if isinstance(queue, MemoryQueue):
        queue.format = note
    else:
        assert isinstance(queue, RedisQueue)
        queue._call("SET", "{queue:rtserver}:format", note)


@pytest.mark.parametrize("note", [b"2", b"17", b"new", b"-1", b"", b"\xff"])
def test_a_format_that_only_a_newer_version_reads_is_refused_in_one_line(queue: QueuePort, note: bytes) -> None:
    queue.check_format()
    note_format(queue, note)
    with pytest.raises(QueueRefusedError, match="reads up to 1, so start a newer one") as error:
        queue.check_format()
    assert "\n" not in str(error.value)
    note_format(queue, b"1")
    queue.check_format()


def test_nothing_is_there_at_first(queue: QueuePort) -> None:
    assert queue.waiting() == 0
    assert queue.newest_id() == START
    assert queue.intake(0).messages == 0
    assert queue.read(START, 10, 0) == []
    assert queue.range(START, START, 10) == []
    assert queue.dead_letters(START, 10) == []


def test_what_is_put_waits_on_the_list_until_the_intake(queue: QueuePort) -> None:
    queue.put(messages(3))
    assert queue.waiting() == 3
    assert queue.read(START, 10, 0) == []
    moved = queue.intake(0.1)
    assert moved.messages == 3
    assert moved.newest_id == queue.newest_id()
    assert queue.waiting() == 0
    assert [entry.raw for entry in queue.read(START, 10, 0)] == messages(3)


def test_a_message_is_any_bytes(queue: QueuePort) -> None:
    odd = [b"", b"\x00\xff", b"\r\n$3\r\n", "Ж".encode(), b"x" * 100_000]
    queue.put(odd)
    queue.intake(0.1)
    assert [entry.raw for entry in queue.read(START, 10, 0)] == odd


ROUTED = [
    (b'{"type":"quote","to":"X:A","src":"me","data":[]}', (b"quote", b"X:A")),
    (b'{ "type" : "shop.order-1_b", "to" : "7 8" }', (b"shop.order-1_b", b"7 8")),
    ('{"type":"quote","to":"Ä:ж"'.encode(), (b"quote", "Ä:ж".encode())),
    (b"sha256=" + b"0f" * 32 + b' {"type":"quote","to":"X:A"}', (b"quote", b"X:A")),
    (b"sha256=" + b"0f" * 32 + b' ts=1448010000 {"type":"quote","to":"X:A"}', (b"quote", b"X:A")),
    (b'{"type":"quote","to":"%b"}' % (b"a" * 1000), (b"quote", b"a" * 1000)),
]
UNROUTED = [
    b"",
    b"quote",
    b'{"type":"quote","src":"me","to":"X:A"}',
    b'{"to":"X:A","type":"quote"}',
    b'[{"type":"quote","to":"X:A"}]',
    b' {"type":"quote","to":"X:A"}',
    b'{"type":"quote","to":""}',
    b'{"type":"","to":"X:A"}',
    b'{"type":"quote","to":7}',
    b'{"type":"quote","to":["X:A"]}',
    b'{"type":"quote","to":"X:A',
    b'{"type":"quote","to":"a\\"b"}',
    b'{"type":"quo\\u0074e","to":"X:A"}',
    b'{"type":"quote","to":"a\nb"}',
    b'{"type":"qu ote","to":"X:A"}',
    b'{"type":"%b","to":"X:A"}' % (b"a" * 65),
    b'{"type":"quote","to":"%b"}' % (b"a" * 1001),
    b'sha256=zz {"type":"quote","to":"X:A"}',
    b"s",
]


def test_an_entry_has_the_route_that_its_message_begins_with(queue: QueuePort) -> None:
    queue.put([raw for raw, _ in ROUTED] + UNROUTED)
    queue.intake(0.1)
    entries = queue.read(START, 100, 0)
    assert [(entry.raw, (entry.type, entry.to)) for entry in entries] == [
        *ROUTED,
        *((raw, (b"", b"")) for raw in UNROUTED),
    ]
    assert queue.range(START, entries[-1].id, 100) == entries
    queue.put([ROUTED[0][0]])
    assert queue.intake(0.1, START, Lone("one", entries[-1].id, 10)).entries[0].to == b"X:A"


def test_putting_nothing_does_nothing(queue: QueuePort) -> None:
    queue.put([])
    assert queue.waiting() == 0


def test_one_intake_moves_a_bounded_number_and_the_next_goes_on_in_order(make_queue: MakeQueue) -> None:
    queue = make_queue(batch=10)
    queue.put(messages(25))
    counts = []
    while queue.waiting():
        counts.append(queue.intake(0.1).messages)
    assert sum(counts) == 25
    assert max(counts) <= 11
    assert [entry.raw for entry in queue.read(START, 100, 0)] == messages(25)


def test_an_intake_without_messages_still_names_the_newest_entry(queue: QueuePort) -> None:
    queue.put(messages(1))
    newest_id = queue.intake(0.1).newest_id
    assert queue.intake(0)[:2] == (0, newest_id)
    assert queue.intake(0.01)[:2] == (0, newest_id)


def is_in_company(queue: QueuePort, worker: str) -> bool:
    return queue.await_company(worker, 0.01)


def test_an_intake_for_a_lone_worker_brings_what_it_moved(queue: QueuePort) -> None:
    queue.put(messages(3))
    moved = queue.intake(0.1, START, Lone("one", START, 10))
    assert [entry.raw for entry in moved.entries] == messages(3)
    assert moved.entries[-1].id == moved.newest_id
    assert not is_in_company(queue, "one")
    assert not queue.intake(0, moved.newest_id, Lone("one", moved.newest_id, 10)).entries


def test_it_brings_as_many_as_it_is_asked_for_whoever_moved_them(queue: QueuePort) -> None:
    queue.put(messages(3))
    queue.intake(0.1)
    queue.put(messages(3, 3))
    entries = queue.intake(0.1, START, Lone("one", START, 4)).entries
    assert [entry.raw for entry in entries] == messages(4)
    assert list(queue.intake(0, START, Lone("one", entries[-1].id, 4)).entries) == queue.read(entries[-1].id, 4, 0)


def test_whoever_moves_messages_beside_a_lone_worker_tells_it_once(queue: QueuePort) -> None:
    queue.intake(0, START, Lone("one", START, 10))
    queue.intake(0)
    assert not is_in_company(queue, "one")
    queue.put(messages(1))
    queue.intake(0.1)
    assert is_in_company(queue, "one")
    queue.put(messages(1))
    queue.intake(0.1)
    assert not is_in_company(queue, "one")


def test_a_worker_that_asks_beside_a_lone_one_is_told_and_the_other_only_of_messages(queue: QueuePort) -> None:
    queue.intake(0, START, Lone("one", START, 10))
    queue.intake(0, START, Lone("other", START, 10))
    assert is_in_company(queue, "other")
    assert not is_in_company(queue, "one")
    queue.put(messages(1))
    assert len(queue.intake(0.1, START, Lone("other", START, 10)).entries) == 1
    assert is_in_company(queue, "other")
    assert is_in_company(queue, "one")


def test_once_nobody_is_alone_the_next_one_that_asks_is(queue: QueuePort) -> None:
    queue.intake(0, START, Lone("dead", START, 10))
    queue.put(messages(2))
    queue.intake(0.1)
    for _ in range(2):
        queue.intake(0, START, Lone("one", START, 10))
    assert not is_in_company(queue, "one")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_burst_ends_being_alone_and_the_next_intake_may_ask_again(queue: QueuePort, is_first: bool) -> None:
    if not is_first:
        queue.intake(0, START, Lone("one", START, 10))
    queue.put(messages(101))
    moved = queue.intake(0.1, START, Lone("one", START, 10))
    assert (moved.messages, len(moved.entries)) == (101, 10)
    assert is_in_company(queue, "one")
    queue.put(messages(100))
    queue.intake(0.1, START, Lone("one", START, 10))
    assert not is_in_company(queue, "one")


def test_the_numbers_in_the_ids_count_up_by_one(queue: QueuePort) -> None:
    for first in (0, 3, 6):
        queue.put(messages(3, first))
        queue.intake(0.1)
    ids = [entry.id for entry in queue.read(START, 100, 0)]
    assert [number_of(entry_id) for entry_id in ids] == list(range(1, 10))
    assert all(order_of(one) < order_of(other) for one, other in pairwise(ids))


def test_reading_goes_on_behind_the_last_id(queue: QueuePort) -> None:
    queue.put(messages(5))
    queue.intake(0.1)
    first = queue.read(START, 2, 0)
    rest = queue.read(first[-1].id, 10, 0)
    assert [entry.raw for entry in first + rest] == messages(5)
    assert queue.read(rest[-1].id, 10, 0.01) == []


def test_a_range_begins_behind_one_entry_and_ends_with_the_other(queue: QueuePort) -> None:
    queue.put(messages(6))
    queue.intake(0.1)
    ids = [entry.id for entry in queue.read(START, 10, 0)]
    assert [entry.id for entry in queue.range(ids[1], ids[4], 10)] == ids[2:5]
    assert [entry.id for entry in queue.range(START, ids[4], 2)] == ids[:2]
    assert [entry.id for entry in queue.range(just_before(ids[2]), ids[2], 10)] == [ids[2]]
    assert queue.range(ids[4], ids[4], 10) == []


def test_the_bus_forgets_its_oldest_entries_and_the_numbers_tell(make_queue: MakeQueue) -> None:
    queue = make_queue(bus_length=100)
    for first in range(0, 1000, 100):
        queue.put(messages(100, first))
        queue.intake(0.1)
    entries = queue.read(START, 1000, 0)
    assert 100 <= len(entries) <= 300  # Redis trims by whole nodes
    assert number_of(entries[0].id) == 1001 - len(entries)
    assert entries[-1].raw == b"message 999"
    assert queue.range(START, entries[0].id, 10) == entries[:1]


def bind(queue: QueuePort, *pairs: tuple[str, str]) -> list[str]:
    """Bring entries by their ids, each with a name; which of them are repeats."""
    repeats = queue.bind([Named(entry_id, name.encode()) for entry_id, name in pairs])
    return [entry_id for entry_id, _ in pairs if entry_id in repeats.ids]


def test_the_first_entry_that_is_brought_has_the_name_and_others_are_repeats(queue: QueuePort) -> None:
    assert bind(queue, ("1000-1", "a"), ("1000-2", "b"), ("1001-3", "a")) == ["1001-3"]
    assert bind(queue, ("1001-4", "b"), ("1001-5", "c")) == ["1001-4"]
    assert queue.bind([]) == (frozenset(), 0)


def test_the_verdict_is_the_same_for_everybody_who_asks(queue: QueuePort) -> None:
    pairs = [("1000-1", "a"), ("1000-2", "a"), ("1000-3", "b"), ("2000-4", "a")]
    assert [bind(queue, *pairs) for _ in range(3)] == [["1000-2", "2000-4"]] * 3
    assert bind(queue, *pairs[1:]) == ["1000-2", "2000-4"]


def test_an_entry_in_front_of_the_one_that_has_the_name_is_a_repeat_as_well(queue: QueuePort) -> None:
    assert bind(queue, ("2000-2", "a")) == []
    assert bind(queue, ("1000-1", "a"), ("2000-2", "a")) == ["1000-1"]


def test_the_name_stands_for_another_entry_when_its_time_is_over_and_all_verdicts_stay(make_queue: MakeQueue) -> None:
    queue = make_queue(repeat_seconds=10)
    pairs = [("1000-1", "a"), ("10999-2", "a"), ("11000-3", "a"), ("20999-4", "a"), ("21000-5", "a")]
    assert [bind(queue, *pairs) for _ in range(3)] == [["10999-2", "20999-4"]] * 3
    assert bind(queue, pairs[1]) == ["10999-2"]


def test_a_repeat_is_told_once_whoever_asks(queue: QueuePort) -> None:
    named = [Named(f"1000-{number}", b"a") for number in range(1, 4)]
    assert [queue.bind(some).untold for some in (named[:2], named, named, named[2:])] == [1, 1, 0, 0]


def test_an_entry_of_a_bus_that_is_lost_has_no_say(queue: QueuePort) -> None:
    assert bind(queue, ("1000-7", "a")) == []
    assert bind(queue, ("2000-1", "a"), ("2000-2", "a")) == ["2000-2"]
    assert bind(queue, ("2000-1", "a"), ("2000-2", "a")) == ["2000-2"]


def test_repeats_may_be_let_through(make_queue: MakeQueue) -> None:
    assert bind(make_queue(repeat_seconds=0), ("1000-1", "a"), ("1000-2", "a")) == []


def test_of_very_many_names_the_last_are_known(make_queue: MakeQueue) -> None:
    queue = make_queue(most_names=100)
    for number in range(1, 301):
        bind(queue, (f"1000-{number}", f"name {number}"))
    assert bind(queue, ("1000-301", "name 1")) == []
    assert bind(queue, ("1000-302", "name 290")) == ["1000-302"]


def test_a_name_is_known_while_its_entry_is_on_the_bus_however_late_it_is_asked_for(make_queue: MakeQueue) -> None:
    queue = make_queue(repeat_seconds=0.001)
    queue.put(messages(3))
    queue.intake(0.1)
    (first, second, third) = [entry.id for entry in queue.read(START, 3, 0)]
    bind(queue, (first, "a"), (second, "a"), (third, "b"))
    far = "99999999999999"
    assert bind(queue, *((f"{far}-{number}", f"n{number}") for number in (4, 5))) == []
    assert bind(queue, (first, "a"), (second, "a"), (third, "b")) == [second]


@pytest.mark.parametrize("ages", [(0, 0), (0, 5_000), (30_000, 0)])
def test_a_dead_letter_that_is_requeued_is_no_repeat_and_a_further_copy_is_one(
    queue: QueuePort, ages: tuple[int, int]
) -> None:
    message = b'{"type":"n","src":"feed","data":1,"id":1}'
    name = maybe_name_in(message)
    assert name is not None
    queue.put([message])
    queue.intake(0.1)
    ms, number = order_of(queue.newest_id())
    first, repeat = f"{ms}-{number}", f"{ms - ages[0]}-{number - 1}"
    assert bind_name(queue, name, first) == []
    queue.bury([letter(message, entry=first)])
    assert queue.requeue(queue.dead_letters(START, 1)[0].id)
    assert bind_name(queue, name, repeat, first) == [repeat]
    again, copy = f"{ms + ages[1]}-{number + 1}", f"{ms + ages[1]}-{number + 2}"
    assert bind_name(queue, name, first, again, copy) == [copy]
    assert bind_name(queue, name, first, again, copy) == [copy]


def bind_name(queue: QueuePort, name: bytes, *ids: str) -> list[str]:
    repeats = queue.bind([Named(entry_id, name) for entry_id in ids])
    return [entry_id for entry_id in ids if entry_id in repeats.ids]


def test_a_letter_whose_message_has_left_nobody_s_memory_may_come_again_too(queue: QueuePort) -> None:
    message = b'{"type":"n","src":"feed","data":1,"id":1}'
    queue.bury([letter(message)])
    assert queue.requeue(queue.dead_letters(START, 1)[0].id)
    name = maybe_name_in(message)
    assert name is not None
    assert bind_name(queue, name, "1000-1", "1000-2") == ["1000-2"]


class AskingMachine:
    """Workers that ask for the same bus, from any place and in any portions, and what each was told."""

    def __init__(self, queue: QueuePort, pairs: list[tuple[str, str]]) -> None:
        self.queue = queue
        self.pairs = pairs
        self.verdicts: dict[str, bool] = {}

    def ask(self, first: int, count: int) -> None:
        part = self.pairs[first : first + count]
        repeats = bind(self.queue, *part)
        for entry_id, _ in part:
            is_repeat = entry_id in repeats
            assert self.verdicts.setdefault(entry_id, is_repeat) == is_repeat


@given(
    steps=st.lists(st.tuples(st.integers(0, 700), st.sampled_from("ab")), min_size=1, max_size=20),
    asks=st.lists(st.tuples(st.integers(0, 19), st.integers(1, 8)), max_size=20),
)
@settings(max_examples=200)
def test_whoever_asks_when_gets_one_verdict_for_each_entry_and_none_is_lost(
    steps: list[tuple[int, str]], asks: list[tuple[int, int]]
) -> None:
    ms, pairs = 10_000, []
    for number, (pause, name) in enumerate(steps, 1):
        ms += pause
        pairs.append((f"{ms}-{number}", name))
    queue = MemoryQueue(repeat_seconds=1)
    queue.put(messages(len(pairs)))  # so that no name is forgotten
    queue.intake(0)
    machine = AskingMachine(queue, pairs)
    for first, count in [*asks, (0, len(pairs))]:
        machine.ask(first, count)
    for entry_id, name in pairs:
        near = [
            other for other, its in pairs if its == name and abs(order_of(other)[0] - order_of(entry_id)[0]) < 1000
        ]
        has_name = [one for one in near if not machine.verdicts[one]]
        assert has_name, "a message that nobody handles"
        assert machine.verdicts[entry_id] or has_name == [entry_id], "handled twice"


def test_a_message_that_is_too_large_is_set_aside_and_the_others_are_moved(make_queue: MakeQueue) -> None:
    queue = make_queue(most_bytes=1000)
    large = [b"x" * 1001, b"y" * 500_000]
    raws = [b"1", large[0], b"2", large[1], b"z" * 1000]
    queue.put(raws)
    moved = [queue.intake(0.1), queue.intake(0)]
    assert sum(one.messages for one in moved) == 3
    assert moved[-1].aside == 2
    entries = queue.read(START, 10, 0)
    assert [entry.raw for entry in entries] == [b"1", b"2", b"z" * 1000]
    assert [number_of(entry.id) for entry in entries] == [1, 2, 3]
    found = []
    while (one := queue.aside()) is not None:
        found.append(one.raw)
        dead = DeadLetter(one.raw[:10], "bad_message", "too large", "", 1.0, bytes=len(one.raw), sha256="ab")
        assert queue.bury_aside(one.name, dead)
        assert not queue.bury_aside(one.name, dead)
    assert sorted(found) == sorted(large)
    assert queue.intake(0).aside == 0
    assert sorted(dead.bytes for dead in queue.dead_letters(START, 10)) == [1001, 500_000]


def test_of_a_message_that_is_too_large_the_letter_tells_the_whole_and_is_not_requeued(queue: QueuePort) -> None:
    dead = DeadLetter(b"beginning", "bad_message", "too large", "", 1.0, bytes=500_000, sha256="0f" * 32)
    queue.bury([letter(), dead, letter(b"other")])
    found = queue.dead_letters(START, 10)
    assert [(one.raw, one.bytes, one.sha256) for one in found] == [
        (b"{", 0, ""),
        (b"beginning", 500_000, "0f" * 32),
        (b"other", 0, ""),
    ]
    assert not queue.requeue(found[1].id)
    assert queue.dead_letters(START, 10) == found


def test_only_what_all_have_passed_and_nothing_underived_is_trimmed(queue: QueuePort) -> None:
    ids = entries_of(queue)
    assert queue.trim(0, 3600) == (0, 0), "nobody has passed anything"
    queue.commit_offsets("one", {"a": ids[-1], "b": ids[3]})
    queue.commit_offsets("other", {"a": ids[2]})
    queue.keep("users", ids[1], [])
    assert queue.trim(1_000_000, 3600) == (0, 0), "there is room"
    assert queue.trim(0, 3600) == (2, 0)
    queue.keep("users", ids[-1], [])
    assert queue.trim(0, 3600) == (1, 0)
    assert [entry.id for entry in queue.range(START, ids[-1], 10)] == ids[3:]


def test_what_was_trimmed_before_it_was_derived_is_known_to_be_lost(queue: QueuePort) -> None:
    ids = entries_of(queue)
    queue.keep("users", ids[1], [Kept("user:7", ids[1], b"x")])
    unread = 0
    deadline = time.monotonic() + 5
    while unread < 2:
        assert time.monotonic() < deadline
        unread += queue.trim(0, 3600, 0.001).unread
    queue.keep("users", ids[-1], [])
    assert [gone(queue, "user:7", entry_id) for entry_id in ids[1::3]] == [Gone.UNKNOWN, None]


def test_the_bound_in_bytes_leaves_what_is_not_derived_yet(queue: QueuePort) -> None:
    queue.bus_bytes = 1_000_000
    ids = entries_of(queue)
    queue.keep("users", ids[1], [])
    holders = []
    for _ in range(40):
        queue.put([b"x" * 50_000])
        holders.append(queue.intake(0.1).holder)
    assert queue.range(START, queue.newest_id(), 1)[0].id == ids[2]
    assert (holders[0], holders[-1]) == ("", "users")
    queue.keep("users", queue.newest_id(), [])
    queue.put([b"x" * 50_000])
    assert queue.intake(0.1).holder == ""
    assert 0 < queue.memory().bus <= 1_000_000


def test_the_cursor_furthest_back_is_told_as_what_the_bus_is_too_large_for(queue: QueuePort) -> None:
    queue.bus_bytes = 1_000_000
    for cursor in ("history", "users"):
        queue.begin_keeping(cursor)
    for _ in range(40):
        queue.put([b"x" * 50_000])
        queue.intake(0.1)
        queue.keep("users", queue.newest_id(), [])
    assert queue.intake(0).holder == ""
    queue.put([b"x"])
    assert queue.intake(0.1).holder == "history"
    queue.keep("history", queue.newest_id(), [])
    queue.put([b"x"])
    assert queue.intake(0.1).holder == ""


def test_a_cursor_holds_on_to_the_bus_from_when_it_begins(queue: QueuePort) -> None:
    queue.bus_bytes = 1_000_000
    queue.begin_keeping("users")
    for _ in range(40):
        queue.put([b"x" * 50_000])
        queue.intake(0.1)
    assert len(queue.range(START, queue.newest_id(), 100)) == 40


def test_places_that_were_noted_too_long_ago_do_not_count(queue: QueuePort) -> None:
    ids = entries_of(queue)
    queue.commit_offsets("gone", {"a": ids[0]})
    queue.commit_offsets("here", {"a": ids[-1]})
    trimmed = [queue.trim(0, 60.0)]
    assert trimmed == [(1, 0)], "it counted as long as it was new"
    deadline = time.monotonic() + 5
    while sum(one.entries for one in trimmed) < len(ids) - 1:
        assert time.monotonic() < deadline
        queue.commit_offsets("here", {"a": ids[-1]})
        trimmed.append(queue.trim(0, 0.05))
    assert queue.newest_id() == ids[-1], "the next id follows from it"


def test_the_largest_keys_are_told_with_their_bytes(queue: QueuePort) -> None:
    assert queue.largest(3) == []
    queue.put([b"x" * 100_000])
    queue.intake(0.1)
    [(name, size), *_] = queue.largest(3)
    assert name.endswith("bus")
    assert size >= 100_000


def test_a_worker_s_lanes_find_their_positions_again(queue: QueuePort) -> None:
    queue.put(messages(3))
    queue.intake(0.1)
    one, two, three = [entry.id for entry in queue.read(START, 10, 0)]
    queue.commit_offsets("w", {"a": one, "b/c": two})
    queue.commit_offsets("other", {"a": three})
    assert queue.committed_offsets("w", ["a", "b/c", "never saved"]) == {"a": one, "b/c": two}
    queue.commit_offsets("w", {"a": two})
    queue.commit_offsets("w", {})
    assert queue.committed_offsets("w", ["b/c", "a"]) == {"a": two, "b/c": two}
    assert queue.committed_offsets("w", []) == {}


def test_a_position_never_moves_backwards(queue: QueuePort) -> None:
    queue.put(messages(12))
    queue.intake(0.1)
    ids = [entry.id for entry in queue.read(START, 20, 0)]
    queue.commit_offsets("w", {"a": ids[10], "b": ids[2]})
    queue.commit_offsets("w", {"a": ids[9], "b": ids[3]})
    assert queue.committed_offsets("w", ["a", "b"]) == {"a": ids[10], "b": ids[3]}
    queue.commit_offsets("w", {"a": START})
    assert queue.committed_offsets("w", ["a"]) == {"a": ids[10]}


def test_a_position_beyond_the_end_of_the_bus_is_one_of_a_bus_that_is_lost(queue: QueuePort) -> None:
    queue.commit_offsets("w", {"a": "99999999999999-9"})
    assert queue.committed_offsets("w", ["a"]) == {"a": "99999999999999-9"}
    queue.put(messages(2))
    queue.intake(0.1)
    queue.commit_offsets("w", {"a": queue.newest_id()})
    assert queue.committed_offsets("w", ["a"]) == {"a": queue.newest_id()}


def test_a_position_where_the_bus_has_lost_its_end_is_put_back_to_where_it_ends(queue: QueuePort) -> None:
    queue.put(messages(2))
    queue.intake(0.1)
    queue.commit_offsets("w", {"a": beyond(queue, 3)})
    assert queue.committed_offsets("w", ["a"]) == {"a": queue.newest_id()}


def beyond(queue: QueuePort, entries: int, milliseconds: int = 50) -> str:
    """A place that the bus has not come to."""
    newest_ms, number = order_of(queue.newest_id())
    return f"{newest_ms + milliseconds}-{number + entries}"


def test_a_bus_that_ends_before_what_a_worker_knows_goes_on_behind_that(queue: QueuePort) -> None:
    """Also where the clock is far behind."""
    queue.put(messages(2))
    old = queue.intake(0.1).newest_id
    known = beyond(queue, 30, 120_000)
    moved = queue.intake(0, known)
    assert (moved.messages, moved.ended) == (0, old)
    assert number_of(moved.newest_id) == 32
    assert order_of(moved.newest_id) > order_of(known)
    assert queue.newest_id() == moved.newest_id
    assert queue.intake(0, moved.newest_id).ended is None
    queue.put(messages(2, 2))
    moved = queue.intake(0.1, known)
    assert moved.ended is None
    entries = queue.read(known, 10, 0)
    assert [entry.raw for entry in entries] == messages(2, 2)
    assert [number_of(entry.id) for entry in entries] == [33, 34]
    assert queue.range(START, queue.newest_id(), 2)[-1].id == old


def test_a_bus_that_goes_on_at_once_takes_what_is_on_the_list_behind_the_place(queue: QueuePort) -> None:
    queue.put(messages(1))
    queue.intake(0.1)
    known = beyond(queue, 5)
    queue.put(messages(2, 1))
    moved = [queue.intake(0.1, known), queue.intake(0, known)]
    assert sum(each.messages for each in moved) == 2
    assert [each.ended is None for each in moved] == [False, True]
    assert [number_of(entry.id) for entry in queue.read(known, 10, 0)] == [7, 8]


def test_what_a_second_worker_knows_beyond_the_first_is_not_in_the_way(queue: QueuePort) -> None:
    queue.put(messages(1))
    queue.intake(0.1)
    first, second = beyond(queue, 20), beyond(queue, 25, 900)
    queue.intake(0, first)
    queue.put(messages(1, 1))
    queue.intake(0.1, first)
    assert queue.intake(0, second).ended is None
    [entry] = queue.read(second, 10, 0)
    assert (entry.raw, number_of(entry.id)) == (b"message 1", 22)


def test_a_cursor_is_not_moved_beyond_the_end_of_the_bus(queue: QueuePort) -> None:
    one, *_, last = entries_of(queue)
    queue.keep("users", one, [])
    lost = beyond(queue, 9)
    queue.keep("users", lost, [])
    assert queue.kept_until("users") == queue.begin_keeping("users") == last
    end = queue.intake(0, lost).newest_id
    queue.keep("users", end, [])
    assert queue.kept_until("users") == end
    assert queue.begin_keeping("work") == end


def test_who_was_before_what_is_lost_is_told_and_who_was_at_its_end_is_not(queue: QueuePort) -> None:
    one, *_, last = entries_of(queue)
    queue.keep("users", one, [])
    in_between, known = beyond(queue, 4), beyond(queue, 9)
    queue.intake(0, known)
    queue.put(messages(1))
    new = queue.intake(0.1, known).newest_id
    queue.keep("users", new, [Kept("user:7", new, b"x")], Bound(10, 60))
    told = [gone(queue, "user:7", place) for place in (one, last, in_between, known, new)]
    assert told == [Gone.UNKNOWN, Gone.UNKNOWN, Gone.UNKNOWN, None, None]


def test_a_worker_that_has_only_seen_the_end_of_a_noted_gap_makes_it_no_longer(queue: QueuePort) -> None:
    one, *_ = entries_of(queue)
    queue.keep("users", one, [])
    known = beyond(queue, 9)
    queue.intake(0, known)
    queue.put(messages(1))
    new = queue.intake(0.1, known).newest_id
    queue.keep("users", new, [Kept("user:7", new, b"x")], Bound(10, 60), kept=just_before(new))
    assert [gone(queue, "user:7", place) for place in (one, known, new)] == [Gone.UNKNOWN, None, None]


def test_who_was_before_copies_that_are_lost_is_told_although_the_bus_has_all_its_entries(queue: QueuePort) -> None:
    one, two, *_, last = entries_of(queue)
    queue.keep("users", one, [Kept("user:7", one, b"x")], Bound(10, 60))
    queue.keep("users", last, [Kept("user:7", last, b"y")], Bound(10, 60), kept=two)  # the copy of two is not there
    assert [gone(queue, "user:7", place) for place in (one, two, last)] == [Gone.UNKNOWN, None, None]


def test_copies_that_are_there_are_no_loss_nor_are_those_of_a_cursor_that_is_new(queue: QueuePort) -> None:
    one, two, *_, last = entries_of(queue)
    queue.keep("users", one, [Kept("user:7", one, b"x")], Bound(10, 60), kept=last)
    queue.keep("users", two, [Kept("user:7", two, b"y")], Bound(10, 60), kept=one)
    queue.keep("users", last, [], Bound(10, 60), kept=two)
    queue.keep("users", two, [Kept("user:7", two, b"y")], Bound(10, 60), kept=one)  # of a worker that comes second
    assert [gone(queue, "user:7", place) for place in (one, two, last)] == [None, None, None]


def test_a_place_whose_number_the_bus_has_given_to_another_entry_is_not_known(queue: QueuePort) -> None:
    """Everybody who could have told the queue has died."""
    one, two, *_, last = entries_of(queue)
    queue.keep("users", one, [])
    lost = f"{order_of(last)[0]}-{number_of(last) + 1_000}"
    while order_of(queue.newest_id()) < order_of(lost):
        queue.put(messages(1))
        queue.intake(0.1)
    newest = queue.newest_id()
    queue.keep("users", newest, [])
    assert [gone(queue, "user:7", place) for place in (two, last, lost, newest)] == [None, None, Gone.UNKNOWN, None]


def test_a_dead_letter_keeps_everything(queue: QueuePort) -> None:
    buried = letter(b'{"type":\xff')
    queue.bury([buried, letter(reason="unknown_type")])
    found = queue.dead_letters(START, 10)
    assert [one.reason for one in found] == ["bad_json", "unknown_type"]
    assert (found[0].raw, found[0].detail, found[0].src, found[0].at) == (
        (buried.raw, buried.detail, buried.src, buried.at)
    )
    assert queue.dead_letters(found[0].id, 10) == found[1:]
    assert queue.dead_letters(START, 1) == found[:1]


def test_a_letter_about_a_message_of_the_bus_is_there_once_for_each_reason(queue: QueuePort) -> None:
    one, other = letter(b"one", entry="7-1"), letter(b"other", entry="7-2")
    queue.bury([one, other, one])
    queue.bury([one, letter(b"one", reason="bad_data", entry="7-1")])
    found = [(dead.raw, dead.reason) for dead in queue.dead_letters(START, 10)]
    assert found == [(b"one", "bad_json"), (b"other", "bad_json"), (b"one", "bad_data")]


def test_it_is_known_which_messages_were_buried_for_a_reason(queue: QueuePort) -> None:
    assert queue.buried("bad_json") == frozenset()
    queue.bury(
        [letter(b"one", entry="7-1"), letter(b"two", reason="bad_data", entry="7-2"), letter(b"not on the bus")]
    )
    queue.bury([letter(b"three", entry="7-3")])
    assert queue.buried("bad_json") == {"7-1", "7-3"}


def test_a_letter_that_was_requeued_is_buried_again_if_it_is_no_better(queue: QueuePort) -> None:
    queue.put([b"{"])
    for _ in range(2):
        queue.intake(0.1)
        queue.bury([letter(b"{", entry=queue.newest_id())])
        [dead] = queue.dead_letters(START, 10)
        queue.requeue(dead.id)


def test_of_very_many_letters_the_newest_are_known(make_queue: MakeQueue) -> None:
    queue = make_queue(dead_length=2)
    queue.bury([letter(b"1", entry=f"{number}-1") for number in (8, 9, 10)])
    queue.bury([letter(b"2", entry=f"{number}-1") for number in (8, 10)])
    assert [dead.raw for dead in queue.dead_letters(START, 10)].count(b"2") == 1


def test_a_requeued_letter_whose_time_is_over_is_signed_anew_and_a_forged_one_is_not(make_queue: MakeQueue) -> None:
    secret, now = "a secret of the shop", 1_448_010_000.0
    raw = Signer(secret, seconds=60, now=lambda: now).sign(b'{"src":"me","id":1}')
    forged = Signer("another secret of theirs", seconds=60, now=lambda: now).sign(b"{}")
    signer = Signer(secret, seconds=60, now=lambda: now + 10_000)
    queue = make_queue(signer=signer)
    queue.bury([letter(raw, "bad_signature"), letter(forged, "bad_signature")])
    assert [queue.requeue(dead.id) for dead in queue.dead_letters(START, 2)] == [True, True]
    queue.intake(0.1)
    anew, as_it_was = [entry.raw for entry in queue.read(START, 10, 0)]
    assert signer.open(anew) == b'{"src":"me","id":1}'
    assert maybe_name_in(anew) == maybe_name_in(raw)
    assert as_it_was == forged


def test_a_requeued_letter_is_on_the_list_again_and_dead_no_more(queue: QueuePort) -> None:
    queue.bury([letter(b"again"), letter(b"not this one")])
    found = queue.dead_letters(START, 10)
    assert queue.requeue(found[0].id)
    assert not queue.requeue(found[0].id)
    assert queue.dead_letters(START, 10) == found[1:]
    queue.intake(0.1)
    assert [entry.raw for entry in queue.read(START, 10, 0)] == [b"again"]


@given(st.integers(0, 2**50), st.integers(1, 2**50))
@settings(max_examples=50)
def test_just_before_an_id_is_smaller_and_its_number_one_less(milliseconds: int, number: int) -> None:
    entry_id = f"{milliseconds}-{number}"
    assert order_of(just_before(entry_id)) < order_of(entry_id)
    assert number_of(just_before(entry_id)) == number_of(entry_id) - 1


def entries_of(queue: QueuePort, count: int = 5) -> list[str]:
    """The ids of so many entries on the bus."""
    queue.put(messages(count))
    while queue.waiting():
        queue.intake(0.1)
    return [entry.id for entry in queue.read(START, 100, 0)]


def kept_ids(queue: QueuePort, stream: str, after: str = START, until: str = "99999999999999-0") -> list[str]:
    [found] = queue.kept("users", [stream], after, until, 1000)
    return [entry.id for entry in found.entries]


def gone(queue: QueuePort, stream: str, after: str) -> Gone | None:
    [found] = queue.kept("users", [stream], after, after, 1)
    return found.gone


def test_nothing_is_kept_at_first(queue: QueuePort) -> None:
    assert queue.kept_until("users") == START
    assert queue.kept("users", ["user:7", "user:*"], START, "9-9", 10) == [([], None), ([], None)]


def test_entries_are_kept_under_their_ids_in_streams_of_their_own(queue: QueuePort) -> None:
    one, two, three, *_ = entries_of(queue)
    kept = [Kept("user:7", one, b"\x00\xff"), Kept("user:8", one, b"\x00\xff"), Kept("user:7", two, b"")]
    assert queue.keep("users", three, kept) == 3
    assert queue.kept_until("users") == three
    assert queue.kept("users", ["user:8", "user:7"], one, three, 10) == [([], None), ([Entry(two, b"")], None)]
    [eight, seven] = queue.kept("users", ["user:8", "user:7"], START, three, 10)
    assert (eight.entries, seven.entries) == ([Entry(one, b"\x00\xff")], [Entry(one, b"\x00\xff"), Entry(two, b"")])


def test_several_spans_read_together_are_what_each_of_them_is_alone(queue: QueuePort) -> None:
    ids = entries_of(queue)
    kept = [Kept(f"user:{number % 3}", entry_id, b"%d" % number) for number, entry_id in enumerate(ids)]
    queue.keep("users", ids[-1], kept)
    spans = [KeptSpan([f"user:{number % 3}", "user:*"], ids[number], ids[-1]) for number in range(3)]
    spans.append(KeptSpan(["user:9"], START, ids[-1]))
    together = queue.kept_together("users", spans, 1, size=10)
    assert together == [queue.kept("users", *span, 1, size=10) for span in spans]
    assert [bool(found[0].entries) for found in together] == [len(ids) > number + 3 for number in range(3)] + [False]
    assert queue.kept_together("users", [], 1) == []


def test_a_part_of_a_kept_stream_begins_behind_one_entry_and_ends_with_the_other(queue: QueuePort) -> None:
    ids = entries_of(queue)
    queue.keep("users", ids[-1], [Kept("user:7", entry_id, b"x") for entry_id in ids])
    assert kept_ids(queue, "user:7", ids[0], ids[3]) == ids[1:4]
    [found] = queue.kept("users", ["user:7"], ids[0], ids[3], 2)
    assert [entry.id for entry in found.entries] == ids[1:3]


@pytest.mark.parametrize("users", [1, 2])
def test_a_part_of_a_kept_stream_ends_with_the_entry_that_fills_it(queue: QueuePort, users: int) -> None:
    one, two, three, four, five = ids = entries_of(queue)
    raws = {one: b"a" * 400, two: b"b" * 600, three: b"c" * 1_000, four: b"", five: b"e" * 5_000}
    streams = [f"user:{user}" for user in range(users)]
    kept = [Kept(stream, entry_id, raws[entry_id]) for entry_id in ids for stream in streams]
    queue.keep("users", five, kept, Bound(10, 3600))
    for after, size, expected in (
        (START, 1, [one]),
        (START, 400, [one]),
        (START, 401, [one, two]),
        (START, 1_001, [one, two, three]),
        (three, 1, [four, five]),
        (START, 1 << 40, ids),
    ):
        for found in queue.kept("users", streams, after, five, 10, size=size):
            assert [entry.id for entry in found.entries] == expected, (after, size)


def test_keeping_again_changes_nothing(queue: QueuePort) -> None:
    ids = entries_of(queue)
    kept = [Kept("user:7", entry_id, b"x") for entry_id in ids]
    assert queue.keep("users", ids[-1], kept) == 5
    assert queue.keep("users", ids[-1], kept) == 0
    assert queue.keep("users", ids[1], kept[:2]) == 0
    assert queue.kept_until("users") == ids[-1]
    assert kept_ids(queue, "user:7") == ids


def test_what_was_kept_without_the_cursor_is_passed_over_and_the_rest_is_appended(queue: QueuePort) -> None:
    ids = entries_of(queue)
    kept = [Kept(f"user:{user}", entry_id, b"x") for entry_id in ids for user in (7, 8)]
    assert queue.keep("users", START, kept[:5]) == 5  # as one who is killed in the middle
    assert queue.keep("users", ids[-1], kept) == 5
    assert kept_ids(queue, "user:7") == kept_ids(queue, "user:8") == ids


def test_two_workers_that_keep_the_same_entries_in_other_portions_keep_them_once(make_queue: MakeQueue) -> None:
    queue = make_queue()
    ids = entries_of(queue)
    kept = [Kept("user:7", entry_id, b"x") for entry_id in ids]
    queue.keep("users", ids[1], kept[:2])
    queue.keep("users", ids[3], kept[:4])  # the other one has not heard of it
    queue.keep("users", ids[2], kept[2:3])
    queue.keep("users", ids[4], kept[3:])
    assert kept_ids(queue, "user:7") == ids
    assert queue.kept_until("users") == ids[4]


def test_keeping_in_two_halves_is_keeping_whatever_is_asked_in_between(queue: QueuePort) -> None:
    one, two, *_ = entries_of(queue)
    kept = [Kept(f"user:{user}", entry_id, b"x") for entry_id in (one, two) for user in range(1_300)]
    wait = queue.begin_keep("users", two, kept, Bound(10, 60))
    assert queue.newest_id() != START
    assert wait() == 2_600
    assert queue.kept_until("users") == two
    assert kept_ids(queue, "user:1299") == [one, two]
    assert queue.begin_keep("users", two, kept, Bound(10, 60), kept=two)() == 0


def test_a_keeping_that_nobody_waits_for_may_be_done_again(queue: QueuePort) -> None:
    ids = entries_of(queue)
    kept = [Kept("user:7", entry_id, b"x") for entry_id in ids]
    queue.begin_keep("users", ids[1], kept[:2])
    assert queue.keep("users", ids[-1], kept) in range(3, 6)
    assert kept_ids(queue, "user:7") == ids
    assert queue.kept_until("users") == ids[-1]


def test_cursors_know_nothing_of_each_other(queue: QueuePort) -> None:
    one, two, *_ = entries_of(queue)
    queue.keep("users", two, [])
    assert queue.keep("work", two, [Kept("once:mail", one, b"x")]) == 1
    assert (queue.kept_until("users"), queue.kept_until("work")) == (two, two)


def test_an_entry_for_very_many_is_kept_for_each_of_them(queue: QueuePort) -> None:
    one, two, *_ = entries_of(queue)
    kept = [Kept(f"user:{user}", entry_id, b"x" * 100) for entry_id in (one, two) for user in range(1_300)]
    assert queue.keep("users", two, kept) == 2_600
    assert queue.kept_until("users") == two
    assert all(kept_ids(queue, f"user:{user}") == [one, two] for user in (0, 499, 500, 1_299))


def test_a_message_for_several_is_read_by_each_as_long_as_it_is_in_his_stream(queue: QueuePort) -> None:
    one, two, three, *_ = entries_of(queue)
    bound = Bound(length=2, seconds=60)
    large, other = b"x" * 1_000, b"y" * 1_000
    both = [Kept(f"user:{user}", one, large) for user in (7, 8)]
    queue.keep("users", one, [*both, Kept("user:9", one, b"small")], bound)
    queue.keep("users", two, [Kept(f"user:{user}", two, other) for user in (7, 8)], bound)
    queue.keep("users", three, [Kept("user:7", three, large)], bound)
    [seven, eight, nine] = queue.kept("users", ["user:7", "user:8", "user:9"], START, three, 10)
    assert seven.entries == [Entry(two, other), Entry(three, large)]
    assert eight.entries == [Entry(one, large), Entry(two, other)]
    assert nine.entries == [Entry(one, b"small")]


def test_what_is_not_the_same_for_all_is_kept_as_it_is_for_each(queue: QueuePort) -> None:
    one, *_ = entries_of(queue)
    raws = {"user:7": b"x" * 1_000, "user:8": b"y" * 1_000, "user:9": b"x" * 1_000}
    queue.keep("users", one, [Kept(stream, one, raw) for stream, raw in raws.items()], Bound(10, 60))
    found = queue.kept("users", list(raws), START, one, 10)
    assert [each.entries for each in found] == [[Entry(one, raw)] for raw in raws.values()]


def test_a_bounded_stream_forgets_its_oldest_entries_and_knows_it(queue: QueuePort) -> None:
    ids = entries_of(queue)
    bound = Bound(length=2, seconds=60)
    queue.keep("users", ids[2], [Kept("user:7", entry_id, b"x") for entry_id in ids[:3]], bound)
    assert kept_ids(queue, "user:7") == ids[1:3]
    queue.keep("users", ids[4], [Kept("user:7", entry_id, b"x") for entry_id in ids[3:]], bound)
    assert kept_ids(queue, "user:7") == ids[3:]
    assert [gone(queue, "user:7", entry_id) for entry_id in ids] == [Gone.TRIMMED, Gone.TRIMMED, None, None, None]


def test_a_full_stream_grows_by_a_sixteenth_before_it_is_cut_back(make_queue: MakeQueue) -> None:
    queue = make_queue()
    ids = entries_of(queue, 53)
    sizes = []
    for entry_id in ids:
        queue.keep("users", entry_id, [Kept("user:7", entry_id, b"x")], Bound(length=32, seconds=60))
        sizes.append(len(kept_ids(queue, "user:7")))
    assert sizes == [*range(1, 35), *[32, 33, 34] * 6, 32]
    assert gone(queue, "user:7", just_before(ids[-32])) is None
    assert gone(queue, "user:7", just_before(ids[-33])) is Gone.TRIMMED


def test_a_stream_without_a_bound_keeps_everything(queue: QueuePort) -> None:
    ids = entries_of(queue)
    queue.keep("users", ids[-1], [Kept("once:mail", entry_id, b"x") for entry_id in ids])
    assert kept_ids(queue, "once:mail") == ids
    assert gone(queue, "once:mail", ids[0]) is None


def test_old_entries_that_go_make_room_for_new_ones(queue: QueuePort) -> None:
    ids = entries_of(queue, 33)
    old = [f"136215000000{number}-0" for number in range(3)]
    queue.keep("users", old[-1], [Kept("user:7", entry_id, b"x") for entry_id in old])
    queue.keep("users", ids[-1], [Kept("user:7", entry_id, b"x") for entry_id in ids], Bound(length=32, seconds=3600))
    assert kept_ids(queue, "user:7") == ids
    assert [gone(queue, "user:7", entry_id) for entry_id in (old[1], old[2])] == [Gone.TRIMMED, None]


def test_an_old_entry_goes_when_a_new_one_comes(queue: QueuePort) -> None:
    new = entries_of(queue)[0]
    old, older = "1362150000001-0", "1362150000000-0"
    bound = Bound(length=10, seconds=3600)
    queue.keep("users", old, [Kept("user:7", older, b"x"), Kept("user:7", old, b"x")])
    assert kept_ids(queue, "user:7") == [older, old]
    queue.keep("users", new, [Kept("user:7", new, b"x")], bound)
    assert kept_ids(queue, "user:7") == [new]
    assert [gone(queue, "user:7", entry_id) for entry_id in (older, old, new)] == [Gone.TRIMMED, None, None]


def test_a_cursor_that_nobody_has_moved_begins_at_the_end_of_the_bus(queue: QueuePort) -> None:
    *_, last = entries_of(queue)
    assert queue.begin_keeping("users") == queue.kept_until("users") == last
    entries_of(queue)
    assert queue.begin_keeping("users") == last
    queue.keep("users", queue.newest_id(), [])
    assert queue.begin_keeping("users") == queue.newest_id()


def test_a_cursor_that_begins_on_an_empty_bus_leaves_nothing_out_that_comes_then(make_queue: MakeQueue) -> None:
    queue = make_queue()
    begun = queue.begin_keeping("users")
    assert order_of(begun) > order_of(START)
    one, *_ = entries_of(queue)
    assert queue.begin_keeping("users") == begun  # a worker that comes now leaves the first one to the other
    assert queue.keep("users", one, [Kept("user:7", one, b"x")]) == 1
    assert gone(queue, "user:7", begun) is None


@pytest.mark.parametrize("number", [0, 41])
def test_a_bus_goes_on_behind_its_cursors_although_the_clock_was_set_back(queue: QueuePort, number: int) -> None:
    """The bus alone is gone, or nothing had come to it when the clock was set back."""
    ahead = f"{time.time_ns() // 1_000_000 + 600_000}-{number}"
    queue.keep("users", ahead, [])
    assert queue.begin_keeping("users") == queue.newest_id() == ahead
    one, *_, last = entries_of(queue)
    assert order_of(one) > order_of(ahead)
    assert number_of(one) == number + 1
    assert queue.keep("users", last, [Kept("user:7", one, b"x")]) == 1
    assert kept_ids(queue, "user:7") == [one]
    assert gone(queue, "user:7", ahead) is None
    assert gone(queue, "user:7", just_before(ahead)) == Gone.UNKNOWN


def test_what_was_before_the_beginning_and_what_is_beyond_the_end_nobody_knows(queue: QueuePort) -> None:
    one, two, three, four, _ = entries_of(queue)
    queue.keep("users", three, [Kept("user:7", two, b"x")])
    known = [gone(queue, "user:7", entry_id) for entry_id in (one, two, three, four)]
    assert known == [Gone.UNKNOWN, None, None, Gone.UNKNOWN]
    assert gone(queue, "user:8", four) == Gone.UNKNOWN


def test_what_users_have_seen_is_noted_and_never_goes_backwards(queue: QueuePort) -> None:
    assert queue.seen("7") == START
    queue.see({"7": "10-2", "ann": "9-1"}, 60)
    queue.see({"7": "9-3", "ann": "10-1"}, 60)
    queue.see({"7": "10-1"}, 60)
    assert (queue.seen("7"), queue.seen("ann"), queue.seen("8")) == ("10-2", "10-1", START)
    queue.see({}, 60)


def test_an_intake_does_not_trim_what_a_cursor_has_yet_to_pass(make_queue: MakeQueue) -> None:
    queue = make_queue(bus_length=10)
    queue.begin_keeping("one")
    queue.begin_keeping("other")
    queue.put([b"%d" % number for number in range(1, 26)])
    moved = queue.intake(0)
    assert (moved.messages, moved.is_held) == (10, True)
    assert queue.intake(0).messages == 0
    ids = [entry.id for entry in queue.read(START, 100, 0)]
    queue.keep("one", ids[-1], [])
    assert (queue.intake(0).messages, queue.kept_until("other")) == (0, queue.begin_keeping("other"))
    queue.keep("other", ids[3], [])
    moved = queue.intake(0)
    assert (moved.messages, moved.is_held) == (4, True)
    assert [entry.raw for entry in queue.read(ids[3], 100, 0)] == [b"%d" % number for number in range(5, 15)]
    for cursor in ("one", "other"):
        queue.keep(cursor, queue.newest_id(), [])
    assert queue.intake(0).messages == 10
    for cursor in ("one", "other"):
        queue.keep(cursor, queue.newest_id(), [])
    moved = queue.intake(0)
    assert (moved.messages, moved.is_held) == (1, False)


def test_where_nothing_is_derived_an_intake_waits_for_nobody(make_queue: MakeQueue) -> None:
    queue = make_queue(bus_length=10)
    queue.put([b"x"] * 25)
    moved = queue.intake(0)
    assert (moved.messages, moved.is_held) == (25, False)


def test_numbers_that_are_missing_from_a_bus_hold_no_intake_back(make_queue: MakeQueue) -> None:
    queue = make_queue(bus_length=10)
    queue.begin_keeping("one")
    queue.put([b"x"] * 35)
    newest = queue.intake(0).newest_id
    queue.keep("one", newest, [])
    milliseconds, number = order_of(newest)
    known = f"{milliseconds}-{number + 50}"  # of which a failover has left nothing
    assert [queue.intake(0, known).messages for _ in range(2)] == [10, 0]
    queue.keep("one", queue.newest_id(), [])
    assert queue.intake(0).messages == 10


def have_users(queue: QueuePort, users: dict[int, list[str]]) -> dict[int, int]:
    """Let workers have users in the registry. Return their leases by their numbers here."""
    if isinstance(queue, MemoryQueue):
        queue.has_user = lambda lease, user_id: user_id in users[lease]
        return {number: number for number in users}
    assert isinstance(queue, RedisQueue)
    registry = RedisLeases(queue._client, "queue:rtserver")
    leases = {number: registry.join(Registration("worker", f"{number}", holds=("user",)), 10) for number in users}
    for number, names in users.items():
        registry.hold(leases[number], "user", names)
    return leases


def test_workers_are_told_of_what_is_kept_for_their_users_alone_and_once(queue: QueuePort) -> None:
    leases = have_users(queue, {1: ["7", "ann"], 2: ["7"], 3: ["bob"]})
    kept = [
        Kept("user:7", "10-1", b"a", START),
        Kept("user:ann", "10-2", b"b", "5-1"),
        Kept("user:*", "10-3", b"c"),
        Kept("user:ann", "10-4", b"d"),
        Kept("user:Ж", "10-5", b"\xff", START),
        Kept("user:7", "10-6", b"e", "10-3"),
    ]
    for _ in range(2):  # the second time all is kept already
        queue.keep("pushuser", "10-6", kept, Bound(10, 60), direct=[*leases.values()])
    assert queue.hints(leases[1], START, 10, 0) == [
        Hint("10-1", b"a", "7", START),
        Hint("10-2", b"b", "ann", "5-1"),
        Hint("10-6", b"e", "7", "10-3"),
    ]
    assert [hint.id for hint in queue.hints(leases[2], "10-1", 10, 0.1)] == ["10-6"]
    assert [hint.id for hint in queue.hints(leases[1], START, 1, 0)] == ["10-1"]
    assert queue.hints(leases[3], START, 10, 0) == []


def test_without_workers_to_tell_nobody_is_told(queue: QueuePort) -> None:
    leases = have_users(queue, {1: ["7"]})
    queue.keep("pushuser", "10-1", [Kept("user:7", "10-1", b"a", START)], Bound(10, 60))
    assert queue.hints(leases[1], START, 10, 0.01) == []


def test_words_of_what_was_kept_are_bounded(queue: QueuePort) -> None:
    leases = have_users(queue, {1: ["7"]})
    kept = [Kept("user:7", f"10-{number}", b"", START) for number in range(1, 1_501)]
    queue.keep("pushuser", "10-1500", kept, Bound(10, 60), direct=[*leases.values()])
    hints = queue.hints(leases[1], START, 2_000, 0)
    assert 1_000 <= len(hints) < 1_200
    assert hints[-1].id == "10-1500"
