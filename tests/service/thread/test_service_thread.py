"""The service thread as it runs: a real hub, a real Redis, real mailboxes."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import gevent.event
import pytest
import redis

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.bridge.message import (
    Deliver,
    Message,
    PushBegins,
    Refused,
    Replay,
    Resume,
    Seen,
    Snapshot,
    Subscribe,
    Unsubscribe,
)
from rtserver.base.bridge.ownership import ThreadBound
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, Bound, Lone, Moved, number_of
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.base.queue.work import WorkQueue
from rtserver.service.message import encode
from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.pipeline.dispatcher import DuplicateTypeError
from rtserver.service.pipeline.pipeline import Pipeline, PipelineLimits
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.push.resume_service import ResumeService
from rtserver.service.push.user_streams import CURSOR, UserStreams
from rtserver.service.queue_link import QueueLink
from rtserver.service.thread.service_thread import ServiceThread, offload
from rtserver.service.user_commands import UserCommands
from tcelib.redis.gevent_redis import gevent_client
from tests.redis_process import RedisProcess
from tests.service.topic.station import Counters
from tests.service_fakes import Recorder
from tests.until import PATIENCE_SECONDS, until

STOP_SECONDS = 20.0
OF_THREAD = {"resumes", "services", "sources", "on_failure", "stall_seconds", "lane_stall_seconds"}


class Counting(Recorder):
    """A recorder on which another thread can wait until it has so many numbers."""

    def __init__(self, context: ServiceContext, goal: int) -> None:
        super().__init__(context)
        self.goal = goal
        self.reached = threading.Event()

    def __call__(self, src: str, data: Any) -> None:
        super().__call__(src, data)
        self.goal -= 1
        if self.goal == 0:
            self.reached.set()

    def wait(self) -> list[int]:
        assert self.reached.wait(PATIENCE_SECONDS), f"{self.goal} messages did not come"
        return self.numbers


class Replaying(Counting):
    replays = True


class Stuck(Counting):
    """Cannot go on before it is let go, which may be done from any thread."""

    msg_type = "stuck"

    def __init__(self, context: ServiceContext, goal: int) -> None:
        super().__init__(context, goal)
        self.is_free = threading.Event()
        self.has_begun = threading.Event()

    def __call__(self, src: str, data: Any) -> None:
        self.has_begun.set()
        self.offload(self.is_free.wait, PATIENCE_SECONDS)
        super().__call__(src, data)


class Site:
    """A bridge, a context and what was started with them; all of it ends with the test."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bridge = Bridge()
        post = self.bridge.to_users.post
        self.context = ServiceContext(post, UserCommands(post), offload, call_later=gevent.spawn_later)
        self.failures: list[BaseException] = []
        self.threads: list[ServiceThread] = []

    def link(self) -> QueueLink:
        """Return the link of the thread that is started next."""
        self.stopping = gevent.event.Event()
        return QueueLink(self.stopping.wait)

    def pipeline(self, queue: WorkQueue, link: QueueLink, *handlers: ServiceMsgHandler, **options: Any) -> Pipeline:
        """As the server builds it."""
        return Pipeline(
            queue,
            link,
            handlers,
            is_congested=lambda: self.bridge.to_users.is_congested,
            pause=gevent.sleep,
            event=gevent.event.Event,
            **options,
        )

    def start(
        self,
        *handlers: ServiceMsgHandler,
        queue: WorkQueue | None = None,
        link: QueueLink | None = None,
        **options: Any,
    ) -> ServiceThread:
        """A thread; the options are its own and its pipeline's."""
        own = {"on_failure": self.failures.append, **{name: options.pop(name) for name in OF_THREAD & options.keys()}}
        queue = queue or RedisQueue(gevent_client(self.url))
        pipeline = self.pipeline(queue, link or self.link(), *handlers, **options)
        thread = ServiceThread(pipeline, self.bridge, self.stopping, **own)
        self.threads.append(thread)
        thread.start()
        return thread

    def push(self, *numbers: int, msg_type: str = "number") -> None:
        producer = ServiceMessageQueue.connect(self.url)
        producer.put_many((msg_type, "test", number) for number in numbers)
        producer.close()

    def push_users(self, *datas: dict[str, Any]) -> None:
        producer = ServiceMessageQueue.connect(self.url)
        producer.put_many(("pushuser", "test", data) for data in datas)
        producer.close()

    def outcome(self, count: int) -> list[Message]:
        """Return the messages of the service thread when it has posted so many."""
        posted: list[Message] = []
        arrived = threading.Event()
        self.bridge.to_users.bind(arrived.set)
        while len(posted) < count:
            assert arrived.wait(PATIENCE_SECONDS)
            arrived.clear()
            self.bridge.to_users.drain(posted.append, 1000)
        return posted


@pytest.fixture
def site(redis_url: str) -> Iterator[Site]:
    site = Site(redis_url)
    yield site
    for thread in site.threads:
        assert thread.stop()
    assert site.failures == []


def test_twenty_thousand_messages_arrive_in_order(site: Site) -> None:
    handler = Counting(site.context, 20_000)
    thread = site.start(handler)
    for first in range(0, 20_000, 1_000):
        site.push(*range(first, first + 1_000))
    assert handler.wait() == list(range(20_000))
    assert thread.stop()
    intake, reader = thread.pipeline.intake, thread.pipeline.reader
    assert (intake.moved, reader.received, reader.lost) == (20_000, 20_000, 0)


def test_connections_that_are_cut_again_and_again_lose_and_double_nothing(site: Site) -> None:
    handler = Counting(site.context, 5_000)
    thread = site.start(handler)
    until(lambda: thread.pipeline.link.is_connected)
    with redis.Redis.from_url(site.url) as client:
        producer_id = client.client_id()
        for number in range(0, 5_000, 50):
            client.rpush("queue:rtserver", *(encode("number", "test", n) for n in range(number, number + 50)))
            if number % 500 == 0:
                for other in client.client_list():
                    if int(other["id"]) != producer_id:
                        client.client_kill_filter(_id=other["id"])
    assert handler.wait() == list(range(5_000))
    assert thread.stop()
    assert thread.pipeline.link.outages > 0
    assert len(handler.numbers) == 5_000


def test_a_backlog_from_before_the_start_is_handled(site: Site) -> None:
    site.push(*range(3_000))
    handler = Counting(site.context, 3_000)
    site.start(handler, limits=PipelineLimits(max_ahead=600))
    assert handler.wait() == list(range(3_000))


def test_a_slow_handler_delays_only_itself_and_misses_nothing(site: Site) -> None:
    stuck, quick = Stuck(site.context, 3_000), Counting(site.context, 3_000)
    thread = site.start(stuck, quick, limits=PipelineLimits(lane_bound=100))
    for first in range(0, 3_000, 500):
        site.push(*range(first, first + 500), msg_type="stuck")
        site.push(*range(first, first + 500))
    assert quick.wait() == list(range(3_000))
    assert stuck.has_begun.wait(PATIENCE_SECONDS)
    assert stuck.numbers == []
    slow_lane = thread.pipeline.lanes[0]
    assert slow_lane.is_behind
    assert len(slow_lane) <= 100
    stuck.is_free.set()
    assert stuck.wait() == list(range(3_000))
    assert slow_lane.lost == 0


def test_a_handler_that_replays_begins_with_what_the_bus_still_holds(site: Site) -> None:
    site.push(1, 2, 3)
    queue = RedisQueue(plain_client(site.url))
    queue.intake(0.1)
    queue.close()
    replaying = Replaying(site.context, 5)
    site.start(replaying)
    site.push(4, 5)
    assert replaying.wait() == [1, 2, 3, 4, 5]


def test_bad_messages_are_buried_with_their_reasons_and_the_next_is_handled(site: Site) -> None:
    handler = Counting(site.context, 1)
    thread = site.start(handler)
    queue = RedisQueue(plain_client(site.url))
    bad = [b"no json", b"{}", encode("nobody", "me", 1), encode("number", "me", "seven")]
    queue.put([*bad, encode("number", "me", 7)])
    assert handler.wait() == [7]
    until(lambda: len(queue.dead_letters(START, 10)) == 4)
    letters = queue.dead_letters(START, 10)
    assert sorted(letter.raw for letter in letters) == sorted(bad)
    reasons = {letter.raw: letter.reason for letter in letters}
    assert [reasons[raw] for raw in bad] == ["bad_json", "bad_message", "unknown_type", "bad_data"]
    counts = thread.pipeline.dead_letters.counts
    others = dict.fromkeys(("bad_signature", "bad_time", "handler_failed", "poison"), 0)
    assert counts == {**dict.fromkeys(reasons.values(), 1), **others}
    queue.close()


def test_letters_that_cannot_be_buried_hold_up_the_reading_and_not_the_memory(site: Site) -> None:
    dead = "{queue:rtserver}:dead"
    with redis.Redis.from_url(site.url) as client:
        client.set(dead, "in the way")
        thread = site.start(limits=PipelineLimits(read_count=500))
        dead_letters = thread.pipeline.dead_letters
        site.push(*range(20_000), msg_type="unknown")
        until(lambda: dead_letters.is_congested)
        turns = {thread.beat.last}
        until(lambda: turns.add(thread.beat.last) or len(turns) > 3)
        assert len(dead_letters) <= 5_500
        client.delete(dead)
    until(lambda: dead_letters.counts["unknown_type"] == 20_000 and not len(dead_letters))


def test_a_handler_s_verbs_cross_the_bridge(site: Site) -> None:
    class Greeting(ServiceMsgHandler):
        msg_type = "greeting"

        def __call__(self, src: str, data: Any) -> None:
            self.users.push_message("*", {"text": data}, "notice")

    site.start(Greeting(site.context))
    producer = ServiceMessageQueue.connect(site.url)
    producer.put("greeting", "me", "hello")
    producer.close()
    assert site.outcome(1) == [Deliver(None, b'{"type":"notice","data":{"text":"hello"}}', None)]


def start_pushing(site: Site) -> tuple[ServiceThread, UserStreams]:
    """A worker that pushes and has a resume service, as the server builds it."""
    link, queue = site.link(), RedisQueue(gevent_client(site.url))
    streams = UserStreams(queue, link, Bound(1000, 3600))
    resumes = ResumeService(streams, site.bridge.to_users.post, gevent.event.Event())
    return site.start(PushUserMsgHandler(site.context, streams), queue=queue, link=link, resumes=resumes), streams


def test_a_pushed_message_is_kept_pushed_and_can_be_had_later(site: Site) -> None:
    start_pushing(site)
    site.push_users({"user_id": "7", "type": "n", "data": 1})
    begins, pushed = site.outcome(2)
    assert isinstance(begins, PushBegins)
    assert isinstance(pushed, Deliver)
    site.bridge.to_services.post(Resume(1, 1, "7", begins.offset, pushed.offset))
    [replayed] = site.outcome(1)
    assert replayed == Replay(
        1, 1, (pushed.payload,), pushed.offset, pushed.offset, is_all=True, oldest=pushed.offset
    )


def test_what_a_worker_took_and_did_not_push_is_kept_and_pushed_by_the_next(site: Site) -> None:
    thread, _ = start_pushing(site)
    assert isinstance(site.outcome(1)[0], PushBegins)
    assert thread.stop()
    # As if another one had been killed between the bus and the push.
    site.push_users(*({"user_id": "7", "type": "n", "data": n} for n in range(3)))
    queue = RedisQueue(plain_client(site.url))
    queue.intake(0)
    queue.close()
    start_pushing(site)
    _, *pushed = site.outcome(4)
    assert [json.loads(message.payload)["data"] for message in pushed if isinstance(message, Deliver)] == [0, 1, 2]


def test_a_cursor_does_not_stay_where_no_messages_come(site: Site) -> None:
    start_pushing(site)
    site.push(1, msg_type="of another type")
    queue = RedisQueue(plain_client(site.url))
    until(lambda: number_of(queue.newest_id()) == 1 and queue.kept_until(CURSOR) == queue.newest_id())
    queue.close()


def test_what_users_have_seen_is_noted_to_the_last(site: Site) -> None:
    thread, _ = start_pushing(site)
    site.outcome(1)
    site.bridge.to_services.post(Seen((("7", "10-1"),)))
    assert thread.stop()
    queue = RedisQueue(plain_client(site.url))
    assert queue.seen("7") == "10-1"
    queue.close()


def test_stop_finishes_what_was_taken_and_leaves_the_rest_on_the_list(site: Site) -> None:
    stuck = Stuck(site.context, 1_000)
    thread = site.start(stuck, limits=PipelineLimits(lane_bound=50))
    site.push(*range(1_000), msg_type="stuck")
    assert stuck.has_begun.wait(PATIENCE_SECONDS)
    until(lambda: thread.pipeline.reader.received == 1_000)
    thread.request_stop(STOP_SECONDS)
    stuck.is_free.set()
    assert thread.join(STOP_SECONDS)
    assert stuck.numbers == list(range(1_000))
    site.push(1)
    with redis.Redis.from_url(site.url) as client:
        assert client.llen("queue:rtserver") == 1


def test_stop_does_not_wait_for_ever_for_a_handler(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    stuck = Stuck(site.context, 2)
    thread = site.start(stuck)
    site.push(1, 2, msg_type="stuck")
    assert stuck.has_begun.wait(PATIENCE_SECONDS)
    until(lambda: thread.pipeline.reader.received == 2)
    thread.request_stop(0.1)
    assert thread.join(STOP_SECONDS / 2)
    assert "stopped with 1 messages for 'stuck' unhandled" in caplog.text
    stuck.is_free.set()


class Blocking(Counting):
    """Has a number doubled on another thread; a negative one fails there."""

    def __call__(self, src: str, data: Any) -> None:
        super().__call__(src, self.offload(self.double, data))

    @staticmethod
    def double(number: int) -> int:
        if number < 0:
            raise ArithmeticError("negative")
        assert threading.current_thread().name != "rtserver-services"
        return 2 * number


def test_blocking_work_is_done_on_another_thread_and_gives_its_value_or_error(site: Site) -> None:
    handler = Blocking(site.context, 2)
    thread = site.start(handler)
    site.push(1, -1, 2)
    assert handler.wait() == [2, 4]
    assert thread.pipeline.dead_letters.counts["handler_failed"] == 1


def test_a_second_thread_goes_on_where_the_first_stopped(site: Site) -> None:
    first = Counting(site.context, 2)
    thread = site.start(first)
    site.push(1, 2)
    first.wait()
    assert thread.stop()
    site.push(3)
    second = Counting(site.context, 1)
    site.start(second)
    assert second.wait() == [3]


def test_two_threads_in_one_process_both_see_everything(site: Site, redis_url: str) -> None:
    other = Site(redis_url)
    one, two = Replaying(site.context, 100), Replaying(other.context, 100)
    site.start(one)
    thread = other.start(two)
    site.push(*range(100))
    assert one.wait() == two.wait() == list(range(100))
    assert thread.stop()


def test_redis_may_be_absent_at_the_start_and_go_away_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = RedisProcess(tmp_path)
    site = Site(server.url)
    handler = Counting(site.context, 20)
    thread = site.start(handler)
    assert not thread.pipeline.link.is_connected
    with server:
        site.push(*range(10))
        until(lambda: len(handler.numbers) == 10)
        assert thread.pipeline.link.is_connected
        server.stop()
        server.start()
        site.push(*range(10, 20))
        assert handler.wait() == list(range(20))
        assert thread.pipeline.reader.lost == 0
        assert thread.stop()
    assert site.failures == []
    assert f"127.0.0.1:{server.port}" in caplog.messages[0]


def test_a_thread_that_never_saw_redis_stops_at_once(site: Site, free_port: int) -> None:
    site.url = f"redis://127.0.0.1:{free_port}"
    thread = site.start(Counting(site.context, 1))
    thread.request_stop(STOP_SECONDS)
    assert thread.join(STOP_SECONDS / 2)


class Clocks(ThreadBound):
    """A service that answers every subscription with a refusal, from its own thread."""

    def __init__(self, context: ServiceContext) -> None:
        super().__init__()
        self._post = context.post

    def on_subscribe(self, message: Subscribe) -> None:
        self.check_thread()
        self._post(Refused(message.agent, message.ref, "bad_request", "closed"))

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        self._post(Refused(message.agent, message.ref, "bad_request", "never"))


def test_subscriptions_come_over_the_bridge_even_without_redis(site: Site, free_port: int) -> None:
    site.url = f"redis://127.0.0.1:{free_port}"
    site.bridge.to_services.post(Subscribe(1, 1, "clocks", None))  # before the thread is there
    thread = site.start(services={"clocks": Clocks(site.context)})
    for ref in range(2, 1_000):
        site.bridge.to_services.post(Subscribe(1, ref, "clocks", None))
    site.bridge.to_services.post(Unsubscribe(1, 5, "clocks"))
    answers = site.outcome(1_000)
    assert [(answer.ref, answer.message) for answer in answers if isinstance(answer, Refused)] == [
        *((ref, "closed") for ref in range(1, 1_000)),
        (5, "never"),
    ]
    assert thread.directory.handled == 1_000


def test_a_topic_whose_hook_waits_holds_up_no_other_topic(site: Site) -> None:
    may_go_on = threading.Event()
    counters = Counters(site.context)
    counters.on_hook = lambda hook: hook == "first slow" and counters.offload(may_go_on.wait, PATIENCE_SECONDS)
    site.start(services={"counter": counters.topics})
    for ref, name in ((1, "slow"), (2, "fast")):
        site.bridge.to_services.post(Subscribe(1, ref, "counter", {"name": name}))
    assert site.outcome(1) == [Snapshot(1, 2, "counter/fast", 0, b'{"count":0}')]
    may_go_on.set()
    assert site.outcome(1) == [Snapshot(1, 1, "counter/slow", 0, b'{"count":0}')]


def test_what_the_bridge_had_accepted_before_the_stop_is_handled(site: Site) -> None:
    thread = site.start(services={"clocks": Clocks(site.context)})
    for ref in range(1_000):
        site.bridge.to_services.post(Subscribe(1, ref, "clocks", None))
    site.bridge.to_services.close()
    assert thread.stop()
    assert len(site.bridge.to_users) == 1_000


class Ticker:
    """A source that counts until it is stopped, and tells of its end."""

    def __init__(self) -> None:
        self.has_ticked = threading.Event()
        self.has_ended = threading.Event()
        self._stopped: Any = None

    def run(self) -> None:
        self._stopped = gevent.event.Event()
        self.has_ticked.set()
        self._stopped.wait()
        self.has_ended.set()

    def stop(self) -> None:
        self._stopped.set()


def test_a_source_runs_on_the_thread_and_is_asked_to_end(site: Site) -> None:
    ticker = Ticker()
    thread = site.start(sources=[ticker])
    assert ticker.has_ticked.wait(PATIENCE_SECONDS)
    assert thread.stop()
    assert ticker.has_ended.is_set()


class Faulty:
    """A source with a bug."""

    def run(self) -> None:
        raise ZeroDivisionError("bug")

    def stop(self) -> None:
        pass


def test_a_greenlet_that_keeps_dying_is_logged_counted_and_named(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    thread = site.start(sources=[Faulty()])
    # Between its new beginning and its next death nothing is wrong with it.
    until(lambda: thread.restarts["Faulty"] >= 2 and thread.failing_loops() == ["Faulty"])
    assert "the loop of Faulty died" in caplog.text
    assert "Traceback" in caplog.text


def test_an_intake_that_dies_is_reported(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    class Torn(MemoryQueue):
        def intake(self, timeout: float, known: str = START, lone: Lone | None = None) -> Moved:
            raise ZeroDivisionError("bug")

    reported = threading.Event()
    thread = site.start(queue=Torn(sleep=gevent.sleep), on_failure=lambda error: reported.set())
    assert reported.wait(PATIENCE_SECONDS)
    assert isinstance(thread.failure, ZeroDivisionError)
    assert "Traceback" in caplog.text
    assert thread.stop()


def leave_a_timeout() -> None:
    """It rings when its greenlet is somewhere else."""
    gevent.Timeout.start_new(0.001)


def have_it_killed() -> None:
    gevent.spawn(gevent.getcurrent().kill, block=False)


@pytest.mark.parametrize("trap", [leave_a_timeout, have_it_killed])
def test_a_lane_that_dies_beside_its_messages_goes_on_where_it_was(site: Site, trap: Callable[[], None]) -> None:
    class Trapping(Counting):
        def __call__(self, src: str, data: Any) -> None:
            super().__call__(src, data)
            if data == 0:
                trap()

    handler = Trapping(site.context, 1)
    thread = site.start(handler)
    site.push(0)
    until(lambda: thread.restarts["number"] == 1)
    site.push(1)
    until(lambda: handler.numbers == [0, 1])
    assert thread.failing_loops() == []
    assert sum(thread.pipeline.dead_letters.counts.values()) == 0


def exits() -> None:
    raise SystemExit(0)


def test_a_greenlet_or_a_function_that_a_handler_started_may_exit_alone(site: Site) -> None:
    class Starting(Counting):
        def __call__(self, src: str, data: Any) -> None:
            if data == 0:
                gevent.spawn(exits)
                self.offload(exits)
            super().__call__(src, data)

    handler = Starting(site.context, 1)
    thread = site.start(handler)
    site.push(0, 1)
    assert handler.wait() == [1]
    assert thread.failure is None
    assert thread.pipeline.dead_letters.counts["handler_failed"] == 1


class Sleepy(Counting):
    """Waits for ever with the number 1, on the hub, the first time."""

    def __init__(self, context: ServiceContext, goal: int) -> None:
        super().__init__(context, goal)
        self.has_begun = threading.Event()

    def __call__(self, src: str, data: Any) -> None:
        if data == 1:
            self.has_begun.set()
            gevent.event.Event().wait()
        super().__call__(src, data)


def test_a_handler_that_a_stop_interrupts_gets_its_message_again_and_nothing_is_buried(site: Site) -> None:
    sleepy = Sleepy(site.context, 0)
    thread = site.start(sleepy)
    site.push(0, 1)
    assert sleepy.has_begun.wait(PATIENCE_SECONDS)
    assert thread.stop(0.1)
    assert sum(thread.pipeline.dead_letters.counts.values()) == 0
    handler = Counting(site.context, 2)
    site.start(handler)
    assert handler.wait() == [0, 1]


class Refusing:
    """A service with a bug in each of its doors."""

    def on_subscribe(self, message: Subscribe) -> None:
        raise gevent.Timeout(1)

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        raise SystemExit(0)


def test_whatever_a_service_raises_costs_one_subscription(site: Site) -> None:
    thread = site.start(services={"clocks": Refusing()})
    post = site.bridge.to_services.post
    post(Unsubscribe(1, 1, "clocks"))
    post(Subscribe(1, 2, "clocks", {}))
    assert site.outcome(1) == [Refused(1, 2, "internal", "the service failed")]
    assert (thread.failure, thread.failing_loops()) == (None, [])


def test_the_thread_tells_when_it_last_turned(site: Site) -> None:
    thread = site.start()
    first = thread.beat.last
    until(lambda: thread.beat.last > first)


def test_a_stop_that_comes_twice_or_late_does_nothing(site: Site) -> None:
    thread = site.start()
    assert thread.stop()
    assert thread.stop()
    assert thread.join(0)
    site.bridge.to_services.post(Unsubscribe(1, 1, "clocks"))  # nobody is woken, and nothing breaks


def test_two_handlers_for_one_type_are_refused_before_anything_starts(site: Site) -> None:
    handlers = [Counting(site.context, 1), Replaying(site.context, 1)]
    with pytest.raises(DuplicateTypeError):
        site.pipeline(MemoryQueue(), site.link(), *handlers)


def test_the_queue_s_twin_does_on_a_hub_too(site: Site) -> None:
    queue = MemoryQueue(sleep=gevent.sleep)
    queue.put([encode("number", "test", number) for number in range(1_200)])
    handler = Counting(site.context, 1_200)
    thread = site.start(handler, queue=queue)
    assert handler.wait() == list(range(1_200))
    assert thread.stop()
