"""Worker: what the supervisor knows of one worker process, and whether it lives. Pure: the time is passed in."""

import signal
from dataclasses import dataclass
from enum import Enum, auto

SILENT_SECONDS = 30.0
START_SECONDS = 300.0
"""A start imports a whole site, and nothing beats meanwhile."""
STACK_SECONDS = 5.0
"""From SIGABRT, at which a worker logs the stacks of its threads and ends, to SIGKILL."""
FRESH_SECONDS = 2.0
"""Newcomers are led past a worker that was silent for so long."""


class Stage(Enum):
    """Stages of a worker's life, in their order."""

    STARTING = auto()
    UP = auto()
    """It accepts connections."""
    READY = auto()
    """A message of its own has come through, as ``/readyz`` demands."""
    LEAVING = auto()


@dataclass
class Worker:
    """One worker process at a position.

    It is heard of while both of its threads turn. ``port`` is its own one on loop-back, ``failure`` the reason that
    it gave for a start that could not go on.
    """

    pid: int
    position: int
    heard: float
    stage: Stage = Stage.STARTING
    ready_since: float | None = None
    connections: int = 0
    counted: float = 0.0
    """Time at which it told its connections."""
    growth: float = 0.0
    """Connections a second that had come by then since the time before; 0 if there were less."""
    port: int = 0
    version: str = ""
    failure: str = ""
    end_by: float | None = None
    """Time at which it has to have ended, once it was told to."""
    was_aborted: bool = False
    was_killed: bool = False

    def count(self, connections: int, now: float) -> None:
        """Note how many connections it has."""
        elapsed = now - self.counted
        if elapsed > 0:
            self.growth = max(0, connections - self.connections) / elapsed
        self.connections, self.counted = connections, now

    def takes_newcomers(self, now: float) -> bool:
        """Return whether new connections may be led to it."""
        return self.stage in (Stage.UP, Stage.READY) and now - self.heard < FRESH_SECONDS

    def overdue_signal(self, now: float) -> signal.Signals | None:
        """Return the signal that is due, each once: SIGABRT for silence, SIGKILL if that or a deadline passes."""
        if self.was_killed:
            return None
        if self.end_by is not None and now > self.end_by:
            self.was_killed = True
            return signal.SIGKILL
        silence = now - self.heard
        limit = START_SECONDS if self.stage is Stage.STARTING else SILENT_SECONDS
        if silence > limit and not self.was_aborted:
            self.was_aborted = True
            self.end_by = now + STACK_SECONDS
            return signal.SIGABRT
        return None
