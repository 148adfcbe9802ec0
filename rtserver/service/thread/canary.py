"""Canaries on the service thread: a source puts them on the list like any message, a handler takes them off the bus.

``watch.canary_trail`` decides what the absence of a canary means.
"""

import time
from collections.abc import Callable

import msgspec

from rtserver.base.bridge.message import Canary
from rtserver.base.queue.port import QueueError
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.watch.canary_trail import CanaryStage, CanaryTrail

TYPE = "canary"
RETRY_SECONDS = 1.0


class CanaryData(msgspec.Struct, frozen=True):
    """``{"process": str, "sent": seconds}``, by the process's own clock."""

    process: str
    sent: float


class CanaryMsgHandler(ServiceMsgHandler):
    """Passes the canaries of its own process on over the bridge, and drops those of other processes."""

    msg_type = TYPE
    data_type = CanaryData

    def __init__(self, services: ServiceContext, process: str, trail: CanaryTrail) -> None:
        super().__init__(services)
        self._process = process
        self._trail = trail

    def __call__(self, src: str, data: CanaryData) -> None:
        """See ``ServiceMsgHandler``."""
        if data.process == self._process:
            self.services.post(Canary(data.sent))
            self._trail.reach(CanaryStage.BRIDGE, data.sent)


class CanarySource:
    """Puts a canary on the list each interval of the trail.

    ``put`` is that of the queue, ``process`` a word of this process's own. Runs on a greenlet. While the queue is
    away it tries again soon.
    """

    def __init__(
        self,
        put: Callable[[str, str, object], object],
        process: str,
        trail: CanaryTrail,
        *,
        sleep: Callable[[float], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._put = put
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
            self._put(TYPE, self._process, {"process": self._process, "sent": sent})
        except QueueError:
            return False  # other loops log that the queue is away
        self._trail.reach(CanaryStage.LIST, sent)
        return True
