"""CallWriters: write the calls of clients to the queues of services, several together, in the order they came in."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from rtserver.base.bridge.message import CallFailed, CallsLeft, Message, PassCall
from tcelib.error import RPCERROR_CONNECT_FAILED, RPCERROR_CONNECTION_LOST, RpcException
from tcelib.queue.error import MessageError, QueueError
from tcelib.queue.message import Message as QueueMessage
from tcelib.queue.port import Queue
from tcelib.runtime.gateway.parcel import Parcel
from tcelib.runtime.gateway.queue_writer import QueueWriter


class CallQueue:
    """Writing side of one queue, for a ``QueueWriter``."""

    def __init__(self, queue: Queue, *, has_headers: bool) -> None:
        self.has_headers = has_headers
        self._queue = queue

    def put(self, messages: Sequence[QueueMessage], /) -> None:
        """See ``Outward``."""
        try:
            self._queue.put(messages)
        except (QueueError, MessageError) as error:
            is_lost = isinstance(error, QueueError) and not error.is_certain
            code = RPCERROR_CONNECTION_LOST if is_lost else RPCERROR_CONNECT_FAILED
            raise RpcException(code, str(error)) from error


class Flag(Protocol):
    """Event of the hub."""

    def set(self) -> None:
        """End every wait."""

    def wait(self) -> object:
        """Wait until it is set."""


class CallWriters:
    """Writers of all queues, a follower of the service thread. ``ending`` is set when nothing more comes.

    ``post`` is told what has left for its queue, or will not leave, and which calls have failed.
    """

    def __init__(
        self,
        queues: Mapping[str, CallQueue],
        post: Callable[[Message], object],
        *,
        ending: Flag,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._queues = queues
        self._post = post
        self._ending = ending
        self._now = now
        self._wall = wall
        self._writers: dict[str, QueueWriter[int]] = {}

    def pass_on(self, call: PassCall) -> None:
        """Write a call soon."""
        writer = self._writers.get(call.queue)
        if writer is None:  # made on the thread whose hub it uses
            writer = self._writers[call.queue] = self._make_writer(call.queue)
        expires = self._wall() + call.deadline - self._now()  # infinite as the deadline is
        writer.add(Parcel(call.body, call.sender or None, expires, call.is_idempotent))

    def run(self) -> None:
        """Wait for the end, and write what is there."""
        self._ending.wait()
        for writer in self._writers.values():
            writer.close()

    def stop(self) -> None:
        """See ``Source``."""
        self._ending.set()

    def _make_writer(self, name: str) -> QueueWriter[int]:
        def on_left(size: int) -> None:
            self._post(CallsLeft(name, size))

        return QueueWriter(self._queues[name], self._on_unsent, on_left=on_left, name=name)

    def _on_unsent(self, parcel: Parcel[int], is_lost: bool) -> None:
        if parcel.sender is not None:
            self._post(CallFailed(parcel.sender, parcel.body, is_lost))
