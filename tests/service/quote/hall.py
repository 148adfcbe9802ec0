"""Servers on one queue in memory, each with its whole pipeline: one of them writes history, the others choose.

A call of the store lets other greenlets run before and after it, as one over the network does.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import gevent

from rtserver.base.bridge.message import Message, Snapshot, Subscribe, Unsubscribe, Update
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, DeadLetter
from rtserver.base.queue.signature import Signer
from rtserver.history.memory_history import MemoryHistory, MemoryStates
from rtserver.service.message import encode
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.pipeline.pipeline import Pipeline
from rtserver.service.queue_link import QueueLink
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.quote.quote_store import QuoteStore
from rtserver.service.user_commands import UserCommands
from tests.service.bus_model import Stop
from tests.service.quote.memory_store import memory_store
from tests.service.quote.viewer import Viewer

T = TypeVar("T")


class Lease:
    """The right to write, of one server at a time."""

    def __init__(self, hall: "Hall", name: str) -> None:
        self._hall, self._name = hall, name

    def is_ours(self) -> bool:
        return self._hall.writer == self._name

    def leave(self) -> None:
        self._hall.writer = ""


class Hall:
    """Parts that the servers share. ``writer`` is the name of the one that writes."""

    def __init__(self, secret: str = "", *, waits: bool = False) -> None:
        self.signer = Signer(secret)
        self.queue = MemoryQueue(signer=self.signer)
        self.history = MemoryHistory()
        self.states = MemoryStates(self.history)
        self.writer = ""
        self.waits = waits
        self.meanwhile: list[Callable[[], object]] = []

    def push(self, quote: str, time_ms: int, price: float = 1.0, **more: Any) -> None:
        """Put a message of one tick on the bus."""
        self.put(encode("quote", "me", [tick(quote, time_ms, price)], more.get("id")))

    def put(self, raw: bytes) -> None:
        self.queue.put([raw])
        self.queue.intake(0)

    def call(self, fn: Callable[..., T], /, *arguments: object) -> T:
        """Call the store."""
        self.rest()
        result = fn(*arguments)
        self.rest()
        return result

    def rest(self, seconds: float = 0.0) -> None:
        """Let others run."""
        if self.meanwhile:
            self.meanwhile.pop()()
        if self.waits:
            gevent.sleep(0)

    def letters(self) -> list[DeadLetter]:
        return self.queue.dead_letters(START, 1000)


def tick(quote: str, time_ms: int, price: float = 1.0) -> dict[str, Any]:
    return {"quote": quote, "info": {"point": [time_ms, price], "volume": 1}}


class Server:
    """One server. ``viewers`` have what was posted to them, by the number of their agent."""

    def __init__(self, hall: Hall, name: str) -> None:
        self.hall = hall
        self.viewers: dict[int, Viewer] = {}
        self._posted: list[Message] = []
        self._timers: list[Callable[[], object]] = []
        post = self._posted.append
        context = ServiceContext(
            post,
            UserCommands(post),
            lambda fn, *args: fn(*args),
            call_later=lambda _, call: self._timers.append(call),
            pause=hall.rest,
        )

        def open_store(books: QuoteBooks) -> QuoteStore:
            lease = Lease(hall, name)
            return memory_store(books, hall.history, hall.states, lease, call=hall.call, pause=hall.rest)

        self.center = QuoteCenter(context, store_of=open_store, picture_rows=500)
        stop = Stop()
        self.pipeline = Pipeline(
            hall.queue,
            QueueLink(hall.rest),
            [self.center],
            is_congested=lambda: False,
            pause=hall.rest,
            event=lambda: stop,
            worker=name,
            signer=hall.signer,
        )
        [self.lane] = self.pipeline.lanes
        self.pipeline.offsets.begin()

    @property
    def left_aside(self) -> int:
        return self.center.choice.aside.entries

    def read(self) -> None:
        """Read the bus, without handling anything."""
        reader = self.pipeline.reader
        if reader.position != self.hall.queue.newest_id():
            reader.read()

    def work(self) -> None:
        """Handle what was read, what the lane has to read itself, and write the dead letters."""
        while len(self.lane) or not self.lane.catch_up(self.pipeline.reader.position):
            if len(self.lane):
                self.lane.work()
            else:
                self._catch_up()
        letters = self.pipeline.dead_letters.peek(1000)
        self.hall.queue.bury(letters)
        self.pipeline.dead_letters.forget(len(letters))

    def _catch_up(self) -> None:
        until = self.pipeline.reader.position
        entries = self.hall.queue.range(self.lane.position, until, 10_000)
        opened = self.lane.open(entries)
        self.lane.take(entries, opened, until, is_all=True, repeats=self.pipeline.repeats.find(opened))

    def follow(self) -> None:
        """Take all that is on the bus."""
        self.read()
        self.work()
        self.pipeline.offsets.report()
        self.deliver()

    def write(self) -> None:
        """Do a cycle of the writer, whoever is the leader."""
        assert self.center.store is not None
        self.center.store.writer.write()

    def watch(self, agent: int, quote: str, period: float | str = 60) -> None:
        request = {"quote": quote, "period": period}
        self.center.on_subscribe(Subscribe(agent, 1, "quotes", request, f"user {agent}"))
        self.deliver()

    def leave(self, agent: int) -> None:
        self.viewers.pop(agent, None)
        self.center.on_unsubscribe(Unsubscribe(agent, 1, "quotes"))
        self.deliver()

    def run_timers(self) -> None:
        """Run what was to be done later."""
        while self._timers:
            self._timers.pop(0)()
        self.deliver()

    def deliver(self) -> None:
        posted, self._posted[:] = list(self._posted), []
        for message in posted:
            if isinstance(message, Snapshot):
                self.viewers[message.agent] = Viewer(message)
            elif isinstance(message, Update):
                for viewer in self.viewers.values():
                    if viewer.topic == message.topic:
                        viewer.on_update(message)
