"""QueueWriter: the messages that a gateway passes on to one queue. They leave together, in the order they came in."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Generic, Protocol

import gevent
import gevent.event

from tcelib.error import RPCERROR_CONNECTION_LOST, RpcException
from tcelib.queue.message import NO_HEADERS, Message
from tcelib.runtime.gateway.kept_loop import spawn_kept
from tcelib.runtime.gateway.parcel import Parcel, S
from tcelib.service.taken_call import IDEMPOTENT_HEADERS
from tcelib.transport.hub.outage import Outage

MOST_AT_ONCE = 1_000
PAUSE_BYTES = 4 * 1024 * 1024
"""While more than this waits for the queue, its senders are read no further."""
CLOSE_SECONDS = 5.0
TROUBLE_SECONDS = 10.0
"""A queue counts as away for so long after a write that failed: without a further one nobody knows better."""
log = logging.getLogger("tce.gateway")


class Outward(Protocol):
    """Writing side of a queue. ``has_headers``: its messages carry headers."""

    has_headers: bool

    def put(self, messages: Sequence[Message], /) -> None:
        """Put messages on the queue. Raises ``RpcException``: CONNECTION_LOST if some perhaps were put, or all."""


class QueueWriter(Generic[S]):
    """Writes to the queue of ``link``. ``add`` never waits; a greenlet of its own does.

    ``on_unsent`` takes a parcel that did not get onto the queue, and true if it perhaps did. ``on_left`` takes the
    number of bytes that wait no more, whatever became of them. ``name`` is the queue's, for the log.
    """

    def __init__(
        self,
        link: Outward,
        on_unsent: Callable[[Parcel[S], bool], object],
        *,
        on_left: Callable[[int], object] = lambda _: None,
        name: str = "a queue",
    ) -> None:
        self._link = link
        self._on_unsent = on_unsent
        self._on_left = on_left
        self._outage = Outage(log, f"messages are not passed on to {name}", f"messages are passed on to {name} again")
        self._parcels: list[Parcel[S]] = []
        self._bytes = 0
        self._has_parcels = gevent.event.Event()
        self._has_room = gevent.event.Event()
        self._has_room.set()
        self._is_closed = False
        self._greenlet = spawn_kept(self._run, f"passes messages on to {name}")

    @property
    def link(self) -> Outward:
        """The queue's writing side."""
        return self._link

    @property
    def trouble(self) -> str:
        """Return why the last write failed; empty if it has not, or some time ago."""
        return self._outage.trouble(TROUBLE_SECONDS)

    @property
    def has_room(self) -> bool:
        """True while its senders may be read, and from its end on."""
        return self._is_closed or self._bytes <= PAUSE_BYTES

    def add(self, parcel: Parcel[S]) -> None:
        """Write a message soon, together with others."""
        self._parcels.append(parcel)
        self._bytes += len(parcel.body)
        if len(self._parcels) == 1:
            self._has_parcels.set()
        if not self.has_room:
            self._has_room.clear()

    def wait_room(self, timeout: float | None = None) -> None:
        """Wait until there is room, ``timeout`` seconds at most."""
        self._has_room.wait(timeout)

    def close(self) -> None:
        """Write what is there, and end."""
        self._is_closed = True
        self._has_parcels.set()
        self._greenlet.join(CLOSE_SECONDS)
        self._greenlet.kill()
        self._has_room.set()

    def _run(self) -> None:
        while True:
            self._has_parcels.wait()
            batch, self._parcels = self._parcels[:MOST_AT_ONCE], self._parcels[MOST_AT_ONCE:]
            if not self._parcels and not self._is_closed:
                self._has_parcels.clear()
            if batch:
                self._write(batch)
            elif self._is_closed:
                return

    def _write(self, batch: Sequence[Parcel[S]]) -> None:
        now = time.time()
        # While a queue is away, calls wait here as well; those that were answered with TIMEOUT must not run.
        messages = [self._message(parcel) for parcel in batch if parcel.expires > now]
        try:
            if messages:
                self._link.put(messages)
                self._outage.end()
        except RpcException as failure:
            self._outage.begin(failure, len(batch))
            is_lost = failure.errcode == RPCERROR_CONNECTION_LOST
            for parcel in batch:
                self._on_unsent(parcel, is_lost)
        except Exception:
            log.exception("! %d messages were perhaps not passed on", len(batch))
            for parcel in batch:
                self._on_unsent(parcel, True)
        finally:
            size = sum(len(parcel.body) for parcel in batch)
            self._bytes -= size
            if self.has_room:
                self._has_room.set()
            self._on_left(size)

    def _message(self, parcel: Parcel[S]) -> Message:
        if not self._link.has_headers:
            return Message(parcel.body, NO_HEADERS)
        headers = IDEMPOTENT_HEADERS if parcel.is_idempotent else NO_HEADERS
        return Message(parcel.body, headers, None if parcel.expires == math.inf else parcel.expires)
