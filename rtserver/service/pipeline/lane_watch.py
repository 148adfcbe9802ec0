"""LaneWatch: finds lanes that are held up by their handlers while the others go on.

Pure: the time is passed in. A lane is busy from the look that finds it at work until a look that finds it idle, or
with another message. So watching costs a handler nothing.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Protocol


class Watched(Protocol):
    """The part of a lane that the watch looks at."""

    msg_type: str

    @property
    def at_work(self) -> Hashable:
        """A value that differs for each message that is with the handler; None for none."""


class LaneWatch:
    """Looks at ``lanes`` now and then. A lane that is busy with one message for ``limit`` seconds is held up."""

    def __init__(self, lanes: Sequence[Watched], limit: float) -> None:
        self._lanes = lanes
        self._limit = limit
        self._since: dict[str, tuple[float, Hashable]] = {}
        self._told: set[str] = set()

    def look(self, now: float) -> Iterable[str]:
        """Return the types of the lanes that are held up, each once for each message that does it."""
        found = []
        for lane in self._lanes:
            since, at_work = self._since.get(lane.msg_type, (now, None))
            if lane.at_work is None:
                self._since.pop(lane.msg_type, None)
                self._told.discard(lane.msg_type)
            elif at_work != lane.at_work:
                self._since[lane.msg_type] = now, lane.at_work
                self._told.discard(lane.msg_type)
            elif now - since >= self._limit and lane.msg_type not in self._told:
                self._told.add(lane.msg_type)
                found.append(lane.msg_type)
        return found

    def busy(self, now: float) -> dict[str, float]:
        """Return the seconds for which each lane has been busy with one message. Safe from any thread."""
        since = self._since.copy()
        return {lane.msg_type: now - since.get(lane.msg_type, (now, None))[0] for lane in self._lanes}
