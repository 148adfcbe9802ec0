"""Watched sockets: who is called, and who is not any more."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, Never

import pytest
from tornado.ioloop import IOLoop

from rtserver.base.connection.read_set import ReadSet
from tests.until import until_async

pytestmark = pytest.mark.gen_test(timeout=60)


class Owner(NamedTuple):
    """See ``Readable``."""

    on_readable: Callable[[], object]


class Pairs:
    """Connected sockets of a ``ReadSet``. ``called`` has the files whose callback ran, each of which reads a byte."""

    def __init__(self) -> None:
        self.readers = ReadSet(asyncio.get_running_loop())
        self.called: list[int] = []
        self._sockets: list[socket.socket] = []

    def open(self) -> tuple[int, socket.socket]:
        """One more, watched; its file and its peer."""
        ours, theirs = socket.socketpair()
        self._sockets += [ours, theirs]

        def on_readable() -> None:
            ours.recv(1)
            self.called.append(ours.fileno())

        self.readers.add(ours.fileno(), Owner(on_readable))
        return ours.fileno(), theirs

    def close(self) -> None:
        for each in self._sockets:
            each.close()


@pytest.fixture
def pairs(io_loop: IOLoop) -> Iterator[Pairs]:
    async def build() -> Pairs:
        return Pairs()

    pairs = io_loop.run_sync(build)
    yield pairs
    pairs.readers.close()
    pairs.close()


async def test_each_readable_socket_is_called_until_it_is_empty(pairs: Pairs) -> None:
    (first, to_first), (second, to_second), _ = pairs.open(), pairs.open(), pairs.open()
    to_first.send(b"ab")
    to_second.send(b"c")

    await until_async(lambda: len(pairs.called) == 3)
    assert sorted(pairs.called) == sorted([first, first, second])


async def test_an_end_is_something_to_read(pairs: Pairs) -> None:
    file, peer = pairs.open()
    peer.close()

    await until_async(lambda: file in pairs.called)


async def test_a_socket_that_is_removed_is_not_called_and_one_that_comes_back_is(pairs: Pairs) -> None:
    (file, to_file), (other, to_other) = pairs.open(), pairs.open()
    pairs.readers.remove(file)
    pairs.readers.remove(file)
    to_file.send(b"a")
    to_other.send(b"b")
    await until_async(lambda: pairs.called == [other])
    assert len(pairs.readers) == 1

    pairs.readers.add(file, Owner(lambda: (pairs.called.append(0), pairs.readers.remove(file))))
    await until_async(lambda: pairs.called == [other, 0])


async def test_one_callback_may_remove_another_that_is_readable_too(pairs: Pairs) -> None:
    (first, to_first), (second, to_second) = pairs.open(), pairs.open()
    called = []

    def remove_both(me: int) -> None:
        called.append(me)
        pairs.readers.remove(first)
        pairs.readers.remove(second)

    for file in (first, second):
        pairs.readers.remove(file)
        pairs.readers.add(file, Owner(partial(remove_both, file)))
    to_first.send(b"a")
    to_second.send(b"b")
    (file, to_file) = pairs.open()
    await until_async(lambda: called)
    to_file.send(b"c")
    await until_async(lambda: pairs.called == [file])
    assert len(called) == 1


async def test_a_callback_that_fails_is_told_to_the_loop_and_costs_the_others_nothing(pairs: Pairs) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    (bad, to_bad), (good, to_good) = pairs.open(), pairs.open()
    pairs.readers.remove(bad)

    def fail() -> Never:
        pairs.readers.remove(bad)
        raise ValueError("on purpose")

    pairs.readers.add(bad, Owner(fail))
    to_bad.send(b"a")
    to_good.send(b"b")

    await until_async(lambda: pairs.called == [good] and told)
    assert str(told[0]["exception"]) == "on purpose"


async def test_a_set_that_is_closed_calls_nobody(pairs: Pairs) -> None:
    _, peer = pairs.open()
    peer.send(b"a")
    pairs.readers.close()

    for _ in range(3):  # turns of the loop
        await asyncio.sleep(0)
    assert (pairs.called, len(pairs.readers)) == ([], 0)
