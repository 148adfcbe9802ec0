"""Sockets of all connections that are read, on an epoll of their own.

asyncio makes a handle for each socket that it watches and puts a callback into its queue for each that is readable,
which costs a fifth of a handshake and as much as a short read. It watches this one epoll instead.
The event loop's thread only.
"""

import asyncio
import select
from typing import Protocol


class Readable(Protocol):
    """Owner of a file in the set."""

    def on_readable(self) -> object:
        """Read: the file has bytes, an end or an error."""


class ReadSet:
    """Calls the owner of each file in it that has bytes, an end or an error, in each turn of the loop.

    An exception of one costs the others nothing; it is told to the loop's exception handler.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._owners: dict[int, Readable] = {}
        loop.add_reader(self._epoll.fileno(), self._on_readable)

    def __len__(self) -> int:
        return len(self._owners)

    def add(self, file: int, owner: Readable) -> None:
        """Watch an open file. Without effect for one that is watched."""
        if file not in self._owners:
            self._owners[file] = owner
            self._epoll.register(file, select.EPOLLIN)

    def remove(self, file: int) -> None:
        """Watch it no more; to be called before it is closed. Without effect for one that is not watched."""
        if self._owners.pop(file, None) is not None:
            self._epoll.unregister(file)

    def close(self) -> None:
        """Watch nothing any more. May be repeated."""
        self._owners.clear()
        if not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _on_readable(self) -> None:
        for file, _ in self._epoll.poll(0):
            owner = self._owners.get(file)  # one before it may have closed it
            if owner is None:
                continue
            try:
                owner.on_readable()
            except Exception as error:  # noqa: BLE001 (told to the loop's handler, as asyncio does for a callback)
                message = "the callback of a readable socket failed"
                self._loop.call_exception_handler({"message": message, "exception": error})
