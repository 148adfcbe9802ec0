"""The contract of a way to send, on real sockets: the one in Python and the compiled one pass the same tests."""

import errno
import gc
import itertools
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.send.plain import PLAIN
from rtserver.base.send.port import SendEach, Sender
from tests.base.native_sender import native_sender

BUFFER = 8192
LARGE = b"x" * 1_000_000


@pytest.fixture
def send_each(sender: Sender) -> SendEach:
    """Each way's function."""
    return sender.send_each


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    """Closes what a test opens."""
    with ExitStack() as stack:
        yield stack


def pair(stack: ExitStack, family: int = socket.AF_UNIX) -> tuple[socket.socket, socket.socket]:
    """Two connected sockets that do not wait. The first one's buffer is small."""
    ours, theirs = map(stack.enter_context, socket.socketpair(family))
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours, theirs


def received(theirs: socket.socket) -> bytes:
    """All that has come."""
    data = b""
    try:
        while more := theirs.recv(1 << 20):
            data += more
    except BlockingIOError:
        pass
    return data


def connected_over_tcp(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = stack.enter_context(socket.create_connection(listener.getsockname()))
        ours = stack.enter_context(listener.accept()[0])
    ours.setblocking(False)
    return ours, theirs


def test_each_socket_gets_its_frame(send_each: SendEach, sockets: ExitStack) -> None:
    pairs = [pair(sockets) for _ in range(50)]
    frames = [b"frame %d" % number for number in range(50)]
    assert send_each([ours.fileno() for ours, _ in pairs], frames) == []
    assert [received(theirs) for _, theirs in pairs] == frames


def test_nothing_is_sent_to_nobody(send_each: SendEach) -> None:
    assert send_each([], []) == []


def test_one_frame_may_go_to_all(send_each: SendEach, sockets: ExitStack) -> None:
    pairs = [pair(sockets) for _ in range(3)]
    assert send_each([ours.fileno() for ours, _ in pairs], [b"same"] * 3) == []
    assert [received(theirs) for _, theirs in pairs] == [b"same"] * 3


def test_an_empty_frame_is_sent(send_each: SendEach, sockets: ExitStack) -> None:
    ours, _theirs = pair(sockets)
    assert send_each([ours.fileno()], [b""]) == []


def test_a_socket_that_takes_a_part_is_told_with_its_number_of_bytes(send_each: SendEach, sockets: ExitStack) -> None:
    (ours, theirs), (other, _) = pair(sockets), pair(sockets)
    [(place, sent)] = send_each([other.fileno(), ours.fileno()], [b"short", LARGE])
    assert place == 1
    assert 0 < sent < len(LARGE)
    assert received(theirs) == LARGE[:sent]


def test_a_socket_without_room_takes_nothing_and_holds_nobody_up(send_each: SendEach, sockets: ExitStack) -> None:
    (stalled, _), (other, theirs) = pair(sockets), pair(sockets)
    send_each([stalled.fileno()], [LARGE])
    assert send_each([stalled.fileno(), other.fileno()], [b"late", b"on time"]) == [(0, 0)]
    assert received(theirs) == b"on time"


def test_a_peer_that_has_gone_is_an_error_of_its_socket_alone(send_each: SendEach, sockets: ExitStack) -> None:
    (broken, gone), (other, theirs) = pair(sockets), pair(sockets)
    gone.close()
    assert send_each([broken.fileno(), other.fileno()], [b"lost", b"kept"]) == [(0, -errno.EPIPE)]
    assert received(theirs) == b"kept"


def test_a_connection_that_was_reset_says_so(send_each: SendEach, sockets: ExitStack) -> None:
    ours, theirs = connected_over_tcp(sockets)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closed by RST
    theirs.close()
    assert send_each([ours.fileno()], [b"lost"]) == [(0, -errno.ECONNRESET)]
    assert send_each([ours.fileno()], [b"lost"]) == [(0, -errno.EPIPE)]


def test_a_number_that_is_no_open_file_is_an_error_of_its_own(send_each: SendEach, sockets: ExitStack) -> None:
    ours, theirs = pair(sockets)
    closed, _ = pair(sockets)
    number = closed.fileno()
    closed.close()
    files = [number, -1, ours.fileno()]
    assert send_each(files, [b"a", b"b", b"c"]) == [(0, -errno.EBADF), (1, -errno.EBADF)]
    assert received(theirs) == b"c"


@pytest.mark.parametrize("count", [0, 2])
def test_as_many_frames_as_files_are_needed(send_each: SendEach, sockets: ExitStack, count: int) -> None:
    ours, theirs = pair(sockets)
    with pytest.raises(ValueError, match="one frame for each file"):
        send_each([ours.fileno()], [b"frame"] * count)
    assert received(theirs) == b""


def test_frames_stay_whatever_other_threads_do_with_the_list_meanwhile(sockets: ExitStack) -> None:
    send_each = native_sender().send_each
    pairs = [pair(sockets) for _ in range(50)]
    files, frames = [ours.fileno() for ours, _ in pairs], [b"a" * BUFFER] * 50
    is_over = threading.Event()

    def replace() -> None:
        for letter in itertools.cycle(b"bcdefgh"):
            if is_over.is_set():
                break
            frames[:] = [bytes([letter]) * BUFFER for _ in pairs]

    thread = threading.Thread(target=replace)
    thread.start()
    for _ in range(50):
        assert send_each(files, frames) == []
        for _, theirs in pairs:
            data = received(theirs)
            assert data == data[:1] * BUFFER
    is_over.set()
    thread.join()


@pytest.mark.parametrize(
    "wrong", [([1.5], [b"x"]), (["1"], [b"x"]), ([1], ["x"]), ([1], [None]), (1, [b"x"]), ([1], 1)]
)
def test_the_compiled_way_refuses_what_is_no_number_or_no_bytes(wrong: tuple[list[int], list[bytes]]) -> None:
    with pytest.raises(TypeError):
        native_sender().send_each(*wrong)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**70])
def test_a_number_that_no_file_has_is_refused(send_each: SendEach, number: int) -> None:
    with pytest.raises(OverflowError):
        send_each([number], [b"x"])


def test_a_hundred_thousand_calls_keep_no_memory(send_each: SendEach, sockets: ExitStack) -> None:
    (ours, _), (broken, gone) = pair(sockets), pair(sockets)
    gone.close()
    files, frames = [ours.fileno(), broken.fileno()], [b"x" * 500, bytes(500)]

    def repeat(count: int) -> int:
        for _ in range(count):
            assert len(send_each(files, frames)) >= 1
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    before = repeat(10_000)
    assert repeat(100_000) - before < 2_000_000  # one tuple of each call that stayed would be 5.6 MB


END = st.sampled_from(["reads", "has a full buffer", "has gone"])


@given(st.lists(st.tuples(END, st.integers(0, 3 * BUFFER)), max_size=8))
@settings(max_examples=200, deadline=None)
def test_both_ways_send_and_tell_the_same(peers: list[tuple[str, int]]) -> None:
    native = native_sender()
    outcomes = []
    for way in (PLAIN, native):
        with ExitStack() as stack:
            pairs = [pair(stack) for _ in peers]
            for (ours, theirs), (end, _) in zip(pairs, peers, strict=True):
                if end == "has gone":
                    theirs.close()
                elif end == "has a full buffer":
                    PLAIN.send_each([ours.fileno()], [LARGE])
            frames = [bytes([number % 251]) * size for number, (_, size) in enumerate(peers)]
            short = way.send_each([ours.fileno() for ours, _ in pairs], frames)
            outcomes.append((short, [theirs.fileno() >= 0 and received(theirs) for _, theirs in pairs]))
    assert outcomes[0] == outcomes[1]
