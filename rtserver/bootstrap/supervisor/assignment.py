"""Assignment: what a worker process is given by its supervisor, by way of one environment variable. Pure.

Settings that a worker has for itself are options of its command line, where ``ps`` shows them. The numbers of open
files that it inherits are here.
"""

import json
from collections.abc import MutableMapping, Sequence
from dataclasses import asdict, dataclass

VARIABLE = "_RTSERVER_ASSIGNMENT"


@dataclass(frozen=True)
class Assignment:
    """One worker's position among so many ``workers``, and its files: the channel to the supervisor, sockets that
    listen already, and the ``tally``, in which it owns some columns; None where the workers do not count together.
    """

    position: int
    workers: int
    channel: int
    public: Sequence[int]
    tce: Sequence[int]
    tally: int | None = None
    columns: Sequence[int] = ()

    def as_text(self) -> str:
        """Return the value of ``VARIABLE``."""
        return json.dumps(asdict(self))

    @classmethod
    def take_from(cls, environ: MutableMapping[str, str]) -> "Assignment | None":
        """Return the assignment of this process, and forget the variable: children of its own are no workers.

        None for a process that no supervisor started.
        """
        text = environ.pop(VARIABLE, "")
        return cls(**json.loads(text)) if text else None
