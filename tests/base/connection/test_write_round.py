"""Rounds of writes on real sockets: they end as if each connection had been flushed on its own."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.connection.connection import Connection, Kind
from rtserver.base.connection.read_set import ReadSet
from rtserver.base.connection.shared import ConnectionBounds
from rtserver.base.connection.timer_wheel import TimerWheel
from rtserver.base.connection.write_round import write_round
from rtserver.base.send.plain import PLAIN
from rtserver.base.send.port import Sender, ShortWrite
from tests.base.native_sender import native_sender

BUFFER = 8192
LARGE = b"L" * 100_000
BOUNDS = ConnectionBounds(outbox_bytes=400_000, outbox_hard_bytes=600_000)


class Sockets(asyncio.AbstractEventLoop):
    """As much of an event loop as a socket uses: who waits for room."""

    def __init__(self) -> None:
        self.writers: dict[int, Callable[[], object]] = {}

    def time(self) -> float:
        return 100.0

    def add_writer(self, fd: Any, callback: Callable[..., object], *_args: object) -> None:
        self.writers[fd] = callback

    def remove_writer(self, fd: Any) -> bool:
        return self.writers.pop(fd, None) is not None


class Receiver:
    """Says goodbye with one frame."""

    share = None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def on_accept(self) -> None: ...

    def on_bytes(self, data: bytes) -> None: ...

    def settle(self) -> None: ...

    def say_close(self, code: int, reason: str) -> None:
        self._connection.push_control([b"<bye>"])

    def end(self) -> None: ...


KIND = Kind("test", bytes, Receiver)


class World:
    """Connections whose flushes come when the test says so. ``told`` is what the handler was told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, object]] = []
        self.due: list[Connection] = []
        self.peers: list[socket.socket] = []
        self.connections: list[Connection] = []
        self.on_close: Callable[[int], object] = lambda _: None
        self._loop = Sockets()
        self._shared: Any = SimpleNamespace(
            bounds=BOUNDS,
            rates=None,
            loop=self._loop,
            now=self._loop.time,
            flusher=SimpleNamespace(add=self.due.append),
            readers=Mock(ReadSet),
            wheel=TimerWheel(100.0),
            handler=SimpleNamespace(on_open=self._on_open, on_lag=self._on_lag, on_close=self._on_close),
            too_slow=0,
            too_large=0,
            forget=lambda _: None,
        )

    def open(self) -> Connection:
        """One more connection, whose socket takes ``BUFFER`` bytes or so."""
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        ours.setblocking(False)
        theirs.setblocking(False)
        self.peers.append(theirs)
        return self.open_on(ours)

    def open_on(self, ours: socket.socket) -> Connection:
        """One more connection, on this socket."""
        connection = Connection(self._shared, ours, "127.0.0.1", KIND)
        self.connections.append(connection)
        connection.admit("someone")
        return connection

    def round(self, sender: Sender) -> None:
        """Flush what is due by one round."""
        due, self.due[:] = list(self.due), []
        for go_on in write_round(due, sender.send_each):
            go_on()

    def flush_one_by_one(self) -> None:
        """Flush what is due without a round."""
        due, self.due[:] = list(self.due), []
        for connection in due:
            connection.flush()

    def read(self, number: int) -> bytes:
        """Return the bytes that a peer has got, and all that its connection still wants to write."""
        data = b""
        while more := self.read_some(number):
            data += more
            if self.connections[number].file in self._loop.writers:
                self._loop.writers[self.connections[number].file]()
        return data

    def read_some(self, number: int) -> bytes:
        try:
            return self.peers[number].recv(1 << 20)
        except OSError:
            return b""

    def close(self) -> None:
        self.on_close = lambda _: None
        for connection in self.connections:
            connection.abort()
        for peer in self.peers:
            peer.close()

    def _on_open(self, _connection: Connection, _identity: object) -> int:
        return len(self.connections) - 1

    def _on_lag(self, agent: int, is_lagging: bool) -> None:
        self.told.append(("lag", agent, is_lagging))

    def _on_close(self, agent: int, code: int) -> None:
        self.told.append(("close", agent, code))
        self.on_close(agent)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def push(connections: Iterable[Connection], *frames: bytes) -> None:
    for connection in connections:
        for frame in frames:
            connection.push(frame)


def test_each_connection_gets_its_frames_in_order(world: World, sender: Sender) -> None:
    push([world.open() for _ in range(3)], b"one", b"two")
    push([world.open()], b"own")
    world.round(sender)
    assert [world.read(number) for number in range(4)] == [b"onetwo"] * 3 + [b"own"]
    assert [connection.outbox.size for connection in world.connections] == [0] * 4


def test_what_many_get_is_joined_once(world: World) -> None:
    push([world.open() for _ in range(3)], b"one", b"two")
    writes: list[bytes] = []

    def send_each(_files: object, frames: Iterable[bytes]) -> list[ShortWrite]:
        writes.extend(frames)
        return []

    world.round(Sender(send_each, "notes"))
    assert writes == [b"onetwo"] * 3
    assert len(set(map(id, writes))) == 1


def test_the_rest_of_a_write_is_sent_ahead_of_what_comes_later(world: World, sender: Sender) -> None:
    stalled, other = world.open(), world.open()
    push([stalled, other], LARGE)
    world.round(sender)
    assert stalled.outbox.size == len(LARGE)  # what the system has not taken whole waits, as it ever did
    push([stalled, other], b"later")
    world.round(sender)
    assert world.read(0) == world.read(1) == LARGE + b"later"
    assert stalled.outbox.size == 0


def test_a_socket_without_room_takes_its_frames_later(world: World, sender: Sender) -> None:
    stalled = world.open()
    push([stalled], LARGE)
    world.flush_one_by_one()
    push([stalled], b"second")
    world.round(sender)
    assert world.read(0) == LARGE + b"second"


def test_a_peer_that_has_gone_ends_its_connection_alone(world: World, sender: Sender) -> None:
    broken, other = world.open(), world.open()
    world.peers[0].close()
    push([broken, other], b"frame")
    world.round(sender)
    assert world.told == [("close", 0, 1006)]
    assert not broken.is_open
    assert other.is_open
    assert world.read(1) == b"frame"


def test_a_handler_that_is_told_of_an_end_may_close_those_whose_writes_are_under_way(
    world: World, sender: Sender
) -> None:
    push([world.open(), world.open()], LARGE)
    world.peers[0].close()
    world.on_close = lambda _: world.connections[1].close(4000)
    world.round(sender)
    assert world.told == [("close", 0, 1006), ("close", 1, 4000)]
    assert world.read(1) == LARGE + b"<bye>"


def test_a_handler_may_end_another_connection_whose_peer_has_gone_in_the_same_round(
    world: World, sender: Sender
) -> None:
    push([world.open(), world.open()], b"frame")
    world.peers[0].close()
    world.peers[1].close()
    world.on_close = lambda agent: world.connections[1 - agent].abort()
    world.round(sender)
    assert sorted(world.told) == [("close", 0, 1006), ("close", 1, 1006)]


def test_a_socket_that_gets_the_number_of_a_closed_one_gets_none_of_its_bytes(world: World, sender: Sender) -> None:
    broken, lagging = world.open(), world.open()
    push([lagging], LARGE)
    world.round(sender)
    push([broken, lagging], b"frame")
    world.peers[0].close()
    number = lagging.file

    def reuse(agent: int) -> None:
        if agent == 0:
            lagging.abort()
            while (opened := world.open()).file < number:
                pass
            assert number in {connection.file for connection in world.connections[2:]}
            opened.push(b"new")

    world.on_close = reuse
    world.round(sender)
    world.round(sender)
    got = [world.read_some(place) for place in range(2, len(world.peers))]
    assert b"".join(got) == b"new"


def test_a_connection_that_is_due_twice_is_written_once(world: World, sender: Sender) -> None:
    connection = world.open()
    push([connection], b"once")
    world.due *= 2
    world.round(sender)
    assert world.read(0) == b"once"


def test_a_client_that_lags_is_told_when_it_has_caught_up(world: World, sender: Sender) -> None:
    push([world.open()], *[LARGE] * 4)
    world.round(sender)
    assert world.told == [("lag", 0, True)]
    assert world.read(0) == LARGE * 4
    assert world.told == [("lag", 0, True), ("lag", 0, False)]


def test_what_was_queued_before_an_end_is_sent_ahead_of_the_last_words(world: World, sender: Sender) -> None:
    connection = world.open()
    push([connection], b"frame")
    connection.close(4000)
    world.round(sender)
    assert world.read(0) == b"frame<bye>"


def test_a_round_that_fails_ends_its_connections_for_nobody_knows_what_was_sent(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    push([world.open(), world.open()], b"frame")
    with caplog.at_level(logging.ERROR):
        world.round(Sender(Mock(side_effect=MemoryError("no room")), "fails"))
    assert [connection.is_open for connection in world.connections] == [False, False]
    assert "no room" in caplog.text


def test_the_bytes_of_a_tls_socket_are_not_for_the_system(world: World) -> None:
    connection = world.open_on(Mock(ssl.SSLSocket))
    push([connection], b"secret")
    assert connection.take() == []
    assert connection.outbox.size == len(b"secret")


STEP = st.one_of(
    st.tuples(st.just("push"), st.integers(0, 3), st.sampled_from([1, 100, BUFFER, 5 * BUFFER, 20 * BUFFER])),
    st.tuples(st.just("push to all"), st.just(0), st.sampled_from([1, 100, 5 * BUFFER])),
    st.tuples(st.just("push a price"), st.integers(0, 3), st.sampled_from([100, 5 * BUFFER])),
    st.tuples(st.just("flush"), st.just(0), st.just(0)),
    st.tuples(st.just("read"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("leave"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("close"), st.integers(0, 3), st.just(0)),
)


def play(steps: Iterable[tuple[str, int, int]], flush: Callable[[World], object]) -> object:
    """Everything that can be seen of four connections after the steps."""
    world = World()
    for _ in range(4):
        world.open()
    seen: list[object] = []
    for turn, (what, number, size) in enumerate(steps):
        frame = bytes([65 + turn % 26]) * size
        if what == "push":
            world.connections[number].push(frame)
        elif what == "push to all":
            push(world.connections, frame)
        elif what == "push a price":
            world.connections[number].push(frame, "price")
        elif what == "flush":
            flush(world)
        elif what == "read":
            seen.append(world.read(number))
        elif what == "leave":
            world.peers[number].close()
        else:
            world.connections[number].close(4000)
    flush(world)
    seen += [world.read(number) for number in range(4)]
    flush(world)
    seen += [world.read(number) for number in range(4)]
    sizes = [connection.is_open and connection.outbox.size for connection in world.connections]
    told = sorted(map(str, world.told))  # those who have gone are told of behind the round
    world.close()
    return seen, sizes, told


@given(st.lists(STEP, max_size=25))
@settings(max_examples=150, deadline=None)
def test_a_round_ends_as_if_each_connection_had_been_flushed_on_its_own(steps: list[tuple[str, int, int]]) -> None:
    alone = play(steps, World.flush_one_by_one)
    assert play(steps, lambda world: world.round(PLAIN)) == alone
    assert play(steps, lambda world: world.round(native_sender())) == alone
