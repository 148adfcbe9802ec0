"""``pushuser``: a queue in memory, no threads. What is kept, what crosses the bridge, and in which order."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from rtserver.base.bridge.message import Deliver, PushedUntil
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Bound, Kept, QueueAwayError, order_of
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.service.message import BadData, ServiceMessage
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.lane import Lane
from rtserver.service.push.push_user import BATCH_LIMIT, PART, RESERVED_TYPES, PushUserMsgHandler
from rtserver.service.push.user_streams import CURSOR, UserStreams
from rtserver.service.queue_link import QueueLink
from tests.service.pipeline.test_lane import Bus
from tests.service_fakes import Surroundings

LATER = "99999999999999-0"


class FlakyQueue(MemoryQueue):
    """Does not answer to the next ``outage`` calls of ``keep``; ``kept_calls`` counts those that were answered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.outage = 0
        self.kept_calls = 0

    def keep(self, cursor: str, until: str, entries: Any, bound: Bound | None = None, *, kept: str = START) -> int:
        if self.outage:
            self.outage -= 1
            raise QueueAwayError(self.address, "gone")
        self.kept_calls += 1
        return super().keep(cursor, until, entries, bound, kept=kept)


class Office:
    """One worker's handler on a queue."""

    def __init__(
        self, queue: MemoryQueue | None = None, most_users: int = 0, sizes: MessageSizeLimit | None = None
    ) -> None:
        self.queue = queue or FlakyQueue()
        self.around = Surroundings()
        self.link = QueueLink(lambda seconds: None)
        self.streams = UserStreams(self.queue, self.link, Bound(1000, 86_400))
        self.handler = PushUserMsgHandler(self.around.context, self.streams, sizes, most_users=most_users)
        self.begins_behind = self.handler.begins_behind(self.queue)

    @property
    def delivered(self) -> list[Deliver]:
        """Return the messages posted since the last call."""
        posted = [message for message in self.around.posted if isinstance(message, Deliver)]
        self.around.posted.clear()
        return posted

    def bring(self, *datas: bytes) -> list[str]:
        """Messages on the bus; their ids."""
        before = self.queue.newest_id()
        self.queue.put([b'{"type":"pushuser","src":"me","data":%b}' % data for data in datas])
        while self.queue.waiting():
            self.queue.intake(0)
        return [entry.id for entry in self.queue.range(before, self.queue.newest_id(), len(datas))]

    def handle(self, *datas: bytes) -> list[str]:
        """The same messages, brought and given to the handler, without a flush."""
        ids = self.bring(*datas)
        for message_id, data in zip(ids, datas, strict=True):
            self.handler.handle(message_id, "me", msgspec.json.decode(data, type=self.handler.data_type))
        return ids

    def push(self, *datas: bytes) -> list[str]:
        """The same, flushed."""
        ids = self.handle(*datas)
        self.handler.flush()
        return ids

    def kept(self, stream: str) -> list[tuple[str, bytes]]:
        [found] = self.queue.kept(CURSOR, [stream], START, LATER, 100_000)
        return [(entry.id, entry.raw) for entry in found.entries]


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.mark.parametrize(
    ("user_id", "user_ids"),
    [(b"7", (7,)), (b'"ann"', ("ann",)), (b'[7,"ann"]', (7, "ann")), (b'"*"', None), (b"[]", ())],
)
def test_users_are_named_by_one_id_by_several_or_all_at_once(
    office: Office, user_id: bytes, user_ids: tuple[int | str, ...] | None
) -> None:
    [offset] = office.push(b'{"user_id":%s,"type":"notice","data":{"text":"hello"}}' % user_id)
    payload = b'{"type":"notice","data":{"text":"hello"},"offset":"%b"}' % offset.encode()
    assert office.delivered == [Deliver(user_ids, payload, offset)]


def test_a_message_is_kept_for_each_user_as_the_bytes_that_clients_get(office: Office) -> None:
    [offset] = office.push(b'{"user_id":[7,"ann"],"type":"n","data":[1, 2.50]}')
    payload = b'{"type":"n","data":[1, 2.50],"offset":"%b"}' % offset.encode()
    assert office.kept("user:7") == office.kept("user:ann") == [(offset, payload)]
    assert office.kept("user:*") == []
    assert office.streams.kept == 2


def test_a_message_for_everyone_is_kept_once(office: Office) -> None:
    [offset] = office.push(b'{"user_id":"*","type":"n","data":1}')
    assert [entry_id for entry_id, _ in office.kept("user:*")] == [offset]
    assert office.streams.kept == 1


def test_a_user_who_is_named_twice_gets_it_once(office: Office) -> None:
    office.push(b'{"user_id":[7,"7",8,7],"type":"n","data":1}')
    assert len(office.kept("user:7")) == 1
    [delivered] = office.delivered
    assert delivered.user_ids is not None
    assert [str(user_id) for user_id in delivered.user_ids] == ["7", "8"]


def test_a_message_that_is_not_to_be_kept_has_no_offset_and_costs_redis_nothing(office: Office) -> None:
    office.push(b'{"user_id":7,"type":"n","data":1,"keep":false}')
    assert office.delivered == [Deliver((7,), b'{"type":"n","data":1}', None)]
    assert office.kept("user:7") == []
    assert isinstance(office.queue, FlakyQueue)
    assert office.queue.kept_calls == 0


def test_a_batch_is_kept_in_one_go_and_pushed_in_its_order(office: Office) -> None:
    ids = office.push(
        *(b'{"user_id":%d,"type":"n","data":1,"keep":%s}' % (i, b"false true".split()[i % 2]) for i in range(6))
    )
    assert isinstance(office.queue, FlakyQueue)
    assert office.queue.kept_calls == 1
    assert [message.user_ids for message in office.delivered] == [(i,) for i in range(6)]
    assert office.queue.kept_until(CURSOR) == ids[-1]


def test_nothing_is_pushed_before_it_is_kept(office: Office) -> None:
    office.handle(b'{"user_id":7,"type":"n","data":1}')
    assert office.delivered == []
    assert office.kept("user:7") == []


def test_an_outage_delays_and_keeps_the_order(office: Office) -> None:
    assert isinstance(office.queue, FlakyQueue)
    office.queue.outage = 3
    ids = office.push(*(b'{"user_id":7,"type":"n","data":%d}' % i for i in range(4)))
    assert [message.offset for message in office.delivered] == ids
    assert [entry_id for entry_id, _ in office.kept("user:7")] == ids


def test_what_could_not_be_kept_at_the_end_is_kept_and_pushed_by_the_next_start(office: Office) -> None:
    queue = office.queue
    assert isinstance(queue, FlakyQueue)
    office.link.is_ending = True
    queue.outage = 1
    office.handle(b'{"user_id":7,"type":"n","data":1}')
    with pytest.raises(QueueAwayError):
        office.handler.flush()
    assert office.delivered == []
    office.handler.on_done(queue.newest_id())  # the cursor must not pass over it
    next_start = Office(queue)
    assert next_start.begins_behind == START
    assert queue.kept_until(CURSOR) == office.streams.begins_at


def test_a_later_flush_keeps_what_an_earlier_one_could_not(office: Office) -> None:
    assert isinstance(office.queue, FlakyQueue)
    office.link.is_ending = True
    office.queue.outage = 1
    first = office.handle(b'{"user_id":7,"type":"n","data":1}')
    with pytest.raises(QueueAwayError):
        office.handler.flush()
    second = office.push(b'{"user_id":7,"type":"n","data":2}')
    assert [entry_id for entry_id, _ in office.kept("user:7")] == first + second
    assert [message.offset for message in office.delivered] == first + second


def test_a_very_large_batch_is_kept_in_portions(office: Office) -> None:
    everyone = b",".join(b"%d" % user for user in range(BATCH_LIMIT))
    office.handle(b'{"user_id":[%b],"type":"n","data":1}' % everyone, b'{"user_id":7,"type":"n","data":2}')
    assert len(office.delivered) == 1
    assert office.streams.kept == BATCH_LIMIT


def test_the_first_part_of_a_batch_is_pushed_while_the_next_one_is_kept(office: Office, monkeypatch: Any) -> None:
    keep = office.streams.keep
    pushed: list[int] = []

    def watched(until: str, entries: Sequence[Kept]) -> None:
        pushed.append(len(office.around.posted))
        keep(until, entries)

    monkeypatch.setattr(office.streams, "keep", watched)
    lone, unkept = b'{"user_id":7,"type":"n","data":1}', b'{"user_id":7,"type":"n","data":1,"keep":false}'
    ids = office.handle(*[lone] * PART, *[unkept] * 5, *[lone] * PART, unkept)
    office.handler.flush()
    assert pushed == [0, PART + 5]
    assert [message.offset for message in office.delivered] == [*ids[:PART], *[None] * 5, *ids[PART + 5 : -1], None]
    assert office.queue.kept_until(CURSOR) == ids[-1]


def test_what_an_earlier_part_has_pushed_is_not_pushed_again(office: Office, monkeypatch: Any) -> None:
    office.link.is_ending = True
    ids = office.handle(*[b'{"user_id":7,"type":"n","data":1}'] * (PART + 1))
    keep = office.streams.keep

    def kept_once(until: str, entries: Sequence[Kept]) -> None:
        if office.around.posted:
            raise QueueAwayError("redis", "gone")
        keep(until, entries)

    with monkeypatch.context() as patch:
        patch.setattr(office.streams, "keep", kept_once)
        with pytest.raises(QueueAwayError):
            office.handler.flush()
    assert office.queue.kept_until(CURSOR) == ids[PART - 1]
    office.handler.flush()
    assert [message.offset for message in office.delivered] == ids


def test_a_push_in_the_dead_stream_does_not_go_out_with_a_later_one(office: Office, monkeypatch: Any) -> None:
    dead_letters = DeadLetters()
    lane = Lane(office.handler, dead_letters)
    bus = Bus(lane)
    bus.queue = office.queue
    with monkeypatch.context() as patch:
        patch.setattr(office.streams, "keep", Mock(side_effect=OverflowError("an unexpected one")))
        bus.bring_raw(b'{"type":"pushuser","src":"me","data":%b}' % b'{"user_id":7,"type":"n","data":1}')
        bus.work_off()
    assert [letter.reason for letter in dead_letters.peek(9)] == ["handler_failed"]
    bus.bring_raw(b'{"type":"pushuser","src":"me","data":%b}' % b'{"user_id":7,"type":"n","data":2}')
    bus.work_off()
    assert [message.payload for message in office.delivered] == [payload for _, payload in office.kept("user:7")]
    assert [msgspec.json.decode(payload)["data"] for _, payload in office.kept("user:7")] == [2]


def test_a_push_at_which_a_full_batch_cannot_be_kept_is_dead_and_does_not_go_out(
    office: Office, monkeypatch: Any
) -> None:
    everyone = b",".join(b"%d" % user for user in range(BATCH_LIMIT))
    office.handle(b'{"user_id":[%b],"type":"n","data":1}' % everyone)
    with monkeypatch.context() as patch:
        patch.setattr(office.streams, "keep", Mock(side_effect=OverflowError("an unexpected one")))
        with pytest.raises(OverflowError):
            office.handle(b'{"user_id":7,"type":"n","data":2}')
    office.handler.flush()
    assert [msgspec.json.decode(message.payload)["data"] for message in office.delivered] == [1]


def test_a_worker_begins_where_any_worker_has_been() -> None:
    queue = MemoryQueue()
    first = Office(queue)
    assert first.begins_behind == START
    ids = first.push(*(b'{"user_id":7,"type":"n","data":%d}' % i for i in range(3)))
    assert Office(queue).begins_behind == ids[-1]


def test_a_worker_that_comes_to_an_old_bus_leaves_what_is_on_it() -> None:
    office = Office()
    queue = MemoryQueue()
    queue.put([b"x"])
    newest_id = queue.intake(0).newest_id
    assert Office(queue).begins_behind == newest_id
    assert order_of(office.streams.begins_at) > order_of(START)


def test_where_no_messages_come_the_cursor_moves_on_all_the_same(office: Office) -> None:
    office.push(b'{"user_id":7,"type":"n","data":1}')
    office.bring(b"1", b"2")
    newest_id = office.queue.newest_id()
    office.around.posted.clear()
    for _ in range(2):
        office.handler.on_done(newest_id)
    assert office.queue.kept_until(CURSOR) == newest_id
    assert office.around.posted == [PushedUntil(newest_id)]


def test_two_workers_keep_a_message_once_and_both_push_it() -> None:
    queue = MemoryQueue()
    one, other = Office(queue), Office(queue)
    data = b'{"user_id":7,"type":"n","data":1}'
    [offset] = one.push(data)
    other.handler.handle(offset, "me", msgspec.json.decode(data, type=other.handler.data_type))
    other.handler.flush()
    assert len(one.kept("user:7")) == 1
    assert (one.streams.kept, other.streams.kept) == (1, 0)
    assert one.delivered == other.delivered != []


def test_the_data_may_be_anything(office: Office) -> None:
    office.push(b'{"user_id":1,"type":"n","data":null}', b'{"user_id":1,"type":"\\"","data":[1,"a",{}],"keep":false}')
    null, many = (msgspec.json.decode(message.payload) for message in office.delivered)
    assert null["data"] is None
    assert many == {"type": '"', "data": [1, "a", {}]}


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"n","data":1}',
        b'{"user_id":null,"type":"n","data":1}',
        b'{"user_id":1}',
        b'{"user_id":1,"type":"n","data":1,"keep":1}',
    ],
)
def test_another_shape_is_not_taken(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=PushUserMsgHandler.data_type)


@pytest.mark.parametrize(
    "data",
    [
        b'{"user_id":1,"type":"","data":1}',
        b'{"user_id":["*"],"type":"n","data":1}',
        b'{"user_id":[7,"*"],"type":"n","data":1}',
        *(b'{"user_id":1,"type":"%b","data":1}' % name.encode() for name in sorted(RESERVED_TYPES)),
        b'{"user_id":1,"type":"notice","data":{"code":"lag","lagging":true}}',
        b'{"user_id":1,"type":"notice","data":{"code":"lag"},"keep":false}',
        b'{"user_id":1,"type":"notice","data":{"code":"sale","c\\u006fde":"lag"}}',
    ],
)
def test_what_no_client_should_get_is_bad_data(office: Office, data: bytes) -> None:
    with pytest.raises(BadData):
        office.handle(data)
    office.handler.flush()
    assert office.delivered == []


def test_a_message_names_a_bounded_number_of_users() -> None:
    office = Office(most_users=3)
    with pytest.raises(BadData, match="names 4 users; user_ids_per_message allows 3"):
        office.handle(b'{"user_id":[1,2,3,4],"type":"n","data":1,"keep":false}')
    office.push(b'{"user_id":[1,2,3],"type":"n","data":1}', b'{"user_id":"*","type":"n","data":1}')
    assert [message.user_ids for message in office.delivered] == [(1, 2, 3), None]


@pytest.mark.parametrize(
    "data",
    [
        b'{"user_id":1,"type":"notice","data":{"code":"sale","lagging":true}}',
        b'{"user_id":1,"type":"notice","data":{"code":["lag"]}}',
        b'{"user_id":1,"type":"notice","data":["lag"]}',
        b'{"user_id":1,"type":"news","data":{"code":"lag"}}',
    ],
)
def test_other_notices_are_the_producers(office: Office, data: bytes) -> None:
    office.push(data)
    assert len(office.delivered) == 1


def test_text_that_is_no_utf_8_goes_to_the_dead_stream_and_to_no_browser(office: Office) -> None:
    """A browser that is sent such a text closes the connection (RFC 6455, section 8.1)."""
    dead_letters = DeadLetters()
    lane = Lane(office.handler, dead_letters)
    for broken in (b'"\xff"', b'["a\xc3"]'):
        [message_id] = office.bring(b'{"user_id":1,"type":"n","data":%b}' % broken)
        [entry] = office.queue.range(START, message_id, 10)[-1:]
        message = ServiceMessage("pushuser", "me", msgspec.Raw(b'{"user_id":1,"type":"n","data":%b}' % broken))
        lane.offer(entry, message)
    lane.work()
    assert len(dead_letters) == 2
    assert office.delivered == []


def test_keeping_is_the_same_for_all_who_derive_it_from_the_bus(office: Office) -> None:
    [offset] = office.push(b'{"user_id":7,"type":"n","data":1}')
    [(_, raw)] = office.kept("user:7")
    assert office.queue.keep(CURSOR, offset, [Kept("user:7", offset, raw)]) == 0


@pytest.mark.parametrize("keep", [b"true", b"false"])
def test_what_no_client_could_take_is_refused_before_it_is_kept_and_what_is_behind_it_goes_on(keep: bytes) -> None:
    office = Office(sizes=MessageSizeLimit(5_000))
    too_long = b'{"user_id":7,"type":"n","data":"%b","keep":%b}' % (b"x" * 5_000, keep)
    [message_id] = office.bring(too_long)
    with pytest.raises(BadData, match="outbox_hard_bytes"):
        office.handler.handle(message_id, "me", msgspec.json.decode(too_long, type=office.handler.data_type))
    [offset] = office.push(b'{"user_id":7,"type":"n","data":"next"}')
    assert [entry_id for entry_id, _ in office.kept("user:7")] == [offset]
    assert [delivered.offset for delivered in office.delivered] == [offset]


def test_the_longest_message_that_clients_take_is_kept_and_pushed() -> None:
    sizes = MessageSizeLimit(5_000)
    office = Office(sizes=sizes)
    around = len(b'{"type":"n","data":"","offset":""}')
    filling = b"x" * (sizes.largest - around - len(office.bring(b"1")[0]))
    office.push(b'{"user_id":7,"type":"n","data":"%b"}' % filling)
    [delivered] = office.delivered
    assert len(delivered.payload) == sizes.largest
