"""Supervisor: the loop of the parent process. It reads what workers say, and does what the ``Fleet`` decides."""

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import rtserver
from rtserver.bootstrap.process.child_process import ChildProcess
from rtserver.bootstrap.process.service_manager import ServiceManager
from rtserver.bootstrap.supervisor.admin_listener import AdminListener
from rtserver.bootstrap.supervisor.assignment import VARIABLE, Assignment
from rtserver.bootstrap.supervisor.channel import Channel
from rtserver.bootstrap.supervisor.child import start_child
from rtserver.bootstrap.supervisor.command_line import CommandLines
from rtserver.bootstrap.supervisor.demo_feed import DemoFeed
from rtserver.bootstrap.supervisor.fleet import Action, Fleet, Leave, Send, Start
from rtserver.bootstrap.supervisor.handover import HandedWorker, Handover
from rtserver.bootstrap.supervisor.inquiry import Answers, Inquiries
from rtserver.bootstrap.supervisor.listener_group import ListenerGroup, Listeners
from rtserver.bootstrap.supervisor.message import Message
from rtserver.bootstrap.supervisor.notice_board import NoticeBoard
from rtserver.bootstrap.supervisor.overview import Overview
from rtserver.bootstrap.supervisor.reexec import Reexec
from rtserver.bootstrap.supervisor.share import Count, expected_newcomers, present_counts, weights_of
from rtserver.bootstrap.supervisor.signal_inbox import SignalInbox
from rtserver.bootstrap.supervisor.tally_columns import TallyColumns
from rtserver.bootstrap.supervisor.worker import Stage, Worker

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
ENDINGS = (signal.SIGTERM, signal.SIGINT)
SIGNALS = (*ENDINGS, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR2, signal.SIGCHLD)


@dataclass
class Process:
    """A worker process that runs: what is known of it, and the means to reach it."""

    worker: Worker
    child: ChildProcess
    channel: Channel
    listeners: Listeners
    rescued: list[Listeners] = field(default_factory=list)
    """Those of dead workers at which it accepts what waits."""
    columns: Sequence[int] = ()
    """Its own of the tally."""


class Supervisor:
    """The parent of ``fleet``, on bound ports. ``on_up`` is called once, when all workers accept connections.

    Without a ``tally`` each worker counts for itself.
    """

    def __init__(
        self,
        fleet: Fleet,
        group: ListenerGroup,
        commands: CommandLines,
        *,
        feed: DemoFeed | None,
        manager: ServiceManager,
        redis: Sequence[int],
        admin: Sequence[socket.socket],
        names: frozenset[str],
        tally: TallyColumns | None,
        on_up: Callable[[], object],
    ) -> None:
        self._fleet = fleet
        self._group = group
        self._commands = commands
        self._feed = feed
        self._manager = manager
        self._redis = redis
        self._tally = tally
        self._on_up = on_up
        self._is_up = False
        self._processes: dict[int, Process] = {}
        self._listeners: dict[int, Listeners] = {}
        """Those of each position that has a worker."""
        self._connections = self._newcomers = 0
        self._shares: dict[Listeners, float] = {}
        """Parts of all newcomers that were given out last."""
        self._selector = selectors.DefaultSelector()
        self._reexec = Reexec(commands.given)
        self._inquiries = Inquiries()
        self._notices = NoticeBoard()
        overview = Overview(fleet, self._ask, names)
        self._admin = AdminListener(admin, self._selector, overview.on_request)
        self._inbox = SignalInbox(SIGNALS, self._selector)
        self._second_signal: int | None = None

    def run(self) -> int:
        """Supervise until all workers have ended, and return the exit code. The main thread calls it, once."""
        self._inbox.open()
        self._admin.open()
        try:
            while not (self._fleet.is_stopping and not self._processes):
                self._turn(time.monotonic())
                for key, _ in self._selector.select(TICK_SECONDS):
                    key.data()
        finally:
            self._admin.close()
            self._inbox.close()
            self._selector.close()
        if self._feed is not None:
            self._feed.wait()
        if self._second_signal is not None:
            signal.signal(self._second_signal, signal.SIG_DFL)
            os.kill(os.getpid(), self._second_signal)
        return 1 if self._fleet.has_failed or self._fleet.failure else 0

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
        if self._reexec.is_due() and self._is_calm():
            self._reexec.run(self.hand_over(), SIGNALS)
        self._inquiries.tick(now)
        self._admin.tick(now)
        self._manager.tell_beat()
        if self._fleet.is_up and not self._is_up:
            self._is_up = True
            self._on_up()
            self._manager.tell_ready()

    # The program that takes our place.

    def _is_calm(self) -> bool:
        return self._fleet.is_calm and not any(process.rescued for process in self._processes.values())

    def hand_over(self) -> Handover:
        """Return what the program that takes our place has to know, while nothing changes."""
        ports = self._group.hand_over()
        places = {tuple(numbers[0]): place for place, numbers in enumerate(ports.order)}
        workers = [
            HandedWorker(
                pid=pid,
                position=process.worker.position,
                is_ready=process.worker.stage is Stage.READY,
                connections=process.worker.connections,
                port=process.worker.port,
                version=process.worker.version,
                channel=process.channel.socket.fileno(),
                rest=process.channel.rest.decode("latin-1"),
                sockets=places[tuple(process.listeners.numbers()[0])],
                columns=process.columns,
            )
            for pid, process in self._processes.items()
        ]
        return Handover(
            size=self._fleet.size,
            renews=self._reexec.renews,
            workers=workers,
            ports=ports,
            admin=self._admin.numbers(),
            feed=None if self._feed is None else self._feed.pid,
            redis=self._redis,
            tally=None if self._tally is None else self._tally.number,
        )

    def adopt(self, handover: Handover, sockets: Sequence[Listeners]) -> None:
        """Go on with the workers of the program before this one. ``sockets`` are those of the group, in its order."""
        now = time.monotonic()
        for told in handover.workers:
            listeners = self._listeners[told.position] = sockets[told.sockets]
            worker = Worker(told.pid, told.position, heard=now, connections=told.connections)
            channel = socket.socket(fileno=told.channel)
            channel.set_inheritable(False)
            rest = told.rest.encode("latin-1")
            self._own(worker, ChildProcess(told.pid), channel, listeners, rest, columns=told.columns)
            if told.port:
                self._fleet.on_up(worker, now, port=told.port, version=told.version)
                self._fleet.on_beat(worker, now, is_ready=told.is_ready, connections=told.connections)
        self._is_up = True
        if handover.renews:
            self._fleet.renew()

    # Signals.

    def _handle_signals(self) -> None:
        for number in self._inbox.take():
            if number in ENDINGS:
                self._second_signal = number if self._fleet.is_stopping else None
                self._stop()
            elif self._fleet.is_stopping:
                continue
            elif number == signal.SIGHUP:
                log.info("= the workers are renewed, one after the other")
                self._fleet.renew()
            elif number == signal.SIGUSR2:
                self._reexec.ask(renews=True)
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
                    process.child.terminate()
            case Send(worker, number):
                self._processes[worker.pid].child.send_signal(number)

    def _start(self, position: int, now: float) -> None:
        if position not in self._listeners:
            self._listeners[position] = self._group.open()
        listeners = self._listeners[position]
        columns = [] if self._tally is None else self._tally.take()
        try:
            self._start_process(position, now, listeners, columns)
        except OSError:
            self._forget_counts(columns)
            raise

    def _start_process(self, position: int, now: float, listeners: Listeners, columns: Sequence[int]) -> None:
        tally = self._tally.number if self._tally is not None and columns else None
        ours, theirs = socket.socketpair()
        with theirs:
            public, tce = listeners.numbers()
            assignment = Assignment(position, self._fleet.size, theirs.fileno(), public, tce, tally, columns)
            environ = {**os.environ, VARIABLE: assignment.as_text()}
            files = [theirs.fileno(), *public, *tce, *([] if tally is None else [tally])]
            child = start_child(self._commands.worker(position), environ, files)
        self._own(Worker(child.pid, position, heard=now), child, ours, listeners, columns=columns)

    def _own(
        self,
        worker: Worker,
        child: ChildProcess,
        ours: socket.socket,
        listeners: Listeners,
        rest: bytes = b"",
        *,
        columns: Sequence[int],
    ) -> None:
        channel = Channel(ours, partial(self._on_message, worker), rest)
        process = Process(worker, child, channel, listeners, columns=columns)
        self._processes[worker.pid] = process
        self._selector.register(ours, selectors.EVENT_READ, partial(self._read, process))
        self._fleet.on_started(worker.position, worker)

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
                self._notices.tell(message.get("notices", ()))
                if version != rtserver.__version__:
                    # The package was replaced, and this worker is of the new one already.
                    self._reexec.ask(renews=False)
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
            self._forget_counts(process.columns)
            del self._processes[worker.pid]
            if not any(each.listeners is process.listeners for each in self._processes.values()):
                if self._listeners.get(worker.position) is process.listeners:
                    del self._listeners[worker.position]
                self._steer(now)
                self._rescue(process.listeners, now)
            for listeners in process.rescued:
                self._rescue(listeners, now)

    def _forget_counts(self, columns: Sequence[int]) -> None:
        if self._tally is not None:
            self._tally.give_back(columns)

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
        grown, self._connections = total - self._connections, total
        self._newcomers = expected_newcomers(self._newcomers, grown, total)
        listeners = [self._listeners[worker.position] for worker in workers]
        told = [
            Count(worker.connections, now - worker.counted, worker.growth, self._shares.get(each, 0.0))
            for worker, each in zip(workers, listeners, strict=True)
        ]
        counts = [
            count if worker.takes_newcomers(now) else None
            for worker, count in zip(workers, present_counts(told), strict=True)
        ]
        weights = dict(zip(listeners, weights_of(counts, self._newcomers), strict=True))
        self._group.steer(weights)
        given = max(1, sum(weights.values()))
        self._shares = {each: weight / given for each, weight in weights.items()}
