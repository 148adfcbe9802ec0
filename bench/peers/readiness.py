"""rtserver with another way to learn which sockets of clients can be read. ``WAYS`` has them by name.

    python bench/peers/readiness.py "one poll" serve --port 8888

*epoll* and *poll* are asyncio's loop on that selector, with a handle of asyncio's for each socket. *one epoll* and
*one poll* call the owners of readable sockets right where the selector has answered: nothing is left of a loop's
work but the system call, so they are the most that a selector could bring. *nested epoll* is what rtserver does: an
epoll of its own for connections, which asyncio's watches.
"""

import asyncio
import math
import select
import selectors
import sys
from collections.abc import Callable
from typing import Any, Protocol

from rtserver.base.connection import connection_set
from rtserver.base.connection.read_set import Readable, ReadSet
from rtserver.bootstrap.command.cli import main

Keys = list[tuple[selectors.SelectorKey, int]]


class ReadableFiles(Protocol):
    """Files that are watched, with their owners: what ``ReadSet`` is to connections."""

    def add(self, file: int, owner: Readable) -> None:
        """Watch it."""

    def remove(self, file: int) -> None:
        """Watch it no more."""

    def close(self) -> None:
        """Watch nothing any more."""


class LoopSet:
    """Each file has a handle in the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._files: set[int] = set()

    def add(self, file: int, owner: Readable) -> None:
        """See ``ReadableFiles``."""
        self._files.add(file)
        self._loop.add_reader(file, owner.on_readable)

    def remove(self, file: int) -> None:
        """See ``ReadableFiles``."""
        if file in self._files:
            self._files.remove(file)
            self._loop.remove_reader(file)

    def close(self) -> None:
        """See ``ReadableFiles``."""
        for file in tuple(self._files):
            self.remove(file)


class DirectSelector(selectors.BaseSelector):
    """Selector of a loop that calls the owners of readable files by itself. Also the ``ReadableFiles`` of the loop.

    ``poller`` is an ``epoll`` or a ``poll``, and ``unit`` a millisecond in what its time-out counts in.
    """

    def __init__(self, poller: Any, unit: float) -> None:
        self._poller = poller
        self._unit = unit
        self._owners: dict[int, Readable] = {}
        self._keys = selectors.PollSelector()
        self._loop_keys: dict[int, selectors.SelectorKey] = {}
        self._masks: dict[int, int] = {}

    def add(self, file: int, owner: Readable) -> None:
        """See ``ReadableFiles``."""
        self._owners.setdefault(file, owner)
        self._watch(file)

    def remove(self, file: int) -> None:
        """See ``ReadableFiles``."""
        if self._owners.pop(file, None) is not None:
            self._watch(file)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """See ``BaseSelector``."""
        key = self._keys.register(fileobj, events, data)
        self._loop_keys[key.fd] = key
        self._watch(key.fd)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """See ``BaseSelector``."""
        key = self._keys.unregister(fileobj)
        del self._loop_keys[key.fd]
        self._watch(key.fd)
        return key

    def get_map(self) -> Any:
        """See ``BaseSelector``."""
        return self._keys.get_map()

    def select(self, timeout: float | None = None) -> Keys:
        """See ``BaseSelector``."""
        wait = -1 if timeout is None else max(0, math.ceil(1000 * timeout)) * self._unit
        owners, keys = self._owners, self._loop_keys
        found: Keys = []
        for file, event in self._poller.poll(wait):
            owner = owners.get(file)
            if owner is not None and event & ~select.POLLOUT:
                owner.on_readable()
            key = keys.get(file)
            if key is not None:
                reads = selectors.EVENT_READ if event & ~select.POLLOUT else 0
                writes = selectors.EVENT_WRITE if event & ~select.POLLIN else 0
                found.append((key, (reads | writes) & key.events))
        return found

    def close(self) -> None:
        """See ``BaseSelector`` and ``ReadableFiles``: the connections' part ends before the loop does."""
        for file in tuple(self._owners):
            self.remove(file)

    def _watch(self, file: int) -> None:
        """Ask the system for what is wanted of the file."""
        key = self._loop_keys.get(file)
        events = key.events if key is not None else 0
        is_read = file in self._owners or events & selectors.EVENT_READ
        mask = (select.POLLIN if is_read else 0) | (select.POLLOUT if events & selectors.EVENT_WRITE else 0)
        before = self._masks.get(file)
        if mask == before:
            return
        if not mask:
            del self._masks[file]
            self._poller.unregister(file)
            return
        (self._poller.register if before is None else self._poller.modify)(file, mask)
        self._masks[file] = mask


Way = tuple[asyncio.AbstractEventLoop, Callable[[asyncio.AbstractEventLoop], ReadableFiles]]
"""A loop, and what makes its set of readable files."""


def _on(selector: type[selectors.BaseSelector]) -> Callable[[], Way]:
    return lambda: (asyncio.SelectorEventLoop(selector()), LoopSet)


def _direct(poller: Callable[[], Any], unit: float) -> Callable[[], Way]:
    def build() -> Way:
        selector = DirectSelector(poller(), unit)
        return asyncio.SelectorEventLoop(selector), lambda _: selector

    return build


WAYS: dict[str, Callable[[], Way]] = {
    "nested epoll": lambda: (asyncio.SelectorEventLoop(), ReadSet),
    "epoll": _on(selectors.EpollSelector),
    "poll": _on(selectors.PollSelector),
    "one epoll": _direct(select.epoll, 0.001),
    "one poll": _direct(select.poll, 1),
}


class Loops(asyncio.DefaultEventLoopPolicy):
    """Makes the loops of one way."""

    def __init__(self, way: Callable[[], Way]) -> None:
        super().__init__()
        self._way = way
        self._makers: dict[int, Callable[[asyncio.AbstractEventLoop], ReadableFiles]] = {}

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """See the class that it overrides."""
        loop, maker = self._way()
        self._makers[id(loop)] = maker
        return loop

    def files(self, loop: asyncio.AbstractEventLoop) -> ReadableFiles:
        """Return the set for the connections of a loop."""
        return self._makers[id(loop)](loop)


if __name__ == "__main__":
    loops = Loops(WAYS[sys.argv[1]])
    asyncio.set_event_loop_policy(loops)
    connection_set.ReadSet = loops.files
    main(sys.argv[2:], prog_name="rtserver")
