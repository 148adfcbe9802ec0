"""LaneWorker: the loop of one lane, which hands its messages to the handler.

Decides when a lane has nothing left to do. The caller passes in how the loop sleeps and what wakes it.
"""

import logging
import time
from collections.abc import Callable

from rtserver.base.queue.port import BusPort, QueuePort
from rtserver.service.pipeline.bus_reader import BusReader
from rtserver.service.pipeline.isolation import LOOK_SECONDS, Isolation
from rtserver.service.pipeline.lane import Lane
from rtserver.service.pipeline.read_size import ReadSize
from rtserver.service.pipeline.suspects import POISON_DEATHS
from rtserver.service.queue_link import QueueLink
from rtserver.service.repeats import RepeatFilter
from rtserver.service.wait import HOLD_SECONDS, Event, nothing

log = logging.getLogger(__name__)

CATCH_UP_COUNT = 2_000


class LaneWorker:
    """Works off one lane, and reads the bus for it while it is behind: ``bus``, by default that of the queue.

    ``settle`` commits what is done so far: a suspect is handed over only when nothing before it can come again.
    """

    def __init__(
        self,
        lane: Lane,
        queue: QueuePort,
        link: QueueLink,
        reader: BusReader,
        awake: Event,
        *,
        must_hold: Callable[[], bool],
        pause: Callable[[float], object],
        repeats: RepeatFilter | None = None,
        isolation: Isolation | None = None,
        settle: Callable[[], None] = nothing,
        bus: BusPort | None = None,
    ) -> None:
        self._isolation = isolation or Isolation(lambda owner: True, pause=pause, now=time.monotonic)
        self._settle = settle
        self._repeats = repeats or RepeatFilter(queue, link)
        self._size = ReadSize(CATCH_UP_COUNT)
        self._lane = lane
        self._queue = queue
        self._bus: BusPort = bus or queue
        self._link = link
        self._reader = reader
        self._awake = awake
        self._must_hold = must_hold
        self._pause = pause
        self._is_finishing = False
        self.msg_type = lane.msg_type
        lane.wake = awake.set

    def begin_anew(self) -> None:
        """Prepare another ``run`` after one that died."""
        self._lane.begin_anew()

    def run(self) -> None:
        """Handle what waits, then what the lane left on the bus, then sleep. Returns when finished."""
        lane = self._lane
        while True:
            self._awake.clear()
            while lane.is_busy:
                self._work()
                if lane.is_busy:
                    self._pause(0)  # more may come; else the flush under way ends
            if not lane.catch_up(self._reader.position):
                self._read_bus()
            elif self._is_finishing:
                return
            else:
                self._awake.wait()

    def finish(self) -> None:
        """Make ``run`` return as soon as nothing is left: the reader has ended."""
        self._is_finishing = True
        self._awake.set()

    def _work(self) -> None:
        lane = self._lane
        suspect = lane.next_suspect
        if suspect is None:
            while self._isolation.holds_up(lane):
                lane.end_flush()
                self._pause(LOOK_SECONDS)
            lane.work()
            return
        log.warning(
            "! %s: message %s was with its handler when a process died (%d of %d); it is retried alone",
            lane.msg_type,
            suspect.first,
            suspect.deaths,
            POISON_DEATHS,
        )
        self._settle()
        with self._isolation.alone(lane):
            lane.work()

    def _read_bus(self) -> None:
        while self._must_hold():
            self._pause(HOLD_SECONDS)
        until = self._reader.position
        count = self._size.count
        is_proof = self._bus is self._queue
        entries = self._link.call(self._bus.range, self._lane.position, until, count, is_proof=is_proof)
        self._size.note(entries)
        opened = self._lane.open(entries)
        repeats = self._repeats.find(opened)
        self._lane.take(entries, opened, until, is_all=len(entries) < count, repeats=repeats)
