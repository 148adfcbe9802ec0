"""Times at which a silent peer is asked for a sign of life, and at which its connection is given up. Pure.

TCE has no heartbeat (TCE protocol, section 1). A call that ends with TIMEOUT, and since whose sending no byte at all
has come, makes the connection doubtful: a server may be slow, or a router on the way may have forgotten both of them.
The peer is then asked for something that any server answers. If nothing comes then either, the connection is closed,
so that the next call opens another one.
"""

import math
from enum import Enum

LEAST_SECONDS, MOST_SECONDS = 2.0, 10.0
"""A peer that was asked gets as long as the calls that wait have left, within these bounds."""
LAST_LOOK_SECONDS = 0.25
"""If this program itself stood still, the answer lies in the socket, and is read within this time."""


class LivenessAction(Enum):
    """The next step with a silent peer."""

    NOTHING = "nothing"
    ASK = "ask"
    GIVE_UP = "give up"


class Liveness:
    """Of one stream. ``heard`` counts the times that bytes came; ``until`` is when ``judge`` wants to be called."""

    __slots__ = ("_heard_then", "_is_last_look", "heard", "until")

    def __init__(self) -> None:
        self.heard = 0
        self.until = math.inf
        self._heard_then = 0
        self._is_last_look = False

    def judge(self, now: float, is_silent: bool, latest: float) -> LivenessAction:
        """The verdict at ``now``. ``is_silent``: a call has timed out since whose sending nothing came; ``latest`` is
        the last deadline among the calls that still wait, -inf if there are none.
        """
        if math.isinf(self.until):
            if not is_silent:
                return LivenessAction.NOTHING
            self._heard_then = self.heard
            self._is_last_look = False
            self.until = now + min(max(latest - now, LEAST_SECONDS), MOST_SECONDS)
            return LivenessAction.ASK
        if self.heard != self._heard_then:
            self.until = math.inf
        elif now >= self.until:
            if self._is_last_look:
                return LivenessAction.GIVE_UP
            self._is_last_look = True
            self.until = now + LAST_LOOK_SECONDS
        return LivenessAction.NOTHING
