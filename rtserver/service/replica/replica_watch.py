"""The loops that keep a ReplicaChoice up to date: one writes pulses, one for each replica asks for
them, one looks.

Apart from each other, so that a server that answers nothing holds up none of the others.
"""

import time
from collections.abc import Callable

from rtserver.base.queue.port import QueueError
from rtserver.base.queue.replica_port import PulsePort, ReplicaPort, Standing
from rtserver.service.replica.near_bus import NearBus
from rtserver.service.replica.replica_choice import BEAT_SECONDS, LOOK_SECONDS, ReplicaChoice, explain

Pause = Callable[[float], object]
Clock = Callable[[], float]


class PulseSource:
    """Writes a pulse to the primary each second. While that is away, other loops say so."""

    def __init__(
        self, choice: ReplicaChoice, pulses: PulsePort, *, pause: Pause, now: Clock = time.monotonic
    ) -> None:
        self._choice, self._pulses = choice, pulses
        self._pause, self._now = pause, now
        self._is_stopped = False

    def run(self) -> None:
        """Write pulses until ``stop``."""
        while not self._is_stopped:
            self.beat()
            self._pause(BEAT_SECONDS)

    def beat(self) -> None:
        """Write one."""
        try:
            self._pulses.beat(self._choice.next_pulse())
        except QueueError:
            return
        self._choice.acknowledge(self._now())

    def stop(self) -> None:
        """Write no more."""
        self._is_stopped = True


class ReplicaProbe:
    """Asks the replica at a place for the newest pulse, four times a second, and for a reason if that is late."""

    def __init__(
        self,
        choice: ReplicaChoice,
        place: int,
        replica: ReplicaPort,
        pulses: PulsePort,
        *,
        pause: Pause,
        now: Clock = time.monotonic,
    ) -> None:
        self._choice, self._place = choice, place
        self._replica, self._pulses = replica, pulses
        self._pause, self._now = pause, now
        self._is_stopped = False

    def run(self) -> None:
        """Ask until ``stop``."""
        while not self._is_stopped:
            self.ask()
            self._pause(LOOK_SECONDS)

    def ask(self) -> None:
        """Ask once."""
        choice, place = self._choice, self._place
        was_well = choice.is_well(place)
        try:
            choice.find(place, self._replica.pulse(), self._now())
            if choice.is_doubtful(place, self._now()):
                choice.give_hint(place, explain(self._replica.standing(), self._standing()))
        except QueueError as error:
            # One that was left meanwhile has had its connections closed.
            if choice.is_well(place) == was_well and not self._is_stopped:
                choice.fail(place, error.reason, self._now())

    def stop(self) -> None:
        """Ask no more."""
        self._is_stopped = True

    def _standing(self) -> Standing | None:
        try:
            return self._pulses.standing()
        except QueueError:
            return None


class ReplicaWatch:
    """Has a bus look four times a second, and read at the primary from its end on."""

    def __init__(self, bus: NearBus, *, pause: Pause) -> None:
        self._bus = bus
        self._pause = pause
        self._is_stopped = False

    def run(self) -> None:
        """Look until ``stop``."""
        while not self._is_stopped:
            self._bus.look()
            self._pause(LOOK_SECONDS)

    def stop(self) -> None:
        """See the class."""
        self._is_stopped = True
        self._bus.end()
