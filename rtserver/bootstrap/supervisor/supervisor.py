"""Supervisor: the loop of the parent process. It reads what workers say, and does what the ``Fleet`` decides."""

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from rtserver.bootstrap.process.service_manager import ServiceManager
from rtserver.bootstrap.supervisor.admin_listener import AdminListener
from rtserver.bootstrap.supervisor.assignment import VARIABLE, Assignment
from rtserver.bootstrap.supervisor.channel import Channel
from rtserver.bootstrap.supervisor.child import Child
from rtserver.bootstrap.supervisor.command_line import CommandLines
from rtserver.bootstrap.supervisor.demo_feed import DemoFeed
from rtserver.bootstrap.supervisor.fleet import Action, Fleet, Leave, Send, Start
from rtserver.bootstrap.supervisor.inquiry import Answers, Inquiries
from rtserver.bootstrap.supervisor.listener_group import ListenerGroup, Listeners
from rtserver.bootstrap.supervisor.message import Message
from rtserver.bootstrap.supervisor.overview import Overview
from rtserver.bootstrap.supervisor.share import weights_of
from rtserver.bootstrap.supervisor.worker import Worker

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
ENDINGS = (signal.SIGTERM, signal.SIGINT)
SIGNALS = (*ENDINGS, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCHLD)


@dataclass
class Process:
    """A worker process that runs: what is known of it, and the means to reach it."""

    worker: Worker
    child: Child
    channel: Channel
    listeners: Listeners
    rescued: list[Listeners] = field(default_factory=list)
    """Those of dead workers at which it accepts what waits."""


class Supervisor:
    """The parent of ``fleet``, on bound ports. ``on_up`` is called once, when all workers accept connections."""

    def __init__(
        self,
        fleet: Fleet,
        group: ListenerGroup,
        commands: CommandLines,
        *,
        feed: DemoFeed | None,
        manager: ServiceManager,
        admin: Sequence[socket.socket],
        names: frozenset[str],
        on_up: Callable[[], object],
    ) -> None:
        self._fleet = fleet
        self._group = group
        self._commands = commands
        self._feed = feed
        self._manager = manager
        self._on_up = on_up
        self._is_up = False
        self._processes: dict[int, Process] = {}
        self._listeners: dict[int, Listeners] = {}
        """Those of each position that has a worker."""
        self._connections = 0
        self._selector = selectors.DefaultSelector()
        self._inquiries = Inquiries()
        overview = Overview(fleet, self._ask, names)
        self._admin = AdminListener(admin, self._selector, overview.on_request)
        self._signals: list[int] = []
        self._second_signal: int | None = None

    def run(self) -> int:
        """Supervise until all workers have ended, and return the exit code. The main thread calls it, once."""
        woken, waker = socket.socketpair()
        with woken, waker:
            for end in (woken, waker):
                end.setblocking(False)
            self._selector.register(woken, selectors.EVENT_READ, partial(_empty, woken))
            signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
            for number in SIGNALS:
                signal.signal(number, self._on_signal)
            self._admin.open()
            try:
                self._supervise()
            finally:
                self._admin.close()
                signal.set_wakeup_fd(-1)
                self._selector.close()
        if self._second_signal is not None:
            signal.signal(self._second_signal, signal.SIG_DFL)
            os.kill(os.getpid(), self._second_signal)
        return 1 if self._fleet.has_failed or self._fleet.failure else 0

    def _supervise(self) -> None:
        while not (self._fleet.is_stopping and not self._processes):
            self._turn(time.monotonic())
            for key, _ in self._selector.select(TICK_SECONDS):
                key.data()
        if self._feed is not None:
            self._feed.wait()

    def _turn(self, now: float) -> None:
        self._handle_signals()
        self._reap(now)
        if self._fleet.failure and not self._fleet.is_stopping:
            self._stop()
        for action in self._fleet.tick(now):
            self._act(action, now)
        if self._feed is not None:
            self._feed.tick(now)
        self._steer(now)
        self._inquiries.tick(now)
        self._admin.tick(now)
        self._manager.tell_beat()
        if self._fleet.is_up and not self._is_up:
            self._is_up = True
            self._on_up()
            self._manager.tell_ready()

    # Signals.

    def _on_signal(self, number: int, _frame: object) -> None:
        self._signals.append(number)

    def _handle_signals(self) -> None:
        numbers, self._signals = self._signals, []
        for number in numbers:
            if number in ENDINGS:
                self._second_signal = number if self._fleet.is_stopping else None
                self._stop()
            elif self._fleet.is_stopping:
                continue
            elif number == signal.SIGHUP:
                log.info("= the workers are renewed, one after the other")
                self._fleet.renew()
            elif number == signal.SIGTTIN:
                self._fleet.grow()
            elif number == signal.SIGTTOU:
                self._fleet.shrink()

    def _stop(self) -> None:
        """End all within one window. Nobody can come in any more: each worker closes its own end of the sockets."""
        self._manager.tell_stopping()
        self._group.close_all()
        self._listeners.clear()
        self._fleet.stop()
        if self._feed is not None:
            self._feed.stop()

    # Workers.

    def _act(self, action: Action, now: float) -> None:
        match action:
            case Start(position):
                try:
                    self._start(position, now)
                except OSError as error:  # no memory, no files
                    self._fleet.on_not_started(position, str(error), now)
            case Leave(worker, closes_port):
                process = self._processes[worker.pid]
                if closes_port:
                    # From now on newcomers are led past it.
                    self._listeners.pop(worker.position, None)
                    self._steer(now)
                if not process.channel.tell("leave", closes_port=closes_port):
                    process.child.send(signal.SIGTERM)
            case Send(worker, number):
                self._processes[worker.pid].child.send(number)

    def _start(self, position: int, now: float) -> None:
        if position not in self._listeners:
            self._listeners[position] = self._group.open()
        listeners = self._listeners[position]
        ours, theirs = socket.socketpair()
        with theirs:
            public, tce = ([each.fileno() for each in sockets] for sockets in (listeners.public, listeners.tce))
            assignment = Assignment(position, theirs.fileno(), public, tce)
            environ = {**os.environ, VARIABLE: assignment.as_text()}
            child = Child.start(self._commands.worker(position), environ, (theirs.fileno(), *public, *tce))
        worker = Worker(child.pid, position, heard=now)
        channel = Channel(ours, partial(self._on_message, worker))
        self._processes[child.pid] = process = Process(worker, child, channel, listeners)
        self._selector.register(ours, selectors.EVENT_READ, partial(self._read, process))
        self._fleet.on_started(position, worker)

    def _read(self, process: Process) -> None:
        if not process.channel.read():
            self._hang_up(process)

    def _hang_up(self, process: Process) -> None:
        self._selector.unregister(process.channel.socket)
        process.channel.socket.close()

    def _on_message(self, worker: Worker, message: Message) -> None:
        now = time.monotonic()
        match message:
            case {"type": "up", "port": port, "version": version}:
                self._fleet.on_up(worker, now, port=port, version=version)
            case {"type": "beat", "ready": is_ready, "connections": connections}:
                self._fleet.on_beat(worker, now, is_ready=is_ready, connections=connections)
            case {"type": "closed"}:
                self._close(self._processes[worker.pid].listeners)
            case {"type": "told", "number": number, "answer": answer}:
                self._inquiries.on_answer(number, worker.pid, answer)
            case {"type": "rescued"}:
                self._close(self._processes[worker.pid].rescued.pop(0))
            case {"type": "failed", "reason": reason}:
                worker.failure = reason
            case _:
                log.warning("! worker %d says what this supervisor does not know: %s", worker.position, message)

    def _reap(self, now: float) -> None:
        for process in list(self._processes.values()):
            code = process.child.poll()
            if code is None:
                continue
            if process.channel.is_open:
                self._read(process)  # what it said last
            if process.channel.is_open:
                self._hang_up(process)
            worker = process.worker
            self._fleet.on_exit(worker, code, now)
            self._inquiries.on_exit(worker.pid)
            del self._processes[worker.pid]
            if not any(each.listeners is process.listeners for each in self._processes.values()):
                if self._listeners.get(worker.position) is process.listeners:
                    del self._listeners[worker.position]
                self._steer(now)
                self._rescue(process.listeners, now)
            for listeners in process.rescued:
                self._rescue(listeners, now)

    def _ask(self, what: str, on_done: Callable[[Answers], object]) -> None:
        """Ask the worker of each position that can answer."""
        workers = [worker for worker in self._fleet.serving() if worker.port]
        pids = [worker.pid for worker in workers]
        number = self._inquiries.begin(pids, time.monotonic(), on_done)
        for pid in pids:
            self._processes[pid].channel.tell("ask", number=number, what=what)

    def _close(self, listeners: Listeners) -> None:
        """Close sockets for good, unless that was done, or a successor accepts on them."""
        if listeners.is_open and listeners not in self._listeners.values():
            self._group.close(listeners)

    def _rescue(self, listeners: Listeners, now: float) -> None:
        """Let another worker accept what waits at sockets that nobody accepts on. If there is none, it is reset."""
        heirs = [each for each in self._processes.values() if each.worker.takes_newcomers(now)]
        if not heirs or not listeners.is_open:
            self._close(listeners)
            return
        heir = min(heirs, key=lambda each: each.worker.connections)
        files = [each.fileno() for each in listeners.all]
        if heir.channel.tell("rescue", files=files, public=len(listeners.public), tce=len(listeners.tce)):
            heir.rescued.append(listeners)
        else:
            self._close(listeners)

    def _steer(self, now: float) -> None:
        """Lead the next newcomers to the emptiest workers: about as many as have come since the last time."""
        workers = [worker for worker in self._fleet.serving() if worker.position in self._listeners]
        total = sum(worker.connections for worker in workers)
        newcomers, self._connections = max(0, total - self._connections), total
        counts = [worker.connections if worker.takes_newcomers(now) else None for worker in workers]
        weights = weights_of(counts, newcomers)
        listeners = [self._listeners[worker.position] for worker in workers]
        self._group.steer(dict(zip(listeners, weights, strict=True)))


def _empty(woken: socket.socket) -> None:
    with suppress(BlockingIOError):
        while woken.recv(4096):
            pass
