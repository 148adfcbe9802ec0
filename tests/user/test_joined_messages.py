"""Messages of the bridge that are pushed together: each client gets the same bytes as if they came one by one."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rtserver.base.bridge.mailbox import Mailbox
from rtserver.base.bridge.message import Deliver, Kick, Message, Update
from rtserver.base.connection import connection as connection_module
from rtserver.base.connection.connection import Connection, Kind, fan_out
from rtserver.base.connection.flusher import Flusher
from rtserver.base.connection.shared import ConnectionBounds
from rtserver.base.connection.timer_wheel import TimerWheel
from rtserver.base.connection.websocket import WebSocketReceiver
from rtserver.base.limit.table import Limit
from rtserver.base.send.port import Sender, ShortWrite
from rtserver.base.wire.deflate import deflated_text_frame
from rtserver.base.wire.frame import text_frame
from rtserver.user.identity import Identity
from rtserver.user.topic.board import Topics
from rtserver.user.user_manager import UserManager
from tcelib.limit.table import LimitCounts
from tests.user_side import Site

USERS = 3
FIRST_FILE = 1 << 30
"""No file of this process has such a number."""
BOUNDS = ConnectionBounds(outbox_bytes=1_000, outbox_hard_bytes=2_500)
FRAMINGS = (text_frame, deflated_text_frame)


class Loop:
    """An event loop whose clock stands still and whose callbacks are called by hand."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], object]] = []
        self.writers: dict[int, Callable[[], object]] = {}

    def time(self) -> float:
        return 1_000.0

    def call_soon(self, callback: Callable[[], object]) -> None:
        self.soon.append(callback)

    def call_at(self, _when: float, callback: Callable[[], object]) -> None:
        self.soon.append(callback)

    def add_reader(self, *_: object) -> None: ...

    def remove_reader(self, _file: int) -> None: ...

    def add_writer(self, file: int, callback: Callable[[], object]) -> None:
        self.writers[file] = callback

    def remove_writer(self, file: int) -> None:
        self.writers.pop(file, None)


class Socket:
    """A socket that takes ``room`` bytes, and keeps them."""

    def __init__(self, file: int, room: int) -> None:
        self._file = file
        self.room = room
        self.sent = b""

    def fileno(self) -> int:
        return self._file

    def send(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.sent += taken
        return len(taken)

    def shutdown(self, _how: int) -> None: ...

    def close(self) -> None: ...


class World:
    """The websocket thread's side with real connections, which drains its mailbox with or without joining.

    It is the ``Shared`` of the connections.
    """

    def __init__(self, *, joins: bool) -> None:
        self.loop: Any = Loop()
        self.now = self.loop.time
        self.bounds = BOUNDS
        self.flusher = Flusher(self.loop, sender=Sender(self.send_each, "to sockets of this test"))
        self.readers: Any = SimpleNamespace(add=lambda *_: None, remove=lambda _: None)
        self.wheel = TimerWheel(0.0)
        self.rates = None
        self.too_slow = self.too_large = 0
        self.limited = LimitCounts(Limit)
        self.topics = Topics(fan_out, self.loop, chunk_bytes=200)
        self.handler = UserManager([], self.topics, lambda message: None, Site(), epoch="e", fan_out=fan_out)
        self.mailbox = Mailbox()
        self.mailbox.bind(lambda: None)
        self.options: dict[str, Any] = {"joins": self.handler.joins} if joins else {}
        self.sockets: list[Socket] = []
        self.connections: list[Connection] = []

    def send_each(self, files: Sequence[int], frames: Sequence[bytes], /) -> list[ShortWrite]:
        short = []
        for place, (file, frame) in enumerate(zip(files, frames, strict=True)):
            socket = self.sockets[file - FIRST_FILE]
            sent = socket.send(frame) if socket.room else 0
            if sent < len(frame):
                short.append((place, sent))
        return short

    def run(self, coroutine: Any) -> None:
        raise AssertionError("nothing is read here")

    def forget(self, connection: Connection) -> None: ...

    def open(self, user: int, room: int) -> None:
        number = len(self.sockets)
        self.sockets.append(Socket(FIRST_FILE + number, room))
        kind = Kind("test", FRAMINGS[number % 2], WebSocketReceiver)
        connection = Connection(self, self.sockets[-1], "192.0.2.1", kind)  # type: ignore[arg-type]
        self.connections.append(connection)
        connection.admit(Identity(user, f"user {user}", f"session {user}"))

    def post(self, *messages: Message) -> None:
        for message in messages:
            if isinstance(message, Deliver) and message.offset is not None:
                self.mailbox.post(msgspec.structs.replace(message, offset=f"5-{self.mailbox.posted}"))
            else:
                self.mailbox.post(message)

    def drain(self, limit: int) -> None:
        self.mailbox.drain(self.handler.handle, limit, **self.options)

    def flush(self) -> None:
        soon, self.loop.soon = self.loop.soon, []
        for callback in soon:
            callback()

    def read(self, number: int, size: int) -> None:
        """A client reads some of what it was sent."""
        if number < len(self.sockets):
            self.sockets[number].room += size
            if (on_writable := self.loop.writers.get(FIRST_FILE + number)) is not None:
                on_writable()

    def answer(self, number: int, key: str | None) -> None:
        if number < len(self.sockets):
            self.connections[number].push(text_frame(b"an answer"), key)

    def join(self, number: int, topic: str, group: str) -> None:
        if number < len(self.sockets) and (agent := self.connections[number].agent) is not None:
            agent.join(topic, group, lambda update: b"%d" % update.seq + b"".join(row[1] for row in update.payload))

    def leave(self, number: int, topic: str, group: str) -> None:
        if number < len(self.sockets) and (agent := self.connections[number].agent) is not None:
            agent.leave(topic, group)

    def close(self, number: int) -> None:
        if number < len(self.sockets):
            self.connections[number].close(1000)

    def look(self) -> list[object]:
        """Return the bytes sent to the clients, and the size of what waits for each."""
        each = [
            (socket.sent, one.outbox.size, one.outbox.conflated, one.outbox.limit, one.is_lagging, one.is_open)
            for socket, one in zip(self.sockets, self.connections, strict=True)
        ]
        return [each, self.too_slow, self.too_large, self.topics.updates, self.handler.seen_offsets.offset]


Event = tuple[str, Any]
numbers = st.integers(0, 4)
topics = st.sampled_from(["a", "b"])
groups = st.sampled_from(["g", "h"])
sizes = st.sampled_from([1, 30, 80, 80, 150, 150, 300, 900, 2_600])
payloads = sizes.map(lambda size: b'{"type":"n","data":"%b"}' % (b"x" * size))
receivers = st.sampled_from([None, None, None, (1,), (2,), (1, 2), (0, 1, 2, 3, 4), (9,)])
delivers = st.builds(Deliver, receivers, payloads, st.sampled_from([None, "in order"]))
rows = st.lists(sizes.map(lambda size: ("row", b"y" * size)), max_size=3).map(tuple)
updates = st.builds(Update, topics, st.integers(0, 9), rows)
kicks = st.builds(Kick, st.integers(1, USERS), st.just("out"))
messages = st.one_of(delivers, updates, st.one_of(delivers, updates, kicks))
events: st.SearchStrategy[Event] = st.one_of(
    st.tuples(st.just("post"), st.lists(messages, min_size=2, max_size=12)),
    st.tuples(st.just("post"), st.lists(delivers, min_size=2, max_size=12)),
    st.tuples(st.just("post"), st.lists(updates, min_size=2, max_size=12)),
    st.tuples(st.just("drain"), st.tuples(st.sampled_from([5, 64]))),
    st.tuples(st.just("drain"), st.tuples(st.just(64))),
    st.tuples(st.just("flush"), st.just(())),
    st.tuples(st.just("read"), st.tuples(numbers, st.sampled_from([10, 500, 5_000]))),
    st.tuples(st.just("answer"), st.tuples(numbers, st.sampled_from([None, "k"]))),
    st.tuples(st.just("open"), st.tuples(st.integers(1, USERS), st.sampled_from([0, 200, 100_000]))),
    st.tuples(st.sampled_from(["join", "leave"]), st.tuples(numbers, topics, groups)),
    st.tuples(st.just("close"), st.tuples(numbers)),
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """More is joined in two parts sooner."""
    monkeypatch.setattr(connection_module, "JOINED_BYTES", 500)


def test_a_message_that_cannot_be_framed_costs_itself_and_no_other() -> None:
    def framing(message: bytes) -> bytes:
        if message == b"odd":
            raise ValueError(message)
        return text_frame(message)

    world = World(joins=True)
    world.open(1, 100_000)
    world.connections[0].framing = framing
    world.flush()
    before = world.sockets[0].sent
    world.post(
        *(Deliver((1,), payload, None) for payload in (b"odd", b"a", b"odd", b"b")), Deliver(None, b"odd", None)
    )
    world.drain(64)
    world.flush()
    assert world.sockets[0].sent == before + text_frame(b"a") + text_frame(b"b")
    world.post(Deliver(None, b"odd", None))
    world.drain(64)
    world.post(Deliver(None, b"c", None))
    world.drain(64)
    world.flush()
    assert world.sockets[0].sent.endswith(text_frame(b"b") + text_frame(b"c"))


LONG = Deliver(None, b"x" * 3_000, None)
SHORT = Deliver(None, b"x", None)


@pytest.mark.parametrize(
    "posted",
    [
        pytest.param([LONG, LONG, LONG], id="long payloads"),
        pytest.param([SHORT, LONG, SHORT], id="a long payload among short ones"),
        pytest.param([Update("b", 40 * number, (("row", b"y"),) * 40) for number in (1, 2, 3)], id="many rows"),
    ],
)
def test_what_takes_long_is_handled_alone_so_that_the_turn_can_end_behind_it(posted: list[Message]) -> None:
    world = World(joins=True)
    world.open(1, 100_000)
    world.join(0, "b", "g")
    world.post(*posted)
    runs: list[int] = []
    world.mailbox.drain(lambda *run: runs.append(len(run)), 64, joins=world.handler.joins)
    assert runs == [1, 1, 1]


@settings(max_examples=200, deadline=None)
@given(st.lists(events, min_size=5, max_size=30))
@example([("post", [Deliver(None, b"x" * 110, None)] * 8)])  # the last one is a lag
@example([("post", [Update("b", number, (("row", b"y" * 50),)) for number in range(20)])])  # newer ones replace some
def test_every_connection_gets_the_same_bytes_as_without_joining(happened: list[Event]) -> None:
    worlds = World(joins=True), World(joins=False)
    opening: list[Event] = [("open", (1, 100_000)), ("open", (2, 0)), ("open", (2, 100_000))]
    joining: list[Event] = [
        ("join", (number, *of)) for number in range(3) for of in (("a", "g"), ("b", "g"), ("b", "h"))
    ]
    closing: list[Event] = [("drain", (64,)), ("flush", ()), *(("read", (number, 9_999)) for number in range(5))]
    for name, arguments in (*opening, *joining, *happened, *closing, *closing):
        for world in worlds:
            getattr(world, name)(*arguments)
        assert worlds[0].look() == worlds[1].look()
