"""ServiceLease: the lease of one reader of a queue, and the look at those of the others.

A thread of its own renews it, so a servant that blocks the whole program costs neither the lease nor the calls in
hand.
All services and gateways of one Redis are in one registry.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tcelib.lease.keeper import LEASE_SECONDS, LeaseKeeper
from tcelib.lease.port import LeasePort, Registration, RegistryError
from tcelib.lease.renewal import RenewalThread, steady_clock
from tcelib.lease.watcher import Watcher
from tcelib.queue.message import Delivery
from tcelib.queue.port import LEASED, GroupQueue

REGISTRY = "tce"
"""Name of the registry: its keys begin with ``{tce}:``."""
SERVICE = "service"
STOP_SECONDS = 5.0


def unique_name() -> str:
    """Return a name that no service ever had: machine, process, and chance."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


class ServiceLease:
    """Lease of the reader of ``queue``. ``own`` belongs to its thread, ``others`` to the thread of the reader.

    ``reader`` is the name under which messages are taken.
    """

    def __init__(
        self, own: LeasePort, others: LeasePort, name: str, queue: str, *, seconds: float = LEASE_SECONDS
    ) -> None:
        self.reader = LEASED + name
        self._registration = Registration(SERVICE, name, since=time.time(), reads=(queue,))
        self._keeper = LeaseKeeper(own, self._registration, clock=steady_clock, seconds=seconds)
        self._thread = RenewalThread(self._keeper, name="lease of a service")
        self._others = others
        self._watcher = Watcher(others)
        self._is_begun = False

    @property
    def is_held(self) -> bool:
        """True while the lease cannot have ended. A program that was frozen reads False before it acts."""
        return self._thread.is_held

    @property
    def trouble(self) -> str:
        """Text of the last error of the registry; empty while there is none."""
        return self._thread.trouble

    def begin(self) -> None:
        """Start the thread, once. Waits for nothing."""
        if not self._is_begun:
            self._is_begun = True
            self._thread.start(0)

    def give_back(self) -> None:
        """Let nobody new be sent here. What is in hand stays ours until ``end``. Waits for nothing."""
        self._thread.exchange(replace(self._registration, reads=()))

    def end(self) -> None:
        """End the lease: what is still in hand may be claimed. Any thread; waits for the registry."""
        if self._is_begun:
            self._thread.stop(STOP_SECONDS)

    def close(self) -> None:
        """Close the connections of the look at others."""
        self._others.close()

    def live(self) -> frozenset[str] | None:
        """Return the names of services whose leases have not ended; None if the registry does not answer."""
        try:
            self._watcher.look()
        except RegistryError:
            return None
        holders = self._watcher.view.holders.values()
        return frozenset(holder.name for holder in holders if holder.kind == SERVICE)


class LeaseClaim:
    """Claims messages of readers whose leases have ended; those of readers without a lease go by their silence.

    ``live`` returns the names of holders whose leases have not ended, None if nobody knows.
    """

    def __init__(self, queue: GroupQueue[Any], live: Callable[[], frozenset[str] | None]) -> None:
        self._queue = queue
        self._live = live

    def __call__(self, reader: str, count: int, silence: float) -> list[Delivery]:
        """Return the messages, as ``ReliableQueue.claim``."""
        return self._queue.claim_of(reader, self._gone(reader), count) or self._queue.claim(reader, count, silence)

    def _gone(self, reader: str) -> list[str]:
        """Return the readers that hold messages, and no lease.

        The look at the leases comes second: a reader has its lease before it takes its first message.
        """
        holding = [name for name in self._queue.holding() if name.startswith(LEASED) and name != reader]
        live = self._live() if holding else None
        return [] if live is None else [name for name in holding if name.removeprefix(LEASED) not in live]
