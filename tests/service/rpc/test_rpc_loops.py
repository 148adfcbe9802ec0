"""The loops between the bridge and the queues of services: writers, readers, watchers, and what they leave behind."""

import gevent
import gevent.event
import pytest
import redis

from rtserver.base.bridge.message import CallFailed, CallsLeft, Message, PassCall, ServiceBodies, SilentQueues
from rtserver.service.rpc.answer_reader import AnswerReader, ListInward, StreamInward
from rtserver.service.rpc.answer_sweep import AnswerSweep
from rtserver.service.rpc.call_writer import CallQueue, CallWriters
from rtserver.service.rpc.responder_loop import ResponderLoop
from tcelib.lease.port import RegistryAwayError
from tcelib.queue.error import QueueAwayError
from tcelib.queue.memory import MemoryListQueue, MemoryStreamQueue, memory_stream, polling
from tcelib.queue.message import Message as QueueMessage
from tcelib.queue.reader import Reader
from tcelib.queue.redis_commands import RedisCommands
from tcelib.queue.redis_stream import redis_stream
from tcelib.redis.redis_connection import plain_client
from tcelib.service.taken_call import IDEMPOTENT
from tests.until import until

NOW = 1000.0
WALL = 4_000_000_000.0


def call(body: bytes, sender: int = 1, *, seconds: float = 10, is_idempotent: bool = False) -> PassCall:
    return PassCall("orders", body, sender, NOW + seconds, is_idempotent)


class Broken(MemoryListQueue):
    """A queue that is away. ``is_certain``: it has certainly not taken what it was given."""

    is_certain = True

    def put(self, messages: object) -> None:
        raise QueueAwayError("memory:", "away", is_certain=self.is_certain)


class Writing:
    """Writers of one queue, with what they post."""

    def __init__(self, queue: MemoryListQueue | MemoryStreamQueue, *, has_headers: bool) -> None:
        self.posted: list[Message] = []
        self.ending = gevent.event.Event()
        queues = {"orders": CallQueue(queue, has_headers=has_headers)}
        self.writers = CallWriters(queues, self.posted.append, ending=self.ending, now=lambda: NOW, wall=lambda: WALL)


def test_calls_are_put_on_their_queue_in_order_and_told_to_have_left() -> None:
    queue = memory_stream("orders", [])
    writing = Writing(queue, has_headers=True)
    for body in (b"one", b"two", b"three"):
        writing.writers.pass_on(call(body, is_idempotent=body == b"two"))
    until(lambda: sum(each.size for each in writing.posted if isinstance(each, CallsLeft)) == 11, pause=gevent.sleep)
    found = queue.take("reader", 10, 0)
    assert [each.body for each in found] == [b"one", b"two", b"three"]
    assert [each.message.headers.get(IDEMPOTENT) for each in found] == [None, "true", None]
    assert [each.message.expires for each in found] == [WALL + 10] * 3


@pytest.mark.parametrize("is_certain", [True, False])
def test_a_call_that_cannot_be_put_comes_back_to_who_waits_for_it(is_certain: bool) -> None:
    queue = Broken("orders")
    queue.is_certain = is_certain
    writing = Writing(queue, has_headers=False)
    writing.writers.pass_on(call(b"two-way", 7))
    writing.writers.pass_on(call(b"one-way", 0))
    until(lambda: len(writing.posted) >= 2, pause=gevent.sleep)
    failed = [each for each in writing.posted if isinstance(each, CallFailed)]
    assert failed == [CallFailed(7, b"two-way", is_lost=not is_certain)]
    assert sum(each.size for each in writing.posted if isinstance(each, CallsLeft)) == 14


def test_a_call_that_nobody_waits_for_any_more_leaves_without_being_written() -> None:
    queue = MemoryListQueue("orders")
    writing = Writing(queue, has_headers=False)
    writing.writers.pass_on(call(b"overdue", seconds=-WALL))
    writing.writers.pass_on(call(b"in time"))
    until(lambda: bool(writing.posted), pause=gevent.sleep)
    assert writing.posted == [CallsLeft("orders", 14)]
    assert [each.body for each in queue.take("reader", 10, 0)] == [b"in time"]


def test_at_the_end_what_is_there_is_written() -> None:
    queue = MemoryListQueue("orders")
    writing = Writing(queue, has_headers=False)
    loop = gevent.spawn(writing.writers.run)
    writing.writers.pass_on(call(b"last"))
    writing.writers.stop()
    loop.join(5)
    assert loop.successful()
    assert [each.body for each in queue.take("reader", 10, 0)] == [b"last"]


@pytest.mark.parametrize("kind", ["stream", "list"])
def test_answers_cross_the_bridge_and_leave_the_queue(kind: str) -> None:
    stream, bare = memory_stream("orders/x", []), MemoryListQueue("orders/x")
    inward = StreamInward(Reader(stream, "me")) if kind == "stream" else ListInward(bare)
    queue = stream if kind == "stream" else bare
    queue.put([QueueMessage(b"a"), QueueMessage(b"b")])
    posted: list[Message] = []

    def post(message: Message) -> None:
        posted.append(message)
        reader.stop()

    reader = AnswerReader("orders", inward, post, pause=lambda _: None)
    reader.run()
    assert posted == [ServiceBodies("orders", (b"a", b"b"))]
    assert queue.length() == 0


def test_a_queue_that_is_away_is_read_on_when_it_is_back() -> None:
    class Flapping(ListInward):
        def receive(self, count: int, timeout: float, /) -> list:  # type: ignore[type-arg]
            if not pauses:
                raise QueueAwayError("memory:", "away")
            return super().receive(count, timeout)

    pauses: list[float] = []
    posted: list[Message] = []
    queue = MemoryListQueue("orders/x")
    queue.put([QueueMessage(b"a")])

    def post(message: Message) -> None:
        posted.append(message)
        reader.stop()

    reader = AnswerReader("orders", Flapping(queue), post, pause=pauses.append)
    reader.run()
    assert (len(pauses), posted) == (1, [ServiceBodies("orders", (b"a",))])


def test_answers_that_a_dead_loop_had_in_hand_are_posted_by_the_next_one() -> None:
    queue = memory_stream("orders/x", [], wait=polling(gevent.sleep))
    queue.put([QueueMessage(b"a")])
    posted: list[Message] = []

    def post(message: Message) -> None:
        posted.append(message)
        if len(posted) == 1:
            raise ValueError("a defect")
        reader.stop()

    reader = AnswerReader("orders", StreamInward(Reader(queue, "me")), post, pause=lambda _: None)
    with pytest.raises(ValueError, match="a defect"):
        reader.run()
    loop = gevent.spawn(reader.run)
    loop.join(5)
    loop.kill()
    assert posted == [ServiceBodies("orders", (b"a",))] * 2
    assert queue.length() == 0


class Looking:
    """Queues that nobody reads, as the test says."""

    def __init__(self) -> None:
        self.away = {"a", "b"}
        self.is_broken = False

    def look(self) -> None:
        if self.is_broken:
            self.away.clear()
            raise RegistryAwayError("memory:", "away")

    def wait(self, seconds: float) -> None:
        assert seconds == 1.0


def test_what_nobody_reads_is_told_when_it_changes() -> None:
    looking = Looking()
    posted: list[Message] = []
    pauses: list[float] = []
    loop = ResponderLoop(looking, looking.away, posted.append, pause=pauses.append)
    loop.turn()
    looking.away.discard("a")
    loop.turn()
    loop.turn()
    looking.is_broken = True
    loop.turn()
    assert posted == [SilentQueues(frozenset("ab")), SilentQueues(frozenset("b")), SilentQueues(frozenset())]
    assert pauses == [1.0]


def test_queues_for_answers_of_servers_that_are_gone_are_removed(redis_url: str) -> None:
    def sweep(name: str, silent_seconds: float) -> None:
        AnswerSweep(
            {"orders": name},
            lambda key: RedisCommands(plain, key),
            silent_seconds=silent_seconds,
            pause=lambda _: None,
        ).look("orders")

    with redis.Redis.from_url(redis_url) as client, plain_client(redis_url) as plain:
        commands = RedisCommands(plain, "orders")
        for name in ("orders/old", "orders/new"):
            redis_stream(plain, name).put([QueueMessage(b"late")])
            sweep(name, 600)
        assert client.exists("orders/old", "orders/new") == 2
        client.zincrby(commands.key_of("answers"), -700_000, "orders/old")
        sweep("orders/new", 600)
        assert client.exists("orders/old") == 0
        assert client.exists("orders/new") == 1
        assert client.zrange(commands.key_of("answers"), 0, -1) == [b"orders/new"]
