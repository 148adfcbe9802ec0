"""PipelineRun: the greenlets of one pipeline, which start together and end upstream first."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import gevent
import gevent.event

from rtserver.base.failure.containment import StopRequest
from rtserver.service.pipeline.lane_watch import LaneWatch
from rtserver.service.pipeline.once_lane import stream_of
from rtserver.service.pipeline.pipeline import Pipeline
from rtserver.service.wait import nothing
from rtserver.watch.stack_log import log_stack

LANE_SECONDS = 0.5
LAST_LETTER_SECONDS = 0.5

log = logging.getLogger(__name__)


class Killed(StopRequest, gevent.GreenletExit):  # type: ignore[misc]  # gevent has no types
    """Ends the thread's own greenlets. It passes through handlers, and nothing is rejected for it."""


class Keeper(Protocol):
    """Starts greenlets of a thread, none of which dies unseen."""

    def spawn(self, run: Callable[..., None], *args: object) -> gevent.Greenlet:
        """Start a greenlet whose death is the end of the thread."""

    def keep(self, name: str, run: Callable[[], None], begin_anew: Callable[[], None] = nothing) -> gevent.Greenlet:
        """Start a greenlet whose loop begins anew when it dies."""


class PipelineRun:
    """The greenlets of ``pipeline``. The caller takes the steps of their end in the order of the methods.

    Loops have the names of their lanes, behind ``prefix``. A lane that is busy with one message for ``stall_seconds``
    is logged with the stack of its greenlet.
    """

    def __init__(self, pipeline: Pipeline, keeper: Keeper, prefix: str = "", *, stall_seconds: float) -> None:
        self.pipeline = pipeline
        watched = {one.msg_type: one for one in pipeline.handing}
        self.lane_watch = LaneWatch(tuple(watched.values()), stall_seconds)
        self._at_work: dict[str, gevent.Greenlet] = {}
        self._keeper = keeper
        self._prefix = prefix
        self._located = gevent.event.Event()
        self._others: list[gevent.Greenlet] = []

    @property
    def is_located(self) -> bool:
        """True once the reader knows where it begins."""
        return bool(self._located.is_set())

    def start_reader(self) -> None:
        """Start to follow the bus. What is started next begins behind it."""
        self._reader = self._keeper.spawn(self._follow_bus)

    def start(self) -> None:
        """Start everything else."""
        pipeline = self.pipeline
        self._intake = self._keeper.spawn(self.when_located, pipeline.intake.run)
        self._lanes = [
            self._keep(one.msg_type, self.behind_located(one.run), one.begin_anew) for one in pipeline.workers
        ]
        self._burial = self._keep("burials", pipeline.dead_letter_writer.run)
        self._saver = self._keep("positions", self.behind_located(pipeline.offsets.run))
        self._start_once()
        types = (one.msg_type for one in pipeline.handing)
        self._at_work.update(zip(types, (*self._lanes, *self._once), strict=True))
        self._others += [
            self._keep("lane watch", self._watch_lanes),
            self._keep("queue memory", pipeline.memory.run),
            self._keep("broken keys", pipeline.broken_keys.run),
        ]

    def behind_located(self, run: Callable[[], None]) -> Callable[[], None]:
        """Return a function that waits until the reader knows where it begins, and then runs another one."""
        return lambda: self.when_located(run)

    def when_located(self, run: Callable[[], None]) -> None:
        """Run once the reader knows where it begins: messages that are moved to the bus before would never be
        read.
        """
        self._located.wait()
        run()

    # The end, step by step. Each returns the greenlets that the next step has to wait for.

    def stop_saving(self) -> None:
        """Commit no more offsets until ``finish_offsets``."""
        self._saver.kill(Killed)

    def stop_once(self) -> None:
        """Begin no more work. The work in progress has as much time as everything else."""
        for worker, greenlet in zip(self.pipeline.once, self._once, strict=True):
            worker.finish()
            if worker.running is None:
                greenlet.kill(Killed)  # it only waits for more messages

    def stop_intake(self) -> Sequence[gevent.Greenlet]:
        """Move no more messages."""
        if not self.is_located:
            gevent.killall([self._intake, self._reader, *self._lanes], Killed)  # no message was taken
        # A running intake is not killed: its messages would be on the bus, and the reader would not know.
        self.pipeline.intake.is_stopped = True
        return [self._intake]

    def finish_reader(self) -> Sequence[gevent.Greenlet]:
        """Read what was moved."""
        reader = self.pipeline.reader
        reader.finish(self.pipeline.intake.newest_id)
        if reader.is_done:
            self._reader.kill(Killed)  # it only waits for more messages
        return [self._reader]

    def finish_lanes(self) -> Sequence[gevent.Greenlet]:
        """Handle what was read."""
        for worker in self.pipeline.workers:
            worker.finish()
        return self._lanes

    def finish_burials(self) -> Sequence[gevent.Greenlet]:
        """Write the last dead letters."""
        self.pipeline.dead_letter_writer.finish()
        return [self._burial]

    def finish_offsets(self) -> Sequence[gevent.Greenlet]:
        """Commit the last offsets."""
        return [self._keeper.spawn(self.pipeline.offsets.finish)] if self.is_located else []

    def once_at_work(self) -> Sequence[gevent.Greenlet]:
        """Return the workers of once, some of which may be at work."""
        return self._once

    def release_once(self) -> Sequence[gevent.Greenlet]:
        """Give work that was not begun to other servers."""
        if not self.is_located:
            return []
        return [self._keeper.spawn(worker.release) for worker in self.pipeline.once]

    def everything(self) -> Sequence[gevent.Greenlet]:
        """Return all greenlets of the pipeline."""
        return [self._intake, self._reader, *self._lanes, self._burial, *self._once, *self._others]

    def tell_what_is_left(self) -> None:
        """Log what could not be handled in time."""
        pipeline = self.pipeline
        for worker in pipeline.once:
            if worker.running is not None:
                log.error("! stopped in the middle of message %s for %r", worker.running, worker.msg_type)
        for lane in pipeline.lanes:
            if len(lane):
                log.error("! stopped with %d messages for %r unhandled", len(lane), lane.msg_type)
        if len(pipeline.dead_letters):
            log.error("! stopped with %d dead letters unwritten", len(pipeline.dead_letters))

    def close(self) -> None:
        """Close the connections to Redis, and the marks: what was with a handler did not kill the process."""
        self.pipeline.queue.close()
        self.pipeline.marks.close()

    def _start_once(self) -> None:
        """Start the workers of once, and the loops that renew what they hold."""
        self._once = []
        for worker in self.pipeline.once:
            name = stream_of(worker.msg_type)
            self._once.append(self._keep(name, self.behind_located(worker.run), worker.begin_anew))
            self._others.append(self._keep(f"{name} signs", self.behind_located(worker.run_signs_of_life)))

    def _keep(self, name: str, run: Callable[[], None], begin_anew: Callable[[], None] = nothing) -> gevent.Greenlet:
        return self._keeper.keep(self._prefix + name, run, begin_anew)

    def _follow_bus(self) -> None:
        self.pipeline.offsets.begin()
        self._located.set()
        self.pipeline.reader.run()

    def _watch_lanes(self) -> None:
        watch = self.lane_watch
        while True:
            now = time.monotonic()
            for name in watch.look(now):
                text = f"! {self._prefix}{name}: busy with one message for {watch.busy(now)[name]:.1f} s; it is here:"
                log_stack(log, logging.WARNING, text, self._at_work[name].gr_frame)
            gevent.sleep(LANE_SECONDS)


def shut_down(runs: Sequence[PipelineRun], deadline: float) -> None:
    """End the loops of pipelines, upstream first: what a loop will ever get is there when its own turn to end comes.

    Messages that were taken are handled up to ``deadline``, a monotonic time.
    """
    for step in (PipelineRun.stop_intake, PipelineRun.finish_reader, PipelineRun.finish_lanes):
        join(_each(runs, step), deadline)
    for step in (PipelineRun.finish_burials, PipelineRun.finish_offsets):
        join(_each(runs, step), deadline + LAST_LETTER_SECONDS)


def leave_once(runs: Sequence[PipelineRun], deadline: float) -> None:
    """Wait for the work in progress up to ``deadline``, and give back what was not begun."""
    join(_each(runs, PipelineRun.once_at_work), deadline)
    join(_each(runs, PipelineRun.release_once), time.monotonic() + LAST_LETTER_SECONDS)


def join(greenlets: Sequence[gevent.Greenlet], deadline: float) -> None:
    """Wait for greenlets up to ``deadline``, a monotonic time."""
    gevent.joinall(greenlets, timeout=max(0.0, deadline - time.monotonic()))


def _each(
    runs: Sequence[PipelineRun], step: Callable[[PipelineRun], Sequence[gevent.Greenlet]]
) -> list[gevent.Greenlet]:
    return [greenlet for run in runs for greenlet in step(run)]
