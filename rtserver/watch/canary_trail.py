"""Trail of the canaries, messages of our own that go the way of all messages over and over again.

The moment at which a canary was sent is its name, so the trail keeps one moment for each stage, and nothing else.
Pure: the time is passed in. One thread notes each stage; any thread may read all of them.
"""

from collections.abc import Callable
from enum import StrEnum

LATE = 3
"""Intervals without a canary that comes back, after which something is wrong."""


class CanaryStage(StrEnum):
    """Stages of a canary's way, in their order. ``MEANINGS`` says what a canary at one of them means."""

    NOWHERE = "nowhere"
    LIST = "list"
    BUS = "bus"
    LANE = "lane"
    BRIDGE = "bridge"
    DOOR = "door"
    SOCKET = "socket"


MEANINGS = {
    CanaryStage.NOWHERE: "it cannot be put on the list",
    CanaryStage.LIST: "it is on the list, and the intake does not move it",
    CanaryStage.BUS: "it is on the bus, and the reader does not read it",
    CanaryStage.LANE: "it is in its lane, and the lane does not hand it over",
    CanaryStage.BRIDGE: "it is on the bridge, and the websocket thread does not take it",
    CanaryStage.DOOR: "the websocket thread has it, and no loop-back connection can be opened to send it over",
    CanaryStage.SOCKET: "it was written to a loop-back connection, and does not arrive",
}


class CanaryTrail:
    """Trail of the canaries of one process, one each ``interval`` seconds; 0 is none at all.

    Between the list and the bridge a canary leaves no trace: ``search`` says where messages are held up there, as one
    of LIST, BUS and LANE. ``cause`` may say why none comes back, if that is known: then no stage is blamed.
    """

    def __init__(
        self, interval: float, now: float, search: Callable[[], CanaryStage] = lambda: CanaryStage.LIST
    ) -> None:
        self.interval = interval
        self.search = search
        self.cause: Callable[[], str] = lambda: ""
        self.returned = 0
        self._begun = self._home = now
        self._seen = dict.fromkeys((CanaryStage.LIST, CanaryStage.BRIDGE, CanaryStage.DOOR, CanaryStage.SOCKET), now)
        self._is_told = False

    def reach(self, stage: CanaryStage, sent: float) -> None:
        """Note that the canary of the moment ``sent`` has come to LIST, BRIDGE, DOOR or SOCKET."""
        self._seen[stage] = max(self._seen[stage], sent)

    def come_home(self, sent: float) -> None:
        """Note that the canary of the moment ``sent`` has come back. A late one counts as well."""
        self.returned += 1
        self._home = max(self._home, sent)

    def age(self, now: float) -> float:
        """Return the seconds since the newest canary that came back was sent, or since the start. 0 without canaries.

        So it is never less than the time a message takes.
        """
        return now - self._home if self.interval else 0.0

    def is_late(self, now: float) -> bool:
        """Return whether no canary has come back for too long."""
        return self.age(now) > LATE * self.interval

    def stage(self) -> CanaryStage:
        """Return the furthest stage of any canary since the last one that came back."""
        for stage in (CanaryStage.SOCKET, CanaryStage.DOOR, CanaryStage.BRIDGE):
            if self._seen[stage] > self._home:
                return stage
        return self.search() if self._seen[CanaryStage.LIST] > self._home else CanaryStage.NOWHERE

    def meaning(self) -> str:
        """Return why no canary comes back, as far as that is known."""
        return self.cause() or MEANINGS[self.stage()]

    def look(self, now: float) -> str | None:
        """Return a line for the log that is new, or None.

        The code that cannot put a message logs that itself, as does the code that knows a cause.
        """
        if self.is_late(now) == self._is_told:
            return None
        if self._is_told:
            self._is_told = False
            return "= messages of our own come back again"
        if self.stage() is CanaryStage.NOWHERE or self.cause():
            return None
        self._is_told = True
        return f"! deaf: no message of our own has come back for {self.age(now):.1f} s: {self.meaning()}"
