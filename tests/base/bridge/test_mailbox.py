"""The mailboxes, alone and between the two real threads."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from math import inf
from typing import Self

import gevent
import pytest
from gevent.event import Event

from rtserver.base.bridge.mailbox import Bridge, BridgeClosedError, Mailbox
from rtserver.base.bridge.message import Message
from rtserver.base.bridge.ownership import WrongThreadError

DEADLINE = 60.0
PASS = 500  # messages per drain


class Numbered(Message, frozen=True):
    """Message ``number`` of ``sender``."""

    sender: int
    number: int


class Reader:
    """Counts its wake-ups and drains by hand."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.wakeups = 0
        self.received: list[int] = []

    def wake(self) -> None:
        self.wakeups += 1

    def handle(self, message: Message) -> None:
        assert isinstance(message, Numbered)
        self.received.append(message.number)

    def drain(self, limit: int = 100) -> bool:
        return self.mailbox.drain(self.handle, limit)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(congested_length=3)


@pytest.fixture
def reader(mailbox: Mailbox) -> Reader:
    reader = Reader(mailbox)
    mailbox.bind(reader.wake)
    return reader


def post(mailbox: Mailbox, *numbers: int) -> None:
    for number in numbers:
        mailbox.post(Numbered(0, number))


def test_many_posts_wake_once(mailbox: Mailbox, reader: Reader) -> None:
    post(mailbox, *range(50))
    assert reader.wakeups == 1
    assert not reader.drain()
    assert reader.received == list(range(50))


def test_several_messages_of_one_post_come_in_order_and_wake_once(mailbox: Mailbox, reader: Reader) -> None:
    mailbox.post(*(Numbered(0, number) for number in range(5)))
    assert (reader.wakeups, mailbox.posted) == (1, 5)
    reader.drain()
    assert reader.received == list(range(5))
    mailbox.close()
    with pytest.raises(BridgeClosedError):
        mailbox.post(Numbered(0, 5), Numbered(0, 6))
    assert not len(mailbox)


def test_a_post_after_the_drain_wakes_again(mailbox: Mailbox, reader: Reader) -> None:
    post(mailbox, 1)
    reader.drain()
    post(mailbox, 2)
    assert reader.wakeups == 2


def test_a_reader_that_leaves_messages_goes_on_by_itself_and_is_woken_for_later_ones(mailbox: Mailbox) -> None:
    heard: list[str] = []
    mailbox.bind(lambda: heard.append("woken"), lambda: heard.append("goes on"))
    post(mailbox, 1, 2, 3)
    assert mailbox.drain(lambda message: None, 2)
    post(mailbox, 4)
    assert heard == ["woken", "goes on"]
    assert not mailbox.drain(lambda message: None, 2)
    post(mailbox, 5)
    assert heard == ["woken", "goes on", "woken"]


def test_messages_that_join_come_in_one_call_and_count_one_by_one(mailbox: Mailbox, reader: Reader) -> None:
    calls: list[list[int]] = []
    post(mailbox, 1, 1, 2, 3, 3, 3, 3)
    is_more = mailbox.drain(lambda *run: calls.append([each.number for each in run]), 5, joins=lambda a, b: a == b)
    assert is_more
    assert calls == [[1, 1], [2], [3, 3]]
    assert len(mailbox) == 2


def test_a_drain_takes_no_more_than_its_bound_and_wakes_itself_for_the_rest(mailbox: Mailbox, reader: Reader) -> None:
    post(mailbox, *range(5))
    assert reader.drain(limit=2)
    assert (reader.received, reader.wakeups) == ([0, 1], 2)
    post(mailbox, 5)
    assert reader.wakeups == 2
    assert reader.drain(limit=2)
    assert not reader.drain(limit=2)
    assert (reader.received, reader.wakeups) == ([0, 1, 2, 3, 4, 5], 3)


def test_a_drain_begins_no_message_after_its_time_and_wakes_itself_for_the_rest(
    mailbox: Mailbox, reader: Reader
) -> None:
    post(mailbox, *range(3))
    assert mailbox.drain(reader.handle, 100, seconds=0)
    assert (reader.received, reader.wakeups) == ([0], 2)
    assert not mailbox.drain(reader.handle, 100, seconds=60)
    assert reader.received == [0, 1, 2]


def test_a_large_message_ends_a_drain(mailbox: Mailbox, reader: Reader) -> None:
    post(mailbox, *range(3))
    assert mailbox.drain(lambda message: inf, 100)
    assert len(mailbox) == 2
    assert not mailbox.drain(lambda message: None, 100)
    assert len(mailbox) == 0


def test_of_light_messages_a_drain_takes_more(mailbox: Mailbox, reader: Reader) -> None:
    post(mailbox, *range(10))
    assert mailbox.drain(lambda message: 0.5, 4)
    assert len(mailbox) == 2
    assert not mailbox.drain(lambda *run: 0.25 * len(run), 1, joins=lambda a, b: True)


def test_what_is_posted_while_draining_is_left_for_the_next_pass(mailbox: Mailbox, reader: Reader) -> None:
    post(mailbox, 1, 2)

    def handle(message: Message) -> None:
        reader.handle(message)
        if len(reader.received) < 10:
            post(mailbox, 9)

    assert mailbox.drain(handle, 100)
    assert reader.received == [1, 2]
    assert len(mailbox) == 2
    assert reader.wakeups == 2


def test_what_was_posted_before_there_is_a_reader_wakes_it_when_it_comes(mailbox: Mailbox) -> None:
    post(mailbox, 1, 2)
    reader = Reader(mailbox)
    mailbox.bind(reader.wake)
    assert reader.wakeups == 1
    post(mailbox, 3)
    assert reader.wakeups == 1
    reader.drain()
    assert reader.received == [1, 2, 3]


def test_a_reader_with_nothing_to_read_is_not_woken(reader: Reader) -> None:
    assert reader.wakeups == 0
    assert not reader.drain()
    assert reader.wakeups == 0


def test_a_message_whose_handler_fails_does_not_strand_the_ones_behind_it(mailbox: Mailbox, reader: Reader) -> None:
    post(mailbox, 1, 2, 3)

    def fail(message: Message) -> None:
        raise LookupError(message)

    with pytest.raises(LookupError):
        mailbox.drain(fail, 100)
    assert reader.wakeups == 2
    reader.drain()
    assert reader.received == [2, 3]


def test_a_drain_on_another_thread_than_the_readers_is_refused_and_takes_nothing(
    mailbox: Mailbox, reader: Reader
) -> None:
    post(mailbox, 1)
    refused: list[WrongThreadError] = []

    def drain() -> None:
        try:
            reader.drain()
        except WrongThreadError as error:
            refused.append(error)

    elsewhere = threading.Thread(target=drain)
    elsewhere.start()
    elsewhere.join(DEADLINE)
    assert len(refused) == 1
    reader.drain()
    assert reader.received == [1]


def test_after_close_a_post_is_refused_and_what_was_accepted_is_delivered(mailbox: Mailbox, reader: Reader) -> None:
    post(mailbox, 1, 2)
    mailbox.close()
    with pytest.raises(BridgeClosedError, match="Numbered"):
        post(mailbox, 3)
    reader.drain()
    assert reader.received == [1, 2]
    assert mailbox.posted == 2


def test_it_is_congested_while_more_wait_than_it_should_hold(mailbox: Mailbox, reader: Reader) -> None:
    post(mailbox, 1, 2, 3)
    assert not mailbox.is_congested
    post(mailbox, 4)
    assert mailbox.is_congested
    reader.drain(limit=1)
    assert not mailbox.is_congested


class Side:
    """The work of either thread: post numbers until they are through or refused, and note what they receive."""

    def __init__(self, inbox: Mailbox, outbox: Mailbox, limit: int) -> None:
        self.inbox = inbox
        self.outbox = outbox
        self.accepted = 0
        self.received: list[int] = []
        self._limit = limit
        self._progress = threading.Condition()

    def post_some(self) -> bool:
        """Post a few messages, unless the reader is far behind; whether there are more to come."""
        if self.outbox.is_congested:
            return True
        try:
            for number in range(self.accepted, min(self.accepted + 100, self._limit)):
                self.outbox.post(Numbered(0, number))
                self.accepted += 1
        except BridgeClosedError:
            return False
        return self.accepted < self._limit

    def drain(self) -> None:
        """One pass over the inbox."""
        self.inbox.drain(self._handle, PASS)
        with self._progress:
            self._progress.notify_all()

    def wait_received(self, count: int) -> None:
        """Wait on the test's thread until that many have come: only the mailbox's own wake-ups bring them."""
        with self._progress:
            assert self._progress.wait_for(lambda: len(self.received) >= count, DEADLINE), len(self.received)

    def _handle(self, message: Message) -> None:
        assert isinstance(message, Numbered)
        self.received.append(message.number)


class SideThread(threading.Thread):
    """A side on a thread of its own. ``posted`` is set when it posts no more."""

    def __init__(self, side: Side) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.side = side
        self.ready = threading.Event()
        self.posted = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        assert self.ready.wait(DEADLINE)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.join(DEADLINE)
        assert not self.is_alive()


class WebsocketThread(SideThread):
    """An asyncio loop, woken by ``call_soon_threadsafe``."""

    def run(self) -> None:
        asyncio.run(self._main())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _main(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        self.side.inbox.bind(lambda: self._loop.call_soon_threadsafe(self.side.drain))
        self.ready.set()
        while self.side.post_some():  # noqa: ASYNC110 (a pass at a time, between which the loop drains)
            await asyncio.sleep(0)
        self.posted.set()
        await self._stopped.wait()


class ServiceThread(SideThread):
    """A gevent hub, woken by an async watcher that its own thread made."""

    def run(self) -> None:
        hub = gevent.get_hub()
        self._stop_watcher, wake_watcher = hub.loop.async_(), hub.loop.async_()
        stopped, woken = Event(), Event()
        self._stop_watcher.start(stopped.set)
        wake_watcher.start(woken.set)
        self.side.inbox.bind(wake_watcher.send)
        self.ready.set()
        greenlets = [gevent.spawn(self._post), gevent.spawn(self._drain, woken)]
        stopped.wait(DEADLINE)
        gevent.killall(greenlets)
        for watcher in (self._stop_watcher, wake_watcher):
            watcher.stop()
            watcher.close()
        hub.destroy(destroy_loop=True)

    def stop(self) -> None:
        self._stop_watcher.send()

    def _post(self) -> None:
        while self.side.post_some():
            gevent.sleep(0)
        self.posted.set()

    def _drain(self, woken: Event) -> None:
        while woken.wait():
            woken.clear()
            self.side.drain()


def both_sides(bridge: Bridge, limit: int) -> tuple[WebsocketThread, ServiceThread]:
    return (
        WebsocketThread(Side(bridge.to_users, bridge.to_services, limit)),
        ServiceThread(Side(bridge.to_services, bridge.to_users, limit)),
    )


@pytest.fixture
def _nervous_threads() -> Iterator[None]:
    """Have the interpreter switch threads a hundred times as often as it does by itself."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 100)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_nervous_threads")
def test_a_hundred_thousand_messages_cross_both_ways_at_once_in_order_and_none_is_lost() -> None:
    count = 100_000
    websocket, service = both_sides(Bridge(), count)
    with websocket, service:
        websocket.side.wait_received(count)
        service.side.wait_received(count)
    assert websocket.side.received == service.side.received == list(range(count))


@pytest.mark.usefixtures("_nervous_threads")
def test_a_close_in_full_flow_loses_nothing_that_was_accepted() -> None:
    bridge = Bridge()
    websocket, service = both_sides(bridge, limit=100_000_000)
    with websocket, service:
        websocket.side.wait_received(5_000)
        service.side.wait_received(5_000)
        bridge.to_users.close()
        bridge.to_services.close()
        assert websocket.posted.wait(DEADLINE)
        assert service.posted.wait(DEADLINE)
        websocket.side.wait_received(service.side.accepted)
        service.side.wait_received(websocket.side.accepted)
    assert websocket.side.received == list(range(service.side.accepted))
    assert service.side.received == list(range(websocket.side.accepted))
    assert bridge.to_users.posted == service.side.accepted
    assert bridge.to_services.posted == websocket.side.accepted


@pytest.mark.usefixtures("_nervous_threads")
def test_several_threads_may_post_and_each_message_is_delivered_once_and_in_its_threads_order() -> None:
    senders, count = 4, 5_000
    mailbox = Mailbox()
    received: list[list[int]] = [[] for _ in range(senders)]
    woken = threading.Semaphore(0)
    mailbox.bind(woken.release)

    def send(sender: int) -> None:
        for number in range(count):
            mailbox.post(Numbered(sender, number))

    def handle(message: Message) -> None:
        assert isinstance(message, Numbered)
        received[message.sender].append(message.number)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(senders)]
    for thread in threads:
        thread.start()
    while sum(map(len, received)) < senders * count:
        assert woken.acquire(timeout=DEADLINE)
        mailbox.drain(handle, PASS)
    for thread in threads:
        thread.join()
    assert received == [list(range(count))] * senders
    assert mailbox.posted == senders * count
