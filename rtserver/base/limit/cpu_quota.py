"""Processor time of one user on one thread: a quota in the long run, short slices at any moment.

Decides when work for a user may go on, so that what one user asks for delays the others by no more than a slice. All
of the user's connections share one ``FairShare``. It measures what is done for them and, past a bound, lets the
rest wait in one queue, a piece at a time: first come, first served.

    quota   ``cpu`` seconds of processor time a second, ten seconds' worth at once
    slice   at any moment no more than half of the thread, ``SLICE_SECONDS`` at once

Pure: clock and timers are passed in. Everything here belongs to one thread.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from rtserver.base.limit.table import Limit
from tcelib.limit.tally import LocalTally, Tally
from tcelib.limit.token_bucket import BURST_SECONDS, Rate, TokenBucket

log = logging.getLogger(__name__)

SLICE_SECONDS = 0.002
"""Time for one user without a pause: others wait for it, and for the piece that goes beyond it."""
SLICE_SHARE = 0.5
"""Share of the thread for one user, while another user may want it."""
UNPAID_SECONDS = 0.0005
"""Time that is added up before it is taken from the buckets: a message takes some 15 µs, the taking 1 µs."""
REST_SECONDS = 0.5
"""Time without a request after which messages are handled again, once the quota was used up."""

ROUNDING_SECONDS = 1e-6
"""Least time that is owed: a float's last digits must not arm one more timer."""

Clock: TypeAlias = Callable[[], float]
CallLater: TypeAlias = Callable[[float, Callable[[], object]], object]
Steps: TypeAlias = Iterator[object]
OVER: Final = object()


class CpuRate(NamedTuple):
    """Rates of one user, in seconds of processor time."""

    quota: Rate
    slice: Rate


def cpu_rate(share: float) -> CpuRate:
    """Return the rates for ``share`` seconds of processor time a second, above 0."""
    return CpuRate(Rate(1 / share, BURST_SECONDS), Rate(1 / SLICE_SHARE, SLICE_SECONDS / SLICE_SHARE))


class ProcessorClock:
    """Clock that tells work from waiting. ``now`` is wall time, ``cpu`` the thread's processor time.

    The second costs five times as much. A thread that shares its interpreter waits for it up to 5 ms at a time. A
    long time is therefore bounded by the processor time that the thread has had since the last look.
    """

    __slots__ = ("_cpu", "_last", "now")

    def __init__(self, now: Clock, cpu: Clock) -> None:
        self.now = now
        self._cpu = cpu
        self._last = cpu()

    def worked(self, seconds: float) -> float:
        """Return how much of the last ``seconds`` may have been work."""
        before, self._last = self._last, self._cpu()
        return max(0.0, min(seconds, self._last - before))


class FairShare:
    """Processor time of one user. While ``is_owing``, the next piece of work has to ``wait_turn``.

    Until ``strict_until``, which is in the past for most users, the quota is used up: work that may be refused should
    be. ``pause`` is the least time between two pieces that have waited. ``on_paid(share, is_limited)`` is called when
    time was taken from the buckets; ``is_limited`` says that the quota, and not only the slice, is used up. Without a
    bucket for its ``quota``, a share has one for itself.
    """

    __slots__ = (
        "__weakref__",
        "_call_later",
        "_clock",
        "_is_armed",
        "_on_paid",
        "_pause",
        "_quota",
        "_slice",
        "_unpaid",
        "_waiting",
        "is_owing",
        "key",
        "now",
        "strict_until",
    )

    def __init__(
        self,
        key: str,
        rate: CpuRate,
        clock: ProcessorClock,
        call_later: CallLater,
        *,
        pause: float = 0.0,
        on_paid: Callable[["FairShare", bool], object] = lambda share, is_limited: None,
        quota: TokenBucket | None = None,
    ) -> None:
        self.key = key
        self.is_owing = False
        self.strict_until = 0.0
        self._quota = TokenBucket(rate.quota) if quota is None else quota
        self._slice = TokenBucket(rate.slice)
        self._clock = clock
        self.now = clock.now
        self._call_later = call_later
        self._pause = pause
        self._on_paid = on_paid
        self._unpaid = 0.0
        self._is_armed = False
        self._waiting: deque[Callable[[], object]] = deque()

    def __len__(self) -> int:
        """Return the number of pieces of work that wait."""
        return len(self._waiting)

    def spend(self, begun: float) -> None:
        """Charge a piece of work that began at ``begun`` and ends now."""
        seconds = self.now() - begun
        if seconds > UNPAID_SECONDS:
            seconds = self._clock.worked(seconds)
        self._unpaid = unpaid = self._unpaid + seconds
        if unpaid > UNPAID_SECONDS:
            self._unpaid = 0.0
            self.charge(unpaid)

    def charge(self, seconds: float) -> None:
        """Charge processor time that was used for the user, here or on another thread."""
        now = self.now()
        limited = self._quota.owe(now, seconds)
        self.strict_until = now + REST_SECONDS - self._quota.left(now)
        owed = max(limited, self._slice.owe(now, seconds))
        self._on_paid(self, limited > 0.0)
        if owed and not self.is_owing:
            self.is_owing = True
            self._arm(owed)

    def wait_turn(self, go_on: Callable[[], object]) -> None:
        """Call ``go_on`` at the user's turn. Only while ``is_owing``."""
        self._waiting.append(go_on)

    def drive(self, steps: Steps) -> None:
        """Take all the steps: at once as far as the slice goes, the rest in turns. They must not raise."""
        while not self.is_owing:
            if not self._take(steps):
                return
        self.wait_turn(lambda: self._take_in_turn(steps))

    def _take_in_turn(self, steps: Steps) -> None:
        if self._take(steps):
            self.wait_turn(lambda: self._take_in_turn(steps))

    def _take(self, steps: Steps) -> bool:
        begun = self.now()
        is_over = next(steps, OVER) is OVER
        self.spend(begun)
        return not is_over

    def _go_on(self) -> None:
        """Do one piece of the waiting work, if nothing is owed any more."""
        self._is_armed = False
        if not (owed := self._owed()) and self._waiting:
            try:
                self._waiting.popleft()()
            except Exception:
                # The pieces behind it must not wait for ever.
                log.exception("! a piece of work for user %s failed", self.key)
            owed = self._owed()
        if owed or self._waiting:
            self._arm(owed)
        else:
            self.is_owing = False

    def _owed(self) -> float:
        now = self.now()
        owed = -min(self._quota.left(now), self._slice.left(now))
        return owed if owed > ROUNDING_SECONDS else 0.0

    def _arm(self, delay: float) -> None:
        if not self._is_armed:
            self._is_armed = True
            self._call_later(max(delay, self._pause), self._go_on)


class FairShares:
    """Shares of all users of one thread. A user who leaves and comes back gets the old one.

    A full bucket needs no entry: a share that nobody holds is dropped when it has not been used for as long as it
    takes to fill. ``on_limit`` is called whenever a quota is used up. Quotas are those of the ``tally``, under a
    ``name``; slices are this thread's own.
    """

    def __init__(
        self,
        rate: CpuRate,
        clock: ProcessorClock,
        call_later: CallLater,
        *,
        pause: float = 0.0,
        on_limit: Callable[[], object] = lambda: None,
        tally: Tally | None = None,
        name: str = Limit.USER_CPU,
    ) -> None:
        self._tally = LocalTally() if tally is None else tally
        self._name = name
        self._rate = rate
        self._clock = clock
        self._call_later = call_later
        self._pause = pause
        self._on_limit = on_limit
        self._known: WeakValueDictionary[str, FairShare] = WeakValueDictionary()
        self._young: dict[str, FairShare] = {}
        self._old: dict[str, FairShare] = {}
        self._turned = clock.now()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, key: str) -> FairShare:
        """Return the share of a user."""
        share = self._known.get(key)
        if share is None:
            quota = self._tally.bucket(self._name, self._rate.quota, key)
            share = FairShare(
                key,
                self._rate,
                self._clock,
                self._call_later,
                pause=self._pause,
                on_paid=self._on_paid,
                quota=quota,
            )
            self._known[key] = share
        return share

    def _on_paid(self, share: FairShare, is_limited: bool) -> None:
        if is_limited:
            self._on_limit()
        now = self._clock.now()
        if now - self._turned > self._rate.quota.depth:
            self._old, self._young, self._turned = self._young, {}, now
        self._young[share.key] = share
