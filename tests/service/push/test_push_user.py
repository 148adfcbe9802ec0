"""``pushuser``: a queue in memory, no threads. What is kept, what crosses the bridge, and in which order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from rtserver.base.bridge.message import Deliver, PushedUntil
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Bound, Kept, QueueAwayError, just_before, order_of
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.service.message import BadData, ServiceMessage
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.lane import Lane, LaneOptions
from rtserver.service.push.push_user import FULL, RESERVED_TYPES, PushUserMsgHandler
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

    def keep(self, cursor: str, until: str, entries: Any, bound: Bound | None = None, **options: Any) -> int:
        if self.outage:
            self.outage -= 1
            raise QueueAwayError(self.address, "gone")
        self.kept_calls += 1
        return super().keep(cursor, until, entries, bound, **options)


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
        self.flush()
        return ids

    def flush(self) -> None:
        """Both halves of a flush."""
        end = self.handler.begin_flush()
        if end is not None:
            end()

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
    desk = Desk(office)
    office.link.is_ending = True
    queue.outage = 2
    desk.bring_lone(1)
    with pytest.raises(QueueAwayError):
        desk.bus.work_off()
    assert office.delivered == []
    office.handler.on_done(desk.lane.done_until(queue.newest_id()))  # the cursor must not pass over it
    next_start = Office(queue)
    assert next_start.begins_behind == START
    assert order_of(queue.kept_until(CURSOR)) < order_of(desk.bus.position)


class Desk:
    """An office's handler in its lane."""

    def __init__(self, office: Office) -> None:
        self.dead_letters = DeadLetters()
        bounds = LaneOptions(bound=10 * FULL, batch=10 * FULL, is_ending=lambda: office.link.is_ending)
        self.lane = Lane(office.handler, self.dead_letters, **bounds)
        self.bus = Bus(self.lane)
        self.bus.queue = office.queue

    def bring_lone(self, *numbers: int, options: bytes = b"") -> None:
        """Messages to one user."""
        raw = b'{"type":"pushuser","src":"me","data":{"user_id":7,"type":"n","data":%d%b}}'
        self.bus.bring_raw(*(raw % (number, options) for number in numbers))


def numbers_in(pushes: Sequence[Deliver]) -> list[int]:
    return [msgspec.json.decode(push.payload)["data"] for push in pushes]


def test_a_batch_ends_where_it_is_large_enough_and_messages_that_are_not_kept_do_not_count(office: Office) -> None:
    desk = Desk(office)
    desk.bring_lone(*range(FULL - 1))
    desk.bring_lone(*range(FULL - 1, FULL + 4), options=b',"keep":false')
    desk.bring_lone(*range(FULL + 4, FULL + 7))
    desk.bus.work_off()
    assert isinstance(office.queue, FlakyQueue)
    assert office.queue.kept_calls == 2
    assert office.streams.kept == FULL + 2
    assert numbers_in(office.delivered) == [*range(FULL + 7)]
    assert office.queue.kept_until(CURSOR) == desk.bus.position


def test_the_next_batch_is_handled_while_one_is_kept_and_pushed_behind_it(office: Office) -> None:
    desk = Desk(office)
    lane = desk.lane
    desk.bring_lone(1)
    lane.work()
    first = desk.bus.position
    assert office.queue.kept_until(CURSOR) == first  # Redis has it, and nobody has heard so
    assert (office.delivered, lane.handled, lane.at_work) == ([], 0, 1)
    desk.bring_lone(2)
    office.handler.on_done(lane.done_until(desk.bus.position))
    assert lane.done_until(desk.bus.position) == just_before(first)
    second = desk.bus.position
    lane.work()
    assert numbers_in(office.delivered) == [1]
    assert lane.done_until(desk.bus.position) == just_before(second)
    lane.work()
    assert numbers_in(office.delivered) == [2]
    assert (lane.handled, lane.at_work) == (2, None)
    assert lane.done_until(desk.bus.position) == desk.bus.position


def test_what_is_not_kept_waits_for_what_came_before_it(office: Office) -> None:
    desk = Desk(office)
    desk.bring_lone(1)
    desk.lane.work()
    desk.bring_lone(2, options=b',"keep":false')
    assert office.delivered == []
    desk.lane.work()
    assert numbers_in(office.delivered) == [1, 2]


def test_an_answer_that_does_not_come_costs_time_and_keeps_the_order(office: Office, monkeypatch: Any) -> None:
    desk, outages = Desk(office), [1, 1]
    begin_keep = office.queue.begin_keep

    def cut(*args: Any, **options: Any) -> Any:
        wait = begin_keep(*args, **options)

        def answer() -> int:
            if outages and outages.pop():
                raise QueueAwayError("redis", "cut before the answer")
            return wait()

        return answer

    monkeypatch.setattr(office.queue, "begin_keep", cut)
    desk.bring_lone(1)
    desk.lane.work()
    desk.bring_lone(2)
    desk.lane.work()
    desk.bus.work_off()
    assert not outages
    assert numbers_in(office.delivered) == [1, 2]
    assert len(office.kept("user:7")) == 2
    assert office.streams.kept == 1  # nobody knows who kept the first one


def test_a_batch_that_cannot_be_pushed_is_dead_and_the_one_behind_it_goes_out(
    office: Office, monkeypatch: Any
) -> None:
    desk = Desk(office)
    desk.bring_lone(1)
    desk.lane.work()
    desk.bring_lone(2)
    post = office.around.context.post

    def failing(*messages: Any) -> None:
        if numbers_in(messages) == [1]:
            raise OverflowError("an unexpected one")
        post(*messages)

    monkeypatch.setattr(office.handler, "services", replace(office.around.context, post=failing))
    desk.bus.work_off()
    [letter] = desk.dead_letters.peek(9)
    assert letter.reason == "handler_failed"
    assert letter.detail.startswith("flush: OverflowError: an unexpected one")
    assert numbers_in(office.delivered) == [2]
    assert desk.lane.handled == 1


def test_a_lane_that_dies_between_the_halves_begins_anew_with_both_batches(office: Office) -> None:
    desk = Desk(office)
    desk.bring_lone(1)
    desk.lane.work()
    desk.bring_lone(2)
    desk.lane.begin_anew()
    desk.bus.work_off()
    assert numbers_in(office.delivered) == [1, 2]
    assert [entry_id for entry_id, _ in office.kept("user:7")] == [
        entry.id for entry in office.queue.range(START, LATER, 9)
    ]


def test_a_push_in_the_dead_stream_does_not_go_out_with_a_later_one(office: Office, monkeypatch: Any) -> None:
    dead_letters = DeadLetters()
    lane = Lane(office.handler, dead_letters)
    bus = Bus(lane)
    bus.queue = office.queue
    with monkeypatch.context() as patch:
        patch.setattr(office.streams, "begin_keep", Mock(side_effect=OverflowError("an unexpected one")))
        bus.bring_raw(b'{"type":"pushuser","src":"me","data":%b}' % b'{"user_id":7,"type":"n","data":1}')
        bus.work_off()
    assert [letter.reason for letter in dead_letters.peek(9)] == ["handler_failed"]
    bus.bring_raw(b'{"type":"pushuser","src":"me","data":%b}' % b'{"user_id":7,"type":"n","data":2}')
    bus.work_off()
    assert [message.payload for message in office.delivered] == [payload for _, payload in office.kept("user:7")]
    assert [msgspec.json.decode(payload)["data"] for _, payload in office.kept("user:7")] == [2]


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
    other.flush()
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
    office.flush()
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
