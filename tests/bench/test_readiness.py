"""The ways to learn of readable sockets do the same, so that only their cost is compared."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest

from bench.peers.readiness import WAYS, Loops, ReadableFiles
from tests.until import until_async

Use = Callable[[ReadableFiles], Awaitable[None]]


class Reader:
    """Owner of one end of a pair. ``read`` is what came."""

    def __init__(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self.socket, self.peer = pair
        self.file = self.socket.fileno()
        self.read = b""

    def on_readable(self) -> None:
        self.read += self.socket.recv(1)


@pytest.fixture(params=WAYS)
def run(request: pytest.FixtureRequest) -> Callable[[Use], None]:
    """Runs a test on a loop of each way, with its set of files."""

    def run(use: Use) -> None:
        loops = Loops(WAYS[request.param])

        async def main() -> None:
            files = loops.files(asyncio.get_running_loop())
            await use(files)
            files.close()

        with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
            runner.run(main())

    return run


@pytest.fixture
def readers() -> Iterator[list[Reader]]:
    readers = [Reader(socket.socketpair()) for _ in range(2)]
    yield readers
    for reader in readers:
        reader.socket.close()
        reader.peer.close()


def test_the_owner_of_each_readable_file_is_called_until_it_is_removed(
    run: Callable[[Use], None], readers: list[Reader]
) -> None:
    first, second = readers

    async def use(files: ReadableFiles) -> None:
        for reader in readers:
            files.add(reader.file, reader)
            files.add(reader.file, reader)
            reader.peer.send(b"ab")
        await until_async(lambda: first.read == second.read == b"ab")
        files.remove(first.file)
        files.remove(first.file)
        for reader in readers:
            reader.peer.send(b"c")
        await until_async(lambda: second.read == b"abc")

    run(use)
    assert first.read == b"ab"


def test_the_loops_own_files_timers_and_threads_go_on_beside_them(
    run: Callable[[Use], None], readers: list[Reader]
) -> None:
    first, second = readers

    async def use(files: ReadableFiles) -> None:
        loop = asyncio.get_running_loop()
        files.add(first.file, first)
        writable = asyncio.Event()
        loop.add_writer(first.socket, writable.set)
        await writable.wait()
        loop.remove_writer(first.socket)
        loop.add_reader(second.file, second.on_readable)
        for reader in readers:
            reader.peer.send(b"a")
        await asyncio.sleep(0.001)
        await loop.run_in_executor(None, lambda: None)
        await until_async(lambda: first.read == second.read == b"a")
        loop.remove_reader(second.file)

    run(use)
