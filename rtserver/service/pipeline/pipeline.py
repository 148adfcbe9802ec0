"""Pipeline: the parts on a message's way from the list to its handler, built and wired.

    list - Intake - bus - BusReader - ServiceMessageDispatcher - Lane - LaneWorker - handler, delivers to every worker
                                      |                          OnceLane - work - OnceWorker - handler, delivers once
                                      DeadLetters - DeadLetterWriter - dead stream

The pipeline knows neither greenlets nor threads: the caller passes in how a part waits, and runs the parts.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, TypedDict

from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import MarkPort
from rtserver.base.queue.port import NearBusPort
from rtserver.base.queue.signature import Signer
from rtserver.base.queue.work import WorkQueue
from rtserver.service.message import NO_BOUNDS, Bounds
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.pipeline.broken_key import BrokenKeys
from rtserver.service.pipeline.bus_reader import BusReader
from rtserver.service.pipeline.committed_offset import CommittedOffsets
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.dead_letter_writer import DeadLetterWriter
from rtserver.service.pipeline.dispatcher import ServiceMessageDispatcher
from rtserver.service.pipeline.intake import Intake
from rtserver.service.pipeline.isolation import Isolation
from rtserver.service.pipeline.lane import Lane, LaneOptions
from rtserver.service.pipeline.lane_worker import LaneWorker
from rtserver.service.pipeline.once_lane import OnceInbox, OnceLane, stream_of
from rtserver.service.pipeline.once_worker import OnceRule, OnceWorker
from rtserver.service.pipeline.queue_memory import QueueMemory
from rtserver.service.queue_link import QueueLink
from rtserver.service.repeats import RepeatFilter
from rtserver.service.wait import Event

LIGHT = 4
"""Batches of handlers whose messages take few microseconds are so many times as large as those of others."""


class PipelineLimits(NamedTuple):
    """Numbers that bound a pipeline.

    ``read_count`` entries are read at once. ``max_ahead`` entries may lie between the intake and the reader.
    ``bus_bytes`` bounds the buses of all ``queues``; 0 leaves it to Redis (``bound_of_bus``). ``lane_bound`` messages
    may wait in a lane, of which ``lane_batch`` are handled between two flushes. ``message`` bounds one message.
    """

    read_count: int = 1_000
    max_ahead: int = 50_000
    bus_bytes: int = 0
    queues: int = 1
    lane_bound: int = 2_000
    lane_batch: int = 500
    message: Bounds = NO_BOUNDS
    once: OnceRule = OnceRule()


class _Waiting(TypedDict):
    """Arguments that every loop gets."""

    must_hold: Callable[[], bool]
    pause: Callable[[float], object]


class Pipeline:
    """The parts of one worker, which keeps its name ``worker`` over restarts.

    Nothing is read while ``is_congested()`` is true. ``pause`` waits for seconds. ``event`` makes an event that a
    part sleeps on. ``signer`` checks signatures. ``marks`` holds what was with the handlers of an earlier process
    when it died. With ``near`` the bus is read there. Raises ``DuplicateTypeError``.
    """

    def __init__(
        self,
        queue: WorkQueue,
        link: QueueLink,
        handlers: Iterable[ServiceMsgHandler],
        *,
        is_congested: Callable[[], bool],
        pause: Callable[[float], object],
        event: Callable[[], Event],
        worker: str = "worker",
        signer: Signer | None = None,
        limits: PipelineLimits = PipelineLimits(),  # noqa: B008 (a tuple)
        now: Callable[[], float] = time.monotonic,
        marks: MarkPort | None = None,
        near: NearBusPort | None = None,
    ) -> None:
        self.queue = queue
        self.marks: MarkPort = marks or MemoryMarks()
        self.link = link
        self.dead_letters = dead_letters = DeadLetters(signer=signer)
        self._signer = signer
        self._near = near
        self._limits = limits
        self._now = now
        self._isolation = Isolation(self._is_idle, pause=pause, now=now)

        def must_hold() -> bool:
            return is_congested() or dead_letters.is_congested

        self._waiting: _Waiting = {"must_hold": must_hold, "pause": pause}
        life = f"{worker}#{secrets.token_hex(4)}"
        self.handlers = handlers = tuple(handlers)
        self.lanes = tuple(map(self._lane, handlers))
        self.once = tuple(self._once_worker(handler, life) for handler in handlers if handler.delivery == "once")
        self.repeats = RepeatFilter(queue, link)
        for lane in self.lanes:
            if lane.chooser is not None:
                lane.chooser.handler.reopen = partial(lane.chooser.reopen, self.repeats.find)
        self._build_loops(worker, life, event)

    @property
    def handing(self) -> tuple[Lane | OnceWorker, ...]:
        """Everything that hands messages to handlers.

        A handler that delivers once has a lane that only keeps its messages, and a worker that hands them over.
        """
        return (*self.lanes, *self.once)

    def _build_loops(self, worker: str, life: str, event: Callable[[], Event]) -> None:
        queue, link, limits, waiting = self.queue, self.link, self._limits, self._waiting
        pause = waiting["pause"]
        dispatcher = ServiceMessageDispatcher(self.lanes, self.dead_letters, self._signer, limits.message)
        self.reader = BusReader(
            queue,
            link,
            dispatcher,
            count=limits.read_count,
            repeats=self.repeats,
            worker=life,
            near=self._near,
            now=self._now,
            hurried=event(),
            **waiting,
        )
        self.intake = Intake(
            queue,
            link,
            self.reader,
            max_ahead=limits.max_ahead,
            dead_letters=self.dead_letters,
            most_bytes=limits.message.bytes,
            now=self._now,
            **waiting,
        )
        self.offsets = CommittedOffsets(
            worker, self.lanes, queue, link, self.reader, dead_letters=self.dead_letters, pause=pause
        )
        self.intake.on_held.append(self.offsets.report)
        self.memory = QueueMemory(queue, limits.bus_bytes, queues=limits.queues, pause=pause)
        self.broken_keys = BrokenKeys(queue, pause)
        self.dead_letter_writer = DeadLetterWriter(self.dead_letters, queue, link, event())
        self.workers = tuple(self._lane_worker(lane, event()) for lane in self.lanes)

    def _lane(self, handler: ServiceMsgHandler) -> Lane:
        limits = self._limits
        options: LaneOptions = {
            "bound": limits.lane_bound,
            "batch": limits.lane_batch * (LIGHT if handler.is_light else 1),
            "signer": self._signer,
            "bounds": limits.message,
            "is_ending": lambda: self.link.is_ending,
        }
        if handler.delivery == "once":
            return OnceLane(OnceInbox(handler, self.queue, self.link), self.dead_letters, **options)
        options["mark"] = self.marks.mark(handler.msg_type)
        return Lane(handler, self.dead_letters, **options)

    def _once_worker(self, handler: ServiceMsgHandler, life: str) -> OnceWorker:
        stream = stream_of(handler.msg_type)
        return OnceWorker(
            handler,
            self.queue.work(stream),
            self.link,
            self.dead_letters,
            life,
            rule=self._limits.once,
            now=self._now,
            mark=self.marks.mark(stream),
            isolation=self._isolation,
            **self._waiting,
        )

    def _lane_worker(self, lane: Lane, awake: Event) -> LaneWorker:
        return LaneWorker(
            lane,
            self.queue,
            self.link,
            self.reader,
            awake,
            repeats=self.repeats,
            isolation=self._isolation,
            settle=self.offsets.settle,
            bus=self._near,
            **self._waiting,
        )

    def _is_idle(self, owner: object) -> bool:
        return all(each.at_work is None for each in self.handing if each is not owner)
