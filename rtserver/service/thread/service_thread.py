"""ServiceThread: a native thread with a gevent hub of its own, and the greenlets that carry messages on it.

This file starts, waits, wakes and stops, in that order, and decides nothing about messages. Nothing is monkey
patched: the rest of the process does not notice gevent.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Protocol, TypeVar

import gevent
import gevent.event
from gevent.exceptions import HubDestroyed
from gevent.hub import Hub

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.bridge.message import PassCall
from rtserver.base.bridge.ownership import ThreadBound
from rtserver.base.queue.port import QueueError
from rtserver.service.msg_handler import SubscribableService
from rtserver.service.pipeline.pipeline import Pipeline
from rtserver.service.push.push_choice import UserNews
from rtserver.service.push.resume_service import ResumeService
from rtserver.service.thread.hub_waker import HubWaker
from rtserver.service.thread.kept_loop import KeptLoop
from rtserver.service.thread.pipeline_run import (
    LAST_LETTER_SECONDS,
    Killed,
    PipelineRun,
    join,
    leave_once,
    shut_down,
)
from rtserver.service.thread.service_directory import ServiceDirectory
from rtserver.service.wait import nothing
from rtserver.watch.beat import Beat

SERVICE_THREAD = "rtserver-services"
LAST_FOLLOWER_SECONDS = 1.0
DRAIN_LIMIT = 200
DRAIN_SECONDS = 0.01  # a subscription may compute a feed from a whole history

T = TypeVar("T")
log = logging.getLogger(__name__)


class Source(Protocol):
    """A producer on the service thread."""

    def run(self) -> None:
        """Produce until stopped, on a greenlet of its own."""

    def stop(self) -> None:
        """Make ``run`` return soon. Called from another greenlet."""


def offload(fn: Callable[..., T], /, *args: object) -> T:
    """Return ``fn(*args)``, run on a native thread of the hub's pool. Only the calling greenlet waits for it."""
    result: T = gevent.get_hub().threadpool.apply(fn, args)
    return result


class ServiceThread:
    """The service side of the server. The main thread builds and starts it; any thread may read the counters.

    The queue of ``pipeline`` must use gevent's sockets, and belongs to this thread from here on. The pauses of its
    link end with ``stopping``, which is set here. ``shards`` are further pipelines of the same link, by the names of
    their queues; ``runs`` has the loops of all, the first one's first. ``services`` are those that agents may
    subscribe to, by name; ``resumes`` answers agents that ask for kept messages. ``on_users``
    hears which users are here, ``on_call`` takes calls for services behind queues. ``sources`` end before the lanes,
    ``followers`` behind them.

    A loop that dies begins anew (``kept_loop``), except the reader of the bus, the intake and the thread's own beat:
    their death calls ``on_failure`` on the service thread. What is left cannot be relied on then, and the process
    should end.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        bridge: Bridge,
        stopping: gevent.event.Event,
        *,
        shards: Mapping[str, Pipeline] | None = None,
        resumes: ResumeService | None = None,
        on_users: Callable[[UserNews], object] = lambda news: None,
        on_call: Callable[[PassCall], object] | None = None,
        services: Mapping[str, SubscribableService] | None = None,
        sources: Sequence[Source] = (),
        followers: Sequence[Source] = (),
        on_failure: Callable[[BaseException], object] = lambda error: None,
        stall_seconds: float = 0.0,
        lane_stall_seconds: float = 5.0,
    ) -> None:
        self.pipeline = pipeline
        self._mailbox = bridge.to_services
        self._stopping = stopping
        self._resumes = resumes
        self._services = dict(services or {})
        self._sources = sources
        self._followers = followers
        self._on_failure = on_failure
        self._thread = threading.Thread(target=self._run, name=SERVICE_THREAD, daemon=True)
        self._waker = HubWaker()
        self._is_ready = threading.Event()
        self._mail = gevent.event.Event()
        self._stop_seconds = 0.0
        self.failure: BaseException | None = None
        self.beat = Beat("service", time.monotonic(), stall_seconds)
        self.directory = ServiceDirectory(self._services, bridge.to_users.post, resumes, on_users, on_call)
        pipelines = {"": pipeline, **{f"{queue} ": shard for queue, shard in (shards or {}).items()}}
        self.runs = [
            PipelineRun(each, self, prefix, stall_seconds=lane_stall_seconds) for prefix, each in pipelines.items()
        ]
        self._loops: list[tuple[KeptLoop, gevent.Greenlet]] = []

    # Any thread.

    @property
    def ident(self) -> int:
        """The system's identifier of the thread; 0 before it is started."""
        return self._thread.ident or 0

    @property
    def restarts(self) -> dict[str, int]:
        """Number of restarts of each loop that begins anew after its death, by name."""
        return {loop.name: loop.policy.restarts for loop, _ in self._loops}

    def failing_loops(self) -> list[str]:
        """Return the names of the loops that are dead, or keep dying."""
        now = time.monotonic()
        return [
            loop.name
            for loop, greenlet in self._loops
            if loop.policy.is_failing(now)
            or (greenlet.dead and not loop.has_returned and not self._stopping.is_set())
        ]

    def start(self, timeout: float = 10.0) -> None:
        """Start the thread, and return when its hub turns. Does not wait for Redis: ``link`` tells whether it
        answers.
        """
        self._thread.start()
        if not self._is_ready.wait(timeout):
            raise RuntimeError(f"the service thread did not turn within {timeout:g} s")

    def request_stop(self, timeout: float = 4.0) -> None:
        """Begin to stop, without waiting: the intake ends, and what was taken is handled within ``timeout``
        seconds.
        """
        self._stop_seconds = timeout
        self._waker.wake("stop")

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end, and return True if it came. Must not run on the thread that drains the bridge to
        users.
        """
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def stop(self, timeout: float = 4.0) -> bool:
        """Stop and wait. Return True if the thread has ended."""
        self.request_stop(timeout)
        return self.join(timeout + 1.0)

    def abandon(self) -> None:
        """Clear the marks, because the process ends in order without this thread: its messages did not kill it."""
        for run in self.runs:
            run.pipeline.marks.clear()

    # The service thread.

    def _run(self) -> None:
        hub = gevent.get_hub()
        try:
            self._serve(hub)
        except BaseException as error:
            log.critical("! the service thread failed", exc_info=True)
            self._fail(error)
        finally:
            self._is_ready.set()
            self._mailbox.bind(lambda: None)
            self._waker.close()
            for run in self.runs:
                run.close()
            # An offloaded function that hangs would hold up the end here, and needs the loop when it returns.
            if not len(hub.threadpool):
                hub.destroy(destroy_loop=True)

    def _serve(self, hub: Hub) -> None:
        lanes = [lane for run in self.runs for lane in run.pipeline.lanes]
        for owned in (*self._services.values(), *(lane.handler for lane in lanes)):
            if isinstance(owned, ThreadBound):
                owned.bind_thread()
        hub.handle_error = self._on_hub_error
        self.beat.start(time.monotonic())
        self._waker.open(hub, {"stop": self._stopping.set, "mail": self._mail.set})
        self._mailbox.bind(partial(self._waker.wake, "mail"))
        for run in self.runs:
            run.start_reader()
        # Before the lanes, so that the start of pushes is posted before the first push.
        resumes = []
        if self._resumes is not None:
            resumes.append(self.keep("resume", self.runs[0].behind_located(self._resumes.run)))
        for run in self.runs:
            run.start()
        others = self._start_others()
        followers = [self.keep(type(each).__name__, each.run) for each in self._followers]
        self._is_ready.set()
        self._stopping.wait()
        self._shut_down()
        self._finish_followers(followers)
        self._close_resumes(resumes)
        everything = [greenlet for run in self.runs for greenlet in run.everything()]
        gevent.killall([*everything, *resumes, *followers, *others], Killed)
        for run in self.runs:
            run.tell_what_is_left()

    def _start_others(self) -> list[gevent.Greenlet]:
        return [
            self.spawn(self._turn),
            self.keep("subscriptions", self._read_mail),
            *(self.keep(type(source).__name__, source.run) for source in self._sources),
        ]

    def _shut_down(self) -> None:
        """End the producers, then what follows them, as far as the time allows."""
        runs = self.runs
        for run in runs:
            run.stop_saving()
        deadline = time.monotonic() + self._stop_seconds
        for run in runs:
            run.stop_once()
        self.pipeline.link.is_ending = True
        for source in self._sources:
            source.stop()
        shut_down(runs, deadline)
        while self._mailbox.drain(self.directory.handle, DRAIN_LIMIT):
            pass
        leave_once(runs, deadline)

    def _finish_followers(self, greenlets: list[gevent.Greenlet]) -> None:
        """Let those that follow the lanes do the last of their work."""
        for follower in self._followers:
            follower.stop()
        join(greenlets, time.monotonic() + LAST_FOLLOWER_SECONDS)

    def _close_resumes(self, greenlets: list[gevent.Greenlet]) -> None:
        """Note everything that users have seen. Clients that wait for an answer ask again on another server."""
        if self._resumes is not None and self.runs[0].is_located:
            self._resumes.finish()
            join(greenlets, time.monotonic() + LAST_LETTER_SECONDS)

    def spawn(self, run: Callable[..., None], *args: object) -> gevent.Greenlet:
        """Start a greenlet whose death is the end of the thread."""
        return gevent.spawn(self._guard, run, *args)

    def keep(self, name: str, run: Callable[[], None], begin_anew: Callable[[], None] = nothing) -> gevent.Greenlet:
        """Start a greenlet whose loop begins anew when it dies."""
        loop = KeptLoop(
            name,
            run,
            begin_anew,
            pause=self._stopping.wait,
            is_ending=self._stopping.is_set,
            now=time.monotonic,
        )
        greenlet = self.spawn(loop.run)
        self._loops.append((loop, greenlet))
        return greenlet

    def _guard(self, run: Callable[..., None], *args: object) -> None:
        """Catch everything around a greenlet, so that none dies unseen."""
        try:
            run(*args)
        except QueueError as error:
            # The link raises it only while the thread stops, a source at any time.
            log.error("! ended because the queue is away: %s", error)
            if not self.pipeline.link.is_ending:
                self._fail(error)
        except Killed:
            raise
        except BaseException as error:
            log.critical("! a greenlet of the service thread died", exc_info=True)
            self._fail(error)

    def _on_hub_error(
        self, context: object, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Log an error on the hub, in place of gevent's own handler, which prints.

        A callback, or a greenlet that a handler started, fails alone. ``context`` is what failed; None is the hub
        itself.
        """
        if isinstance(error, HubDestroyed):
            raise error  # it ends the hub's loop
        if isinstance(error, gevent.GreenletExit):
            return
        # A handler may start greenlets and offload functions that raise anything. A callback may not.
        is_handlers = isinstance(context, gevent.Greenlet | tuple)
        is_fatal = context is None or not (is_handlers or isinstance(error, Exception))
        # The exception of an offloaded function is raised where it is awaited, too.
        level = logging.CRITICAL if is_fatal else logging.DEBUG if isinstance(context, tuple) else logging.ERROR
        log.log(level, "! on the service thread's hub: %s", context, exc_info=(kind, error, trace))
        if is_fatal:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self.failure = error
        self._on_failure(error)

    # The greenlets.

    def _turn(self) -> None:
        while True:
            self.beat.beat(time.monotonic())
            gevent.sleep(self.beat.interval)

    def _read_mail(self) -> None:
        while True:
            self._mail.wait()
            self._mail.clear()
            self._mailbox.drain(self.directory.handle, DRAIN_LIMIT, DRAIN_SECONDS)
            gevent.sleep(0)
