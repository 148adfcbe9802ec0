"""ReplicaChoice: the decision from which server a worker reads the bus: one of several replicas, or the primary.

Pure: the caller tells what it has written, found and failed to do, and passes the time in.

A replica is *proven* once a pulse of this life has come through it, and *late* when a pulse that the primary has had
for a second and a half has not. Only what the primary has acknowledged counts, so a primary that is away makes nobody
late. The first replica in order that is fit is read. One that failed becomes fit again after ten good seconds; each
time that it fails soon after its return, after twice as many.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from math import inf

from rtserver.base.queue.replica_port import Standing

BEAT_SECONDS = 1.0
"""Between two pulses."""
LOOK_SECONDS = 0.25
"""Between two looks, and between two questions to a replica."""
LATE_SECONDS = 1.5
LATE_LOOKS = 2
"""Looks at which a replica must be late. Once this thread has stood still, a look may come before the answers do.

A pulse, the bound, and two looks: what a replica does not bring is noticed within 3 seconds, and a trip.
"""
DOUBT_SECONDS = 1.0
"""A replica that is so late is asked what it knows of itself, to have a reason at hand."""
RETURN_SECONDS, LONGEST_RETURN_SECONDS = 10.0, 300.0
STEADY_SECONDS = 60.0
"""A replica that is read for so long has made good for its failures."""
MOST_PULSES = 600

COMPLAINT_SECONDS = 4.0
"""After so long without a proof, somebody should be told: the address may be wrong."""

UNPROVEN = "nothing has come through yet"
FOREIGN = "it holds other data than the primary"
PRIMARY: int | None = None


class _Replica:
    """State of one replica. ``fit_from`` is the moment from which it may be read."""

    def __init__(self) -> None:
        self.seen = 0
        self.is_well = False
        self.reason = UNPROVEN
        self.hint = ""
        self.fit_from = inf
        self.wait = 0.0
        self.taken_at = -inf
        self.late_looks = 0
        self.is_blamed = False


class ReplicaChoice:
    """Choice between ``count`` replicas, in the order of preference. ``life`` is a word of this process's own.

    ``current`` is the place of the replica that is read, None for the primary. ``on_change`` is called with the
    former one, the present one, and the reason why the former one is left, empty if it has not failed.
    """

    def __init__(self, count: int, life: str) -> None:
        self._life = life
        self._replicas = [_Replica() for _ in range(count)]
        self._number = 0
        self._acknowledged: deque[tuple[int, float]] = deque(maxlen=MOST_PULSES)
        self._is_over = False
        self._begun: float | None = None
        self.current = PRIMARY
        self.changes = 0
        self.on_change: Callable[[int | None, int | None, str], object] = lambda former, present, reason: None

    @property
    def newest(self) -> int:
        """Number of the newest pulse that the primary has; 0 for none."""
        return self._acknowledged[-1][0] if self._acknowledged else 0

    def next_pulse(self) -> str:
        """Return the text of a new pulse."""
        self._number += 1
        return f"{self._life} {self._number}"

    def acknowledge(self, now: float) -> None:
        """Note that the primary has the last pulse."""
        self._acknowledged.append((self._number, now))

    def seen(self, place: int) -> int:
        """Return the number of the newest pulse that has come through a replica."""
        return self._replicas[place].seen

    def behind(self, place: int, now: float) -> float:
        """Return for how many seconds the primary has had the first pulse that has not come through."""
        missing = bisect_right(self._acknowledged, self._replicas[place].seen, key=_number_of)
        return now - self._acknowledged[missing][1] if missing < len(self._acknowledged) else 0.0

    def reason(self, place: int, now: float) -> str:
        """Return why a replica may not be read, empty if it may."""
        replica = self._replicas[place]
        if replica.is_well:
            left = replica.fit_from - now
            return f"it is well again, and watched for {left:.0f} s more" if left > 0 else ""
        if replica.hint in ("", replica.reason):
            return replica.reason
        return replica.hint if replica.reason == UNPROVEN else f"{replica.reason}: {replica.hint}"

    def is_well(self, place: int) -> bool:
        """Return True if pulses come through a replica."""
        return self._replicas[place].is_well

    def is_doubtful(self, place: int, now: float) -> bool:
        """Return True if a replica should be asked what it knows of itself."""
        return not self._replicas[place].is_well or self.behind(place, now) >= DOUBT_SECONDS

    def give_hint(self, place: int, hint: str) -> None:
        """Note what may be wrong with a replica."""
        self._replicas[place].hint = hint

    def find(self, place: int, pulse: str, now: float) -> bool:
        """Note the pulse that a replica has. Return False if what it has is not the primary's data."""
        replica = self._replicas[place]
        life, _, number = pulse.partition(" ")
        if life != self._life or not number.isdecimal():
            if replica.is_well:
                self.fail(place, FOREIGN, now)
            return False
        replica.seen = max(replica.seen, int(number))
        if not replica.is_well and self.behind(place, now) < LATE_SECONDS:
            replica.is_well, replica.reason, replica.hint, replica.late_looks = True, "", "", 0
            replica.fit_from = now + replica.wait
        self._decide(now)
        return True

    def fail(self, place: int, reason: str, now: float) -> None:
        """Note that a replica cannot be read, and take another one. What it was left for stays its reason."""
        replica = self._replicas[place]
        if replica.is_well:
            is_early = self.current == place and now - replica.taken_at < STEADY_SECONDS and replica.wait > 0
            replica.wait = min(2 * replica.wait, LONGEST_RETURN_SECONDS) if is_early else RETURN_SECONDS
            replica.reason = reason
        else:
            replica.hint = reason
        replica.is_well, replica.fit_from = False, inf
        self._decide(now)

    def look(self, now: float) -> None:
        """Leave a replica that is late, and take one that has become fit."""
        for place, replica in enumerate(self._replicas):
            if not replica.is_well:
                continue
            behind = self.behind(place, now)
            replica.late_looks = replica.late_looks + 1 if behind >= LATE_SECONDS else 0
            if replica.late_looks >= LATE_LOOKS:
                self.fail(place, f"nothing has come through it for {behind:.1f} s", now)
        self._decide(now)

    def complaints(self, now: float) -> list[int]:
        """Return the replicas that nothing has come through for long since the first call, each of them once."""
        self._begun = now if self._begun is None else self._begun
        if now - self._begun < COMPLAINT_SECONDS:
            return []
        found = [place for place, each in enumerate(self._replicas) if each.reason == UNPROVEN and not each.is_blamed]
        for place in found:
            self._replicas[place].is_blamed = True
        return found

    def end(self) -> None:
        """Take the primary, for good. Tells nobody."""
        self._is_over = True
        self.current = PRIMARY

    def _decide(self, now: float) -> None:
        if not self._is_over:
            fit = (place for place, each in enumerate(self._replicas) if each.is_well and each.fit_from <= now)
            self._take(next(fit, PRIMARY), now)

    def _take(self, place: int | None, now: float) -> None:
        former = self.current
        if place == former:
            return
        self.current = place
        self.changes += 1
        if place is not None:
            self._replicas[place].taken_at = now
        self.on_change(former, place, self.reason(former, now) if former is not None else "")


def _number_of(pulse: tuple[int, float]) -> int:
    return pulse[0]


def explain(replica: Standing, primary: Standing | None) -> str:
    """Return why nothing comes through a server. ``primary`` is what the primary says of itself, if it answers."""
    if not replica.primary:
        return "it is a primary, and not the one that redis_url leads to"
    if not replica.is_linked:
        return f"it has no connection to its primary, {replica.primary}"
    if primary is not None and primary.data and replica.data and not primary.data & replica.data:
        return f"it follows another primary, {replica.primary}"
    return f"it lags behind {replica.primary}, or that one has lost its own primary"
