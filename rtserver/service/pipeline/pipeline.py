"""From the list to the handlers: the parts on a message's way, wired. What runs them, and until when, is ``runner``.

    list - Intake - bus - BusReader - ServiceMessageDispatcher - Lane - LaneWorker - handler, delivers to every worker
                                      |                          OnceLane - work - OnceWorker - handler, delivers once
                                      DeadLetters - DeadLetterWriter - dead letters

Knows neither greenlets nor threads: how a part sleeps is passed in.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import MarkPort
from rtserver.base.queue.signature import Signer
from rtserver.base.queue.work_port import WorkQueue
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
from rtserver.service.pipeline.lane import Lane
from rtserver.service.pipeline.lane_worker import LaneWorker
from rtserver.service.pipeline.once_lane import OnceInbox, OnceLane, stream_of
from rtserver.service.pipeline.once_worker import OnceRule, OnceWorker
from rtserver.service.pipeline.queue_memory import QueueMemory
from rtserver.service.queue_link import QueueLink
from rtserver.service.repeats import RepeatFilter
from rtserver.service.wait import Event


class Pipeline:
    """The parts of one worker, which comes back under the name ``worker`` after a restart.

    Nothing is read while ``is_congested`` says so. ``pause`` waits for seconds, ``event`` makes what a part sleeps
    on, ``signer`` knows whose messages are taken, ``marks`` what was with the handlers of an earlier process when it
    died. Raises ``DuplicateTypeError``.
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
        bounds: Bounds = NO_BOUNDS,
        once: OnceRule = OnceRule(),  # noqa: B008 (a tuple)
        read_count: int = 500,
        max_ahead: int = 50_000,
        bus_bytes: int = 0,
        lane_bound: int = 2_000,
        lane_batch: int = 500,
        now: Callable[[], float] = time.monotonic,
        marks: MarkPort | None = None,
    ) -> None:
        self.queue = queue
        self.marks: MarkPort = marks or MemoryMarks()
        self.link = link
        self.dead_letters = dead_letters = DeadLetters()
        self.broken_keys = BrokenKeys(queue, link, pause)
        self.once: list[OnceWorker] = []

        def must_hold() -> bool:
            return is_congested() or dead_letters.is_congested

        isolation = Isolation(self._is_idle, pause=pause, now=now)
        life = f"{worker}#{secrets.token_hex(4)}"

        def lane_of(handler: ServiceMsgHandler) -> Lane:
            of_lane: dict[str, Any] = {"bound": lane_bound, "batch": lane_batch, "is_ending": lambda: link.is_ending}
            if handler.delivery != "once":
                mark = self.marks.mark(handler.msg_type)
                return Lane(handler, dead_letters, signer=signer, bounds=bounds, mark=mark, **of_lane)
            stream = stream_of(handler.msg_type)
            self.once.append(
                OnceWorker(
                    handler,
                    queue.work(stream),
                    link,
                    dead_letters,
                    life,
                    rule=once,
                    must_hold=must_hold,
                    pause=pause,
                    now=now,
                    mark=self.marks.mark(stream),
                    isolation=isolation,
                )
            )
            return OnceLane(OnceInbox(handler, queue, link), dead_letters, signer=signer, bounds=bounds, **of_lane)

        self.lanes = tuple(map(lane_of, handlers))
        dispatcher = ServiceMessageDispatcher(self.lanes, dead_letters, signer, bounds)
        self.repeats = repeats = RepeatFilter(queue, link)
        waits: dict[str, Any] = {"must_hold": must_hold, "pause": pause}
        self.reader = BusReader(queue, link, dispatcher, count=read_count, repeats=repeats, **waits)
        self.intake = Intake(
            queue,
            link,
            self.reader,
            max_ahead=max_ahead,
            dead_letters=dead_letters,
            most_bytes=bounds.bytes,
            **waits,
        )
        self.memory = QueueMemory(queue, bus_bytes, pause=pause)
        self.dead_letter_writer = DeadLetterWriter(dead_letters, queue, link, event())
        self.offsets = CommittedOffsets(
            worker, self.lanes, queue, link, self.reader, dead_letters=dead_letters, pause=pause
        )
        self.intake.on_held = self.offsets.report
        alone: dict[str, Any] = {"isolation": isolation, "settle": self.offsets.settle}
        self.workers = tuple(
            LaneWorker(lane, queue, link, self.reader, event(), repeats=repeats, **waits, **alone)
            for lane in self.lanes
        )

    @property
    def handing(self) -> tuple[Lane | OnceWorker, ...]:
        """What gives messages to handlers. Where one delivers once, its lane only keeps what its worker works off."""
        return (*self.lanes, *self.once)

    def _is_idle(self, owner: object) -> bool:
        return all(one.at_work is None for one in self.handing if one is not owner)
