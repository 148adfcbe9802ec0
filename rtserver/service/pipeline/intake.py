"""Intake: the loop that moves messages from the list to the bus.

Decides how far it may run ahead of the reader of the bus, and when it holds still.
"""

import time
from collections.abc import Callable
from hashlib import sha256

from rtserver.base.queue.port import START, Entry, Lone, Moved, QueuePort, number_of
from rtserver.service.message import too_large
from rtserver.service.pipeline.bus_reader import BusReader
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.outgrowth import Outgrowth
from rtserver.service.pipeline.standby import LOOK_SECONDS, Standby
from rtserver.service.queue_link import QueueLink
from rtserver.service.wait import HOLD_SECONDS

INTAKE_SECONDS = 0.5  # wait of an intake for a first message; a stop waits for it
HASHED_AT_ONCE = 1_048_576  # bytes of a message that is too large: a few milliseconds
LONGEST_HOLD = 0.064  # between two checks whether a cursor has come closer, which ask Redis


class Intake:
    """Moves messages from the list to the bus; ``moved`` counts them. Buries the beginning of a message that is too
    large.

    It runs at most ``max_ahead`` entries, and half of the bytes that the bus may have, ahead of the reader: a backlog
    stays on the list, where nothing is trimmed. ``on_held`` are called while the queue holds messages back until
    cursors come closer: they move cursors on, as those of handlers that no message comes for. While another worker
    moves all messages, it stands by.
    """

    def __init__(
        self,
        queue: QueuePort,
        link: QueueLink,
        reader: BusReader,
        *,
        must_hold: Callable[[], bool],
        pause: Callable[[float], object],
        max_ahead: int = 50_000,
        dead_letters: DeadLetters | None = None,
        most_bytes: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._queue = queue
        self._link = link
        self._reader = reader
        self._dead_letters = DeadLetters() if dead_letters is None else dead_letters
        self._most_bytes = most_bytes
        self._must_hold = must_hold
        self._pause = pause
        self._max_ahead = max_ahead
        self.newest_id = START
        self._bytes = self._ahead = 0
        self._is_first = True
        self.moved = 0
        self.is_held = self.is_stopped = False
        self._standby = Standby()
        self.outgrowth = Outgrowth()
        self.on_held: list[Callable[[], object]] = []

    @property
    def is_too_far_ahead(self) -> bool:
        """True if the reader must come closer before more is moved."""
        if self.newest_id == self._reader.position:
            return False
        most = self._queue.bus_bytes // 2
        is_ahead = number_of(self.newest_id) - number_of(self._reader.position) > self._max_ahead
        return is_ahead or (0 < most < self._bytes - self._reader.received_bytes - self._ahead)

    def run(self) -> None:
        """Move messages until stopped."""
        hold = HOLD_SECONDS
        while not self.is_stopped:
            is_resting = self._reader.is_resting
            if self._must_hold() or (self.is_too_far_ahead and not is_resting):
                self._pause(HOLD_SECONDS)
                continue
            if self._standby.is_standing and not is_resting and self._stand_by():
                continue
            moved = self.moved
            if self._reader.is_hungry:
                self._reader.catch_up()
            else:
                self.move()
            if is_resting:
                self._pause(0)  # the lanes work before the next trip
            if self.is_held:
                for move_on in self.on_held:
                    move_on()
                hold = HOLD_SECONDS if self.moved > moved else min(2 * hold, LONGEST_HOLD)
                self._pause(hold)

    def move(self) -> None:
        """Do one intake."""
        if self.newest_id == self._reader.position:
            # Bytes are counted from here on: the reader never counts what was trimmed unread in between.
            self._ahead = self._bytes - self._reader.received_bytes
        reached = START
        hunger: Lone | None = None
        wait = 0.0 if self.is_held else INTAKE_SECONDS  # held messages wait on the list already

        def take_in() -> Moved:
            nonlocal reached, hunger
            reached = self._reader.reached
            hunger = self._reader.ask()
            return self._queue.intake(wait, self._reader.furthest, hunger)

        moved = self._link.call(take_in)
        if moved.ended is not None:
            self._reader.on_end_lost(moved.ended, reached)
        self._reader.hear_of(moved.newest_id)
        if self._is_first or moved.bytes < self._bytes:
            self._ahead = moved.bytes - self._reader.received_bytes
            self._is_first = False
        self._bytes = moved.bytes
        if self._standby.note(self._now(), moved.messages, number_of(moved.newest_id)):
            self._reader.note_company()
        self.moved += moved.messages
        self.newest_id = moved.newest_id
        self.is_held = moved.is_held
        if moved.messages:
            self.outgrowth.note(moved.holder, self._queue.bus_bytes)
        if hunger is not None:
            self._reader.feed(hunger, moved.entries)
        if moved.aside:
            self._bury_aside()

    def _stand_by(self) -> bool:
        """Wait a while, and return True if another worker has moved messages meanwhile."""
        self._pause(LOOK_SECONDS)
        goes_on = self._standby.look(number_of(self._reader.furthest))
        if goes_on:
            self._reader.note_company()
        return goes_on

    def _bury_aside(self) -> None:
        """Bury one message that was too large. Other workers may try too: one of them adds the letter."""
        found = self._link.call(self._queue.aside)
        if found is None:
            return
        rejected = too_large(len(found.raw), self._most_bytes)
        whole = sha256()
        for start in range(0, len(found.raw), HASHED_AT_ONCE):
            whole.update(found.raw[start : start + HASHED_AT_ONCE])
            self._pause(0)
        letter = self._dead_letters.letter(Entry("", found.raw), rejected, whole.hexdigest())
        if self._link.call(self._queue.bury_aside, found.name, letter):
            self._dead_letters.count(rejected)
