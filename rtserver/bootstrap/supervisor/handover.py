"""Handover: what a supervisor leaves to the program that takes its place in the same process (execve). Pure.

The process, its children and its open files stay; everything else begins anew. Numbers are those of open files, and
``pid`` of processes.
"""

import json
from collections.abc import MutableMapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

VARIABLE = "_RTSERVER_HANDOVER"


@dataclass(frozen=True)
class HandedWorker:
    """A worker that goes on. ``sockets`` is the place of its sockets in ``HandedPorts.order``; ``rest`` is the
    beginning of a message whose end has not come yet. ``columns`` are its own of the tally.
    """

    pid: int
    position: int
    is_ready: bool
    connections: int
    port: int
    version: str
    channel: int
    rest: str
    sockets: int
    columns: Sequence[int] = ()


@dataclass(frozen=True)
class HandedPorts:
    """The sockets, each item public ones and those for binary clients, in the order of the kernel's numbers."""

    guards: Sequence[Sequence[int]]
    order: Sequence[Sequence[Sequence[int]]]


@dataclass(frozen=True)
class Handover:
    """``renews`` says whether the workers are to be replaced by ones of the present code."""

    size: int
    renews: bool
    workers: Sequence[HandedWorker]
    ports: HandedPorts
    admin: Sequence[int]
    feed: int | None
    redis: Sequence[int]
    """Process and port of the embedded Redis; empty if there is none."""
    tally: int | None = None

    def as_text(self) -> str:
        """Return the value of ``VARIABLE``."""
        return json.dumps(asdict(self))

    def files(self) -> list[int]:
        """Return the numbers of all open files."""
        ports = self.ports
        sockets = [number for pair in (ports.guards, *ports.order) for numbers in pair for number in numbers]
        tally = [] if self.tally is None else [self.tally]
        return [*sockets, *self.admin, *tally, *(worker.channel for worker in self.workers)]

    @classmethod
    def take_from(cls, environ: MutableMapping[str, str]) -> "Handover | None":
        """Return what was left to this program, and forget the variable; None for one that was started."""
        text = environ.pop(VARIABLE, "")
        if not text:
            return None
        told: dict[str, Any] = json.loads(text)
        workers = [HandedWorker(**worker) for worker in told["workers"]]
        return cls(**{**told, "workers": workers, "ports": HandedPorts(**told["ports"])})
