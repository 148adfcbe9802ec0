"""One worker of the service side without its thread: every step of it can be taken alone, and it can die after any.

The parts are the product's own, wired as the service thread wires them; only who runs the loops is different. What
has been handled is noted outside of the worker, as the effects of handlers are.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from rtserver.base.queue.port import DeadLetter, Lone, QueueAwayError
from rtserver.base.queue.work import WorkQueue
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.pipeline.once_lane import stream_of
from rtserver.service.pipeline.once_worker import OnceRule
from rtserver.service.pipeline.pipeline import Pipeline, PipelineLimits
from rtserver.service.queue_link import QueueLink
from tcelib.queue.port import ReliableQueue
from tests.service_fakes import Surroundings

TYPES = ("a", "b")
ONCE = "c"
CLAIM_SECONDS = 30.0
TRIES = 2


class Stepped(Exception):  # noqa: N818 (no error: a loop has come to where it would let others run, or sleep)
    """The end of a step."""


class Work(msgspec.Struct):
    """The data of a message: its number within its type, and whether handling it fails."""

    number: int
    fails: bool = False


class Noting(ServiceMsgHandler):
    """Notes the numbers that it has handled."""

    data_type = Work

    def __init__(self, services: ServiceContext, handled: list[int]) -> None:
        super().__init__(services)
        self._handled = handled

    def __call__(self, src: str, data: Work) -> None:
        if data.fails:
            raise ZeroDivisionError(data.number)
        self._handled.append(data.number)


class NotingLater(Noting):
    """Notes them when its flush ends."""

    def __init__(self, services: ServiceContext, handled: list[int]) -> None:
        super().__init__(services, [])
        self._noted = handled

    def begin_flush(self) -> Callable[[], object]:
        """Have them noted at the end."""
        numbers = self._handled.copy()
        self.forget()
        return partial(self._noted.extend, numbers)

    def forget(self) -> None:
        """Note nothing of what is not flushed."""
        self._handled.clear()


HANDLERS = {
    name: type(f"Noting{name.upper()}", (base,), {"msg_type": name})
    for name, base in zip(TYPES, (Noting, NotingLater), strict=True)
}
HANDLERS[ONCE] = type("NotingOnce", (Noting,), {"msg_type": ONCE, "delivery": "once"})


class FaultyQueue:
    """A queue whose next call fails when it is told to: before it has done anything, or afterwards, unheard.

    A call in two halves may fail in the second one.
    """

    def __init__(self, queue: WorkQueue) -> None:
        self._queue = queue
        self.fault = ""

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._queue, name)
        return self._wrapped(call) if callable(call) else call

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            fault, self.fault = self.fault, ""
            if fault == "before":
                raise QueueAwayError("faulty:", "cut before the command")
            result = call(*arguments, **options)
            if fault == "after":
                raise QueueAwayError("faulty:", "cut before the answer")
            return self._wrapped(result) if callable(result) else result

        return run

    def read(self, after: str, count: int, timeout: float) -> Any:
        """Nobody waits here."""
        return self._wrapped(self._queue.read)(after, count, 0)

    def hints(self, lease: int, after: str, count: int, timeout: float) -> Any:
        """Nor here."""
        return self._wrapped(self._queue.hints)(lease, after, count, 0)

    def intake(self, timeout: float, known: str, lone: Lone | None = None) -> Any:
        """Nor here."""
        return self._wrapped(self._queue.intake)(0, known, lone)

    def await_company(self, worker: str, timeout: float) -> Any:
        """Nor here."""
        return self._wrapped(self._queue.await_company)(worker, 0.001)

    def work(self, stream: str) -> "ImpatientWork":
        """Nor for what is done once, which has no faults of this kind."""
        return ImpatientWork(self._queue.work(stream))


class ImpatientWork:
    """Work that nobody waits for."""

    def __init__(self, work: ReliableQueue[DeadLetter]) -> None:
        self._work = work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def take(self, worker: str, count: int, timeout: float) -> Any:
        """At once or not at all."""
        return self._work.take(worker, count, 0)


class Stop:
    """The event of every loop, whose wait ends the step."""

    def set(self) -> None:
        """Somebody else would be woken; the machine chooses who is next."""

    def clear(self) -> None:
        """As ``set``."""

    def wait(self, _seconds: float | None = 0.0) -> None:
        """The loop has nothing to do, or lets others go on."""
        raise Stepped


class Worker:
    """A worker from its start to its crash. ``handled`` has the numbers by type and outlives it.

    ``now`` is the clock of what is done once.
    """

    def __init__(
        self,
        name: str,
        queue: WorkQueue,
        handled: dict[str, list[int]],
        *,
        now: Callable[[], float] = lambda: 0.0,
        claim_seconds: float = CLAIM_SECONDS,
    ) -> None:
        self.queue = FaultyQueue(queue)
        self.work_left = queue.work(stream_of(ONCE)).length
        stop, context = Stop(), Surroundings().context
        self._is_reading = False
        port: Any = self.queue
        pipeline = Pipeline(
            port,
            QueueLink(lambda _seconds: None),  # it tries again at once: how long it waits is not the question here
            [HANDLERS[kind](context, handled[kind]) for kind in (*TYPES, ONCE)],
            is_congested=lambda: False,
            pause=self._pause,
            event=lambda: stop,
            worker=name,
            limits=PipelineLimits(4, 50, lane_bound=3, lane_batch=2, once=OnceRule(TRIES, claim_seconds)),
            now=now,
        )
        self.dead_letters, self.lanes, self.workers = pipeline.dead_letters, pipeline.lanes, pipeline.workers
        self.reader, self.intake, self.offsets = pipeline.reader, pipeline.intake, pipeline.offsets
        self.dead_letter_writer, self.repeats = pipeline.dead_letter_writer, pipeline.repeats
        [self.once] = pipeline.once
        self.reader.locate()
        self.offsets.begin()

    @property
    def lost(self) -> int:
        """All entries that it knows it has not seen in time."""
        return self.reader.lost + sum(lane.lost for lane in self.lanes)

    @property
    def is_idle(self) -> bool:
        """Tell if no step would lead any further, unless more comes."""
        return (
            self.reader.position == self.queue.newest_id()
            and not self.dead_letters.peek(1)
            and not any(lane.is_busy or lane.is_behind for lane in self.lanes)
        )

    def step(self, run: Callable[[], None]) -> None:
        """One turn of a loop."""
        with suppress(Stepped):
            run()

    def move(self) -> None:
        """One intake, unless it is too far ahead."""
        if not self.intake.is_too_far_ahead:
            self.intake.move()

    def read(self) -> None:
        """One read of the bus; while the reader rests, as the intake does it."""
        if self.reader.is_resting:
            self.reader.catch_up()
        else:
            self._is_reading = True
            self.reader.read()
            self._is_reading = False

    def _pause(self, _seconds: float) -> None:
        """End a step; but what was read is handed on in the same one, and the machine chooses who works before."""
        if not self._is_reading:
            raise Stepped

    def work(self, lane: int) -> None:
        """One batch of a lane, or what it does when it has none."""
        self.step(self.workers[lane].run)

    def do_once(self) -> bool:
        """One piece of the work that all share; whether there was one for this worker."""
        work = self.once.next()
        if work is not None:
            self.once.do(work)
        return work is not None

    def bury(self) -> None:
        """Move the rejected messages to the dead stream."""
        self.step(self.dead_letter_writer.run)

    def run_until_idle(self) -> None:
        """Everything that can be done without anything new."""
        for _ in range(10_000):
            self.move()
            self.read()
            for lane in range(len(self.lanes)):
                self.work(lane)
            self.bury()
            if self.is_idle:
                break
        else:
            raise AssertionError("a worker does not come to rest")
        self.offsets.finish()
