"""From the list to the bus, and from the bus to the dispatcher: the two loops that move every message.

Decides how far the intake may run ahead of the reader, when both hold still, and when they are done. How they wait is
said by whoever runs them.
"""

import logging
from collections.abc import Callable
from hashlib import sha256

from rtserver.base.queue.port import START, Entry, Moved, QueuePort, just_before, number_of, order_of
from rtserver.service.message import too_large
from rtserver.service.pipeline.cursor import Cursor, Gap
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.dispatcher import ServiceMessageDispatcher
from rtserver.service.pipeline.queue_link import QueueLink
from rtserver.service.pipeline.read_size import ReadSize
from rtserver.service.pipeline.repeats import RepeatFilter

READ_SECONDS = 1.0  # how long a read waits for a first entry
INTAKE_SECONDS = 0.5  # how long an intake does; a stop waits for it
HASHED_AT_ONCE = 1_048_576  # bytes of a message that is too large; a few milliseconds
HOLD_SECONDS = 0.001  # between two looks whether the websocket thread has caught up
LONGEST_HOLD = 0.064  # between two whether a cursor has come closer, for which Redis is asked

log = logging.getLogger(__name__)


class BusReader:
    """Follows the bus from its end at the start. ``received`` and ``lost`` count entries.

    ``is_located`` says whether that end has been found: what comes to the bus from then on is not missed.
    ``furthest`` is the furthest place on the bus that this worker has heard of.

    While ``must_hold()`` is true those behind have more than enough to do: the messages stay where they are.
    """

    def __init__(
        self,
        queue: QueuePort,
        link: QueueLink,
        dispatcher: ServiceMessageDispatcher,
        *,
        must_hold: Callable[[], bool],
        pause: Callable[[float], object],
        repeats: RepeatFilter | None = None,
        count: int = 500,
    ) -> None:
        self._repeats = repeats or RepeatFilter(queue, link)
        self._queue = queue
        self._link = link
        self._dispatcher = dispatcher
        self._must_hold = must_hold
        self._pause = pause
        self._size = ReadSize(count)
        self._cursor = Cursor()
        self._goal: str | None = None
        self._read_until = self._heard_of = START
        self.is_located = False
        self.received = self.received_bytes = 0
        self.lost = 0

    @property
    def position(self) -> str:
        """The id of the last entry that was dispatched."""
        return self._cursor.id

    @property
    def reached(self) -> str:
        """The id of the last entry that was read, dispatched or not."""
        return max(self._read_until, self.position, key=order_of)

    @property
    def furthest(self) -> str:
        """See the class."""
        return max(self._heard_of, self.reached, key=order_of)

    def hear_of(self, place: str) -> None:
        """There has been an entry at ``place``, or was one before."""
        self._heard_of = max(self._heard_of, place, key=order_of)

    def on_end_lost(self, ended: str, reached: str) -> None:
        """The bus was found to end at ``ended``, before ``furthest``, when this reader had ``reached`` a place.

        What lies between the two was read here and is known to Redis no more. What lies behind is missing from the
        numbers, and counted when they are read.
        """
        if ended == START:
            log.error("! Redis has lost the whole bus, and with it what was kept")
            self._dispatcher.pass_gap(self.furthest)  # what was on the list is lost as well, if there was anything
        elif (entries := number_of(reached) - number_of(ended)) > 0:
            self._count_lost(Gap(entries, is_anew=True))

    @property
    def is_done(self) -> bool:
        """Whether everything up to the goal has been dispatched."""
        return self._goal is not None and order_of(self.position) >= order_of(self._goal)

    def locate(self) -> None:
        """Go to the end of the bus. Before the first intake: what this worker moves there, it has to read."""
        self._cursor = Cursor(self._link.call(self._queue.newest_id), misses_first=True)
        self.is_located = True

    def look_back(self, behind: str) -> None:
        """Reject what lies behind an entry, up to our position, and goes to no lane: lanes look back by themselves.

        An entry beyond our position is one on a bus that Redis has lost; the new one is looked at from its start.
        """
        is_anew = order_of(behind) > order_of(self.position)
        cursor = Cursor(START if is_anew else behind, misses_first=True)
        while cursor.id != self.position:
            entries = self._link.call(self._queue.range, cursor.id, self.position, self._size.count)
            self._size.note(entries)
            if entries:
                self._count_lost(cursor.advance(entries))
                opened = self._dispatcher.open(entries)
                self._dispatcher.reject(opened, self._repeats.find(opened))
            else:
                self._count_lost(cursor.jump(self.position))

    def finish(self, goal: str) -> None:
        """Read on up to the entry ``goal`` and no further."""
        self._goal = goal

    def run(self) -> None:
        """Read until done."""
        while not self.is_done:
            self.read()
            self._pause(0)

    def read(self) -> None:
        """One read; from its position on nobody else on this thread goes on before it is dispatched."""
        while self._must_hold():
            self._pause(HOLD_SECONDS)
        entries = self._link.call(self._queue.read, self.position, self._size.count, READ_SECONDS)
        if not entries:
            self._check_bus()
            return
        self._read_until = entries[-1].id
        opened = self._dispatcher.open(entries)
        repeats = self._repeats.find(opened)  # may wait; the position says meanwhile that nothing was read
        if self._count_lost(self._cursor.advance(entries)):
            self._dispatcher.pass_gap(just_before(entries[0].id))
        self.received += len(entries)
        self.received_bytes += self._size.note(entries)
        self._dispatcher.dispatch(opened, repeats)

    def _check_bus(self) -> None:
        """Silence may mean that the bus goes on further behind: where Redis has lost its end nothing will come."""
        end = self._link.call(self._queue.newest_id)
        is_behind = order_of(end) > order_of(self.position)
        is_silent = is_behind and not self._link.call(self._queue.range, self.position, end, 1)
        if is_silent and self._count_lost(self._cursor.jump(end)):
            self._dispatcher.pass_gap(end)

    def _count_lost(self, gap: Gap | None) -> bool:
        if gap is None:
            return False
        self.lost += gap.entries
        log.error("! messages are missing: %s", gap)
        return True


class Intake:
    """Moves messages from the list to the bus; ``moved`` counts them. Of what is too large it buries the beginning.

    At most ``max_ahead`` entries ahead of the reader, and half of the bytes that the bus may have, so that a backlog
    stays on the list, where nothing is trimmed.
    ``on_held`` is called where the queue holds messages back because cursors have to come closer: it moves those of
    handlers that no message comes for.
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
    ) -> None:
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
        self.on_held: Callable[[], object] = lambda: None

    @property
    def is_too_far_ahead(self) -> bool:
        """Whether the reader has to come closer before more is moved."""
        if self.newest_id == self._reader.position:
            return False
        most = self._queue.bus_bytes // 2
        is_ahead = number_of(self.newest_id) - number_of(self._reader.position) > self._max_ahead
        return is_ahead or (0 < most < self._bytes - self._reader.received_bytes - self._ahead)

    def run(self) -> None:
        """Move until stopped."""
        hold = HOLD_SECONDS
        while not self.is_stopped:
            if self._must_hold() or self.is_too_far_ahead:
                self._pause(HOLD_SECONDS)
                continue
            moved = self.moved
            self.move()
            if self.is_held:
                self.on_held()
                hold = HOLD_SECONDS if self.moved > moved else min(2 * hold, LONGEST_HOLD)
                self._pause(hold)

    def move(self) -> None:
        """One intake."""
        if self.newest_id == self._reader.position:
            # From here on bytes are counted: what was trimmed unread in between the reader never counts.
            self._ahead = self._bytes - self._reader.received_bytes
        reached = START
        wait = 0.0 if self.is_held else INTAKE_SECONDS  # what is held back waits behind the list already

        def take_in() -> Moved:
            nonlocal reached
            reached = self._reader.reached
            return self._queue.intake(wait, self._reader.furthest)

        moved = self._link.call(take_in)
        if moved.ended is not None:
            self._reader.on_end_lost(moved.ended, reached)
        self._reader.hear_of(moved.newest_id)
        if self._is_first or moved.bytes < self._bytes:
            self._ahead = moved.bytes - self._reader.received_bytes
            self._is_first = False
        self._bytes = moved.bytes
        self.moved += moved.messages
        self.newest_id = moved.newest_id
        self.is_held = moved.is_held
        if moved.aside:
            self._bury_aside()

    def _bury_aside(self) -> None:
        """One message that was too large. Another worker may do the same: one of them adds the letter."""
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
