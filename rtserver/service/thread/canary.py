"""Canaries on the service thread: a source puts them on the list like any message, a handler takes them off the bus.

``watch.canary_trail`` decides what the absence of a canary means.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from rtserver.base.bridge.message import Canary, Message
from rtserver.base.queue.port import QueueError
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.watch.canary_trail import CanaryStage, CanaryTrail

TYPE = "canary"
RETRY_SECONDS = 1.0


class CanaryData(msgspec.Struct, frozen=True):
    """``{"process": str, "sent": seconds}``, by the process's own clock."""

    process: str
    sent: float


class CanaryGate:
    """Passes the canaries of one process on over the bridge, each when it has come through all of its queues.

    ``post`` puts a message on the bridge. Each queue is entered with ``add`` before the first canary comes.
    """

    def __init__(self, post: Callable[[Message], object], trail: CanaryTrail) -> None:
        self._post = post
        self._trail = trail
        self._arrived: dict[str, float] = {}
        self._passed = float("-inf")

    def add(self, queue: str) -> None:
        """Wait for the canaries of one more queue."""
        self._arrived[queue] = float("-inf")

    def arrive(self, queue: str, sent: float) -> None:
        """Note that the canary of the moment ``sent`` has come through a queue."""
        self._arrived[queue] = max(self._arrived[queue], sent)
        newest = min(self._arrived.values())
        if newest > self._passed:
            self._passed = newest
            self._post(Canary(newest))
            self._trail.reach(CanaryStage.BRIDGE, newest)


class CanaryMsgHandler(ServiceMsgHandler):
    """Brings the canaries of its own process to the gate, and drops those of other processes."""

    msg_type = TYPE
    data_type = CanaryData
    is_patient = True

    def __init__(self, services: ServiceContext, process: str, gate: CanaryGate, queue: str = "") -> None:
        super().__init__(services)
        self._process = process
        self._gate = gate
        self._queue = queue
        gate.add(queue)

    def __call__(self, src: str, data: CanaryData) -> None:
        """See ``ServiceMsgHandler``."""
        if data.process == self._process:
            self._gate.arrive(self._queue, data.sent)


class CanarySource:
    """Puts a canary on each list, once an interval of the trail.

    ``puts`` are those of the queues, ``process`` is a word of this process's own. Runs on a greenlet. While Redis is
    away it tries again soon.
    """

    def __init__(
        self,
        puts: Sequence[Callable[[str, str, object], object]],
        process: str,
        trail: CanaryTrail,
        *,
        sleep: Callable[[float], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._puts = puts
        self._process = process
        self._trail = trail
        self._sleep = sleep
        self._clock = clock
        self._is_stopped = False

    def run(self) -> None:
        """Send canaries until ``stop``."""
        interval = self._trail.interval
        while interval and not self._is_stopped:
            self._sleep(interval if self._send() else min(RETRY_SECONDS, interval))

    def stop(self) -> None:
        """Send no more canaries."""
        self._is_stopped = True

    def _send(self) -> bool:
        sent = self._clock()
        try:
            for put in self._puts:
                put(TYPE, self._process, {"process": self._process, "sent": sent})
        except QueueError:
            return False  # other loops log that the queue is away
        self._trail.reach(CanaryStage.LIST, sent)
        return True
