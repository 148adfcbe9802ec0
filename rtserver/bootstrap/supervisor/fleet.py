"""Fleet: decides which workers start, leave and are ended. Pure: events and the time in, actions out.

A fleet has positions 1…N, each with one worker. A worker that dies is replaced at its position by ``RestartPolicy``.
A renewal goes through the positions one after the other: the successor is ready before its predecessor is asked to
leave, and has left before the next position begins.
"""

import logging
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from rtserver.bootstrap.supervisor.restart_policy import MOST_EARLY_DEATHS, RestartPolicy
from rtserver.bootstrap.supervisor.worker import Stage, Worker

log = logging.getLogger(__name__)

END_SPARE_SECONDS = 2.0
"""A worker's own timer ends it first, with the stacks in the log."""


@dataclass(frozen=True)
class Start:
    """Start a worker at a position, and tell the fleet by ``on_started``."""

    position: int


@dataclass(frozen=True)
class Leave:
    """Ask a worker to send its clients away one by one: others serve them.

    ``closes_port`` is False if its successor accepts on the same sockets, True if the position goes as well.
    """

    worker: Worker
    closes_port: bool


@dataclass(frozen=True)
class Send:
    """Send a signal to a worker."""

    worker: Worker
    signal: signal.Signals


Action: TypeAlias = Start | Leave | Send


@dataclass
class Position:
    """A place for one worker. ``successor`` has been started and is not ready yet."""

    number: int
    policy: RestartPolicy = field(default_factory=RestartPolicy)
    deaths: int = 0
    worker: Worker | None = None
    successor: Worker | None = None
    start_at: float = 0.0


class Fleet:
    """The workers of one supervisor. ``end_seconds`` is the time that a worker's end takes at most.

    ``failure`` is set when the supervisor has to give up, to the reason.
    """

    def __init__(self, size: int, end_seconds: float) -> None:
        self._end_seconds = end_seconds + END_SPARE_SECONDS
        self._positions = {number: Position(number) for number in range(1, size + 1)}
        self._leaving: dict[int, Worker] = {}
        self._to_renew: list[int] = []
        self._renewed: int | None = None
        """Position that is being renewed."""
        self._predecessor: Worker | None = None
        self._was_ready = False
        self._actions: list[Action] = []
        self.is_stopping = False
        self.failure = ""
        self.has_failed = False
        """True if a worker ended with another code than 0 when it was told to stop."""

    # What there is.

    def __iter__(self) -> Iterator[Worker]:
        """All processes, those that leave included."""
        for position in self._positions.values():
            yield from (each for each in (position.worker, position.successor) if each is not None)
        yield from self._leaving.values()

    def serving(self) -> list[Worker]:
        """Return the one worker of each position that is not vacant, in the order of the positions."""
        return [each.worker for each in self._positions.values() if each.worker is not None]

    @property
    def size(self) -> int:
        """The number of positions."""
        return len(self._positions)

    @property
    def deaths(self) -> dict[int, int]:
        """The number of workers that have died at each position without being asked to."""
        return {number: position.deaths for number, position in self._positions.items()}

    def at(self, number: int) -> Worker | None:
        """Return the worker of a position; None while it is vacant."""
        return self._positions[number].worker

    @property
    def is_renewing(self) -> bool:
        """True from a reload until the last worker that it replaces has left."""
        return self._renewed is not None or bool(self._to_renew)

    @property
    def is_calm(self) -> bool:
        """True while nobody leaves or is about to be succeeded, and nothing ends."""
        positions = self._positions.values()
        return not (
            self.is_renewing or self._leaving or self.is_stopping or any(each.successor for each in positions)
        )

    @property
    def is_up(self) -> bool:
        """True if the worker of each position accepts connections."""
        stages = (Stage.UP, Stage.READY)
        return all(each.worker is not None and each.worker.stage in stages for each in self._positions.values())

    @property
    def is_ready(self) -> bool:
        """True if the worker of each position is ready."""
        return all(each.worker is not None and each.worker.stage is Stage.READY for each in self._positions.values())

    # What happens.

    def on_started(self, number: int, worker: Worker) -> None:
        """Note that the action ``Start`` was done."""
        position = self._positions[number]
        if position.worker is None:
            position.worker = worker
        else:
            position.successor = worker

    def on_not_started(self, number: int, reason: str, now: float) -> None:
        """Note that the system refused the action ``Start``."""
        position = self._positions[number]
        position.start_at = position.policy.on_death(now, None)
        log.error("! worker %d cannot be started: %s", number, reason)

    def on_up(self, worker: Worker, now: float, *, port: int, version: str) -> None:
        """Note that a worker accepts connections."""
        worker.port, worker.version, worker.heard = port, version, now
        if worker.stage is Stage.STARTING:
            worker.stage = Stage.UP

    def on_beat(self, worker: Worker, now: float, *, is_ready: bool, connections: int) -> None:
        """Note that both threads of a worker turn. Once ready, it stays ready for the purposes of a fleet."""
        worker.heard = now
        worker.count(connections, now)
        if is_ready and worker.stage is Stage.UP:
            worker.stage = Stage.READY
            worker.ready_since = now
            self._was_ready = True
            self._positions[worker.position].policy.on_ready()
            log.info("= worker %d is ready (process %d)", worker.position, worker.pid)

    def on_exit(self, worker: Worker, code: int, now: float) -> None:
        """Note the end of a worker; ``code`` is negative for a signal."""
        if self._leaving.pop(worker.pid, None) is not None or self.is_stopping:
            self.has_failed |= code != 0
            self._vacate(worker)
            how = "has left" if code == 0 else f"ended with {code} while it was leaving"
            log.log(logging.ERROR if code else logging.INFO, "= worker %d %s", worker.position, how)
            return
        position = self._positions[worker.position]
        was_successor = position.successor is worker
        self._vacate(worker)
        position.deaths += 1
        position.start_at = position.policy.on_death(now, worker.ready_since)
        when = "" if worker.ready_since is not None else ", before it was ready"
        reason = f": {worker.failure}" if worker.failure else ""
        log.error("! worker %d (process %d) ended with %d%s%s", worker.position, worker.pid, code, when, reason)
        if was_successor:
            self._judge_renewal(position, worker)
        elif position.worker is None:
            self._judge_start(position, worker, code)
        elif self._renewed == position.number:  # its successor has its place already
            self._renewed = None

    def _judge_renewal(self, position: Position, successor: Worker) -> None:
        """Give a renewal up whose workers cannot start: those that serve go on."""
        if position.policy.is_hopeless or successor.failure:
            log.error("! the renewal is given up, the workers that serve go on")
            self._to_renew.clear()
            self._renewed = None
            position.policy.on_ready()

    def _judge_start(self, position: Position, worker: Worker, code: int) -> None:
        """Give up where nobody serves and no start helps."""
        if worker.failure and not self._was_ready:
            self.failure = worker.failure
        elif position.policy.is_hopeless and not any(each.stage is Stage.READY for each in self):
            self.failure = (
                f"worker {position.number} ended {MOST_EARLY_DEATHS} times before it was ready, the last time "
                f"with {code}: {worker.failure or 'the log says why'}"
            )

    def _vacate(self, worker: Worker) -> None:
        position = self._positions.get(worker.position)
        if position is None:
            return
        if position.worker is worker:
            position.worker, position.successor = position.successor, None
        elif position.successor is worker:
            position.successor = None

    # What is asked for.

    def renew(self) -> None:
        """Replace all workers, one after the other."""
        self._to_renew = sorted(self._positions)

    def grow(self) -> None:
        """Add a position."""
        number = self.size + 1
        self._positions[number] = Position(number)
        log.info("= %d workers are wanted", self.size)

    def shrink(self) -> None:
        """Give up the last position, unless it is the only one."""
        if self.size == 1:
            log.warning("! one worker is the least")
            return
        position = self._positions.pop(self.size)
        log.info("= %d workers are wanted", self.size)
        for worker in (position.worker, position.successor):
            if worker is not None:
                self._leave(worker, closes_port=worker is position.worker)

    def stop(self) -> None:
        """End all workers at once: nobody serves any more. A second call ends them where they stand."""
        self.is_stopping = True
        self._to_renew.clear()
        for worker in self:
            worker.stage = Stage.LEAVING
            self._actions.append(Send(worker, signal.SIGTERM))

    def tick(self, now: float) -> list[Action]:
        """Return what is to be done now."""
        if not self.is_stopping:
            for position in self._positions.values():
                if position.worker is None and now >= position.start_at:
                    self._actions.append(Start(position.number))
            self._renew_next(now)
        for worker in self:
            if worker.stage is Stage.LEAVING and worker.end_by is None:
                worker.end_by = now + self._end_seconds
            number = worker.overdue_signal(now)
            if number is not None:
                self._complain(worker, number, now)
                self._actions.append(Send(worker, number))
        actions, self._actions = self._actions, []
        return actions

    def _renew_next(self, now: float) -> None:
        if self._predecessor is not None:
            if self._predecessor.pid in self._leaving:
                return
            self._predecessor = self._renewed = None
        if self._renewed is None:
            if not self._to_renew:
                return
            self._renewed = self._to_renew.pop(0)
        position = self._positions.get(self._renewed)
        if position is None or position.worker is None:  # given up, or about to be started anew in any case
            self._renewed = None
        elif position.successor is None:
            if now >= position.start_at:
                self._actions.append(Start(position.number))
        elif position.successor.stage is Stage.READY:
            self._predecessor = position.worker
            position.worker, position.successor = position.successor, None
            self._leave(self._predecessor, closes_port=False)

    def _leave(self, worker: Worker, *, closes_port: bool) -> None:
        worker.stage = Stage.LEAVING
        self._leaving[worker.pid] = worker
        self._actions.append(Leave(worker, closes_port))

    def _complain(self, worker: Worker, number: signal.Signals, now: float) -> None:
        silence = now - worker.heard
        log.error(
            "! worker %d (process %d) has been silent for %.0f s: %s",
            worker.position,
            worker.pid,
            silence,
            number.name,
        )
