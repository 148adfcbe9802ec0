"""BusReader: the loop that reads the bus and hands every entry to the dispatcher.

Decides when reading holds still, when it is done, and what counts as lost.
"""

import logging
import time
from collections.abc import Callable, Sequence

from rtserver.base.queue.port import (
    START,
    Entry,
    Lone,
    NearBusPort,
    QueuePort,
    just_before,
    later_of,
    number_of,
    order_of,
)
from rtserver.service.pipeline.cursor import Cursor, Gap
from rtserver.service.pipeline.dispatcher import ServiceMessageDispatcher
from rtserver.service.pipeline.read_pace import ENOUGH, ReadPace
from rtserver.service.pipeline.read_size import ReadSize
from rtserver.service.queue_link import QueueLink
from rtserver.service.repeats import Opened, RepeatFilter
from rtserver.service.wait import HOLD_SECONDS, Event

READ_SECONDS = 1.0  # wait of a read for a first entry, and of a rest for company
COMPANY_SECONDS = 10.0  # from the end of a rest to the next one

log = logging.getLogger(__name__)


class BusReader:
    """Follows the bus from its end at the start. ``received`` and ``lost`` count entries.

    ``furthest`` is the furthest entry of the bus that this worker has heard of.

    While ``must_hold()`` is true the parts behind have more than enough to do: no more than one read waits here, and
    all other messages stay where they are.

    A reader with a ``worker``, a name of this life, *rests* while its worker is alone on the bus: the intake then
    feeds it what it moves, without a wait and a trip of the reader's own. One that reads at a replica, by ``near``,
    never rests. What is missing from the bus, the primary alone can tell: the reader asks ``queue``. One that others
    move messages for reads at a pace (``ReadPace``). While it ``is_relieved``, most of what is wanted here comes
    another way, so the pause is long, until ``hurried`` is set.
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
        worker: str = "",
        near: NearBusPort | None = None,
        now: Callable[[], float] = time.monotonic,
        hurried: Event | None = None,
    ) -> None:
        self._hurried = hurried
        self.is_relieved = False
        self._worker = worker
        self._now = now
        self._rests_from = float("-inf") if worker and near is None else float("inf")
        self._company_until = float("-inf")
        self._pace = ReadPace()
        self._is_fed = self._is_taking = False
        self._has_asked = False
        self.is_resting = False
        self._repeats = repeats or RepeatFilter(queue, link)
        self._queue = queue
        self._near = near
        self._link = link
        self._dispatcher = dispatcher
        self._must_hold = must_hold
        self._pause = pause
        self._size = ReadSize(count)
        self._cursor = Cursor()
        self._goal: str | None = None
        self._read_until = self._heard_of = START
        self.received = self.received_bytes = 0
        self.lost = 0

    @property
    def position(self) -> str:
        """Id of the last entry that was dispatched."""
        return self._cursor.id

    @property
    def reached(self) -> str:
        """Id of the last entry that was read, dispatched or not."""
        return later_of(self._read_until, self._cursor.id)

    @property
    def furthest(self) -> str:
        """See the class."""
        return later_of(self._heard_of, self.reached)

    def hear_of(self, offset: str) -> None:
        """Note that the bus has had an entry at ``offset``."""
        self._heard_of = later_of(self._heard_of, offset)

    def on_end_lost(self, ended: str, reached: str) -> None:
        """Note that the bus ends at ``ended``, before ``furthest``, found when this reader had ``reached`` an entry.

        Entries between the two were read here, and Redis knows them no more. Entries behind are missing from the
        numbers and are counted when the reader comes there.
        """
        if ended == START:
            log.error("! Redis has lost the whole bus, and the kept messages with it")
            self._dispatcher.pass_gap(self.furthest)  # messages on the list are lost as well, if there were any
        elif (entries := number_of(reached) - number_of(ended)) > 0:
            self._count_lost(Gap(entries, is_anew=True))

    @property
    def is_done(self) -> bool:
        """True once everything up to the goal has been dispatched."""
        return self._goal is not None and order_of(self.position) >= order_of(self._goal)

    def locate(self) -> None:
        """Go to the end of the bus. To be called before the first intake, whose messages this worker must read.

        Waits while the bus has a format that cannot be read here: no message is moved then, and none is handled.
        """
        self._link.call(self._queue.check_format)
        self._cursor = Cursor(self._link.call(self._queue.newest_id), misses_first=True)

    def look_back(self, behind: str) -> None:
        """Reject the entries behind ``behind``, up to the position, that go to no lane. Lanes look back by
        themselves.

        An entry beyond the position belongs to a bus that Redis has lost; then the new bus is looked at from its
        start.
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
        self.hurry()

    def run(self) -> None:
        """Read until done."""
        while not self.is_done:
            if (self.is_resting or self.rest()) and self._has_asked:
                self.look_for_company()
                self._pause(0)
            else:
                self.read()

    def rest(self) -> bool:
        """Begin to rest, unless it has just turned out that the worker is not alone. Return True if it rests.

        It reads on until an intake has asked for it: nobody else would bring what another worker moves before.
        """
        self._has_asked = False
        self.is_resting = self._goal is None and self._now() >= self._rests_from
        return self.is_resting

    def look_for_company(self) -> None:
        """Wait a while for another worker; if one has come, or the reader has a goal now, end the rest."""
        has_come = self._link.call(self._queue.await_company, self._worker, READ_SECONDS)
        if has_come or self._goal is not None:
            self.is_resting = False
            self._rests_from = self._now() + COMPANY_SECONDS
        while self._is_fed and not self.is_resting:
            self._pause(HOLD_SECONDS)

    def note_company(self) -> None:
        """Note that another worker moves messages: this reader does not rest for a while, and reads at a pace."""
        self._company_until = self._now() + COMPANY_SECONDS
        self._rests_from = max(self._rests_from, self._company_until)

    def ask(self) -> Lone | None:
        """Return the reading that an intake is to do for this reader; None unless it rests."""
        self._has_asked = self.is_resting
        return Lone(self._worker, self.position, self._size.count) if self.is_resting else None

    @property
    def is_hungry(self) -> bool:
        """True if it rests and the bus has more for it than the last intake brought: it is to ``catch_up``."""
        return self.is_resting and self.furthest != self.position

    def catch_up(self) -> None:
        """Read what is on the bus, called by the intake while this reader is hungry."""
        if (hunger := self.ask()) is not None:
            self.feed(hunger, self._link.call(self._queue.read, hunger.after, hunger.most, 0.0))

    def feed(self, hunger: Lone, entries: Sequence[Entry]) -> None:
        """Take what an intake has read, unless this reader has gone on by itself meanwhile."""
        if not self.is_resting or self._is_taking or hunger.after != self.position:
            return
        self._is_fed = True
        try:
            if entries:
                self._take(entries)
            elif self.is_hungry:
                self._check_bus()
        finally:
            self._is_fed = False

    def read(self) -> None:
        """Read once. What an intake has fed to a reader that begins to rest is not taken again.

        What was read waits here until it can be dispatched: the next read is under way while the last one is handled.
        """
        bus, is_proof = self._near or self._queue, self._near is None
        after = self.position
        entries = self._link.call(bus.read, after, self._size.count, READ_SECONDS, is_proof=is_proof)
        if entries:
            self._read_until = entries[-1].id
        self._pause(0)  # the lanes work before they get more
        while self._must_hold():
            self._pause(HOLD_SECONDS)
        while self._is_fed:
            self._pause(HOLD_SECONDS)
        if self.position != after:
            return  # the intake has brought it meanwhile
        if not entries:
            if not self.is_resting:
                self._check_bus()
            return
        self._is_taking = True
        try:
            opened = self._take(entries)
        finally:
            self._is_taking = False
        if self._goal is None and (now := self._now()) < self._company_until:
            self._keep_pace(now, opened)

    def hurry(self) -> None:
        """End a long pause: something waits for the bus."""
        if self._hurried is not None:
            self._hurried.set()

    def _keep_pace(self, now: float, opened: Sequence[Opened]) -> None:
        if self.is_relieved and self._hurried is not None:
            pause = self._pace.relieved_pause(now, self._dispatcher.count_wanted(opened))
            if pause:
                self._hurried.wait(pause)
                self._hurried.clear()
                return
        if len(opened) < ENOUGH:
            self._pause(self._pace.pause(now, len(opened), self._dispatcher.count_wanted(opened)))

    def _take(self, entries: Sequence[Entry]) -> Sequence[Opened]:
        self._read_until = entries[-1].id
        opened = self._dispatcher.open(entries)
        repeats = self._repeats.find(opened)  # may wait; meanwhile the position does not count this read
        if self._count_lost(self._cursor.advance(entries)):
            self._dispatcher.pass_gap(just_before(entries[0].id))
        self.received += len(entries)
        self.received_bytes += self._size.note(entries)
        self._dispatcher.dispatch(opened, repeats)
        return opened

    def _check_bus(self) -> None:
        """Find out whether a silent bus continues further behind: if Redis has lost its end, nothing would come."""
        end = self._link.call(self._queue.newest_id)
        if order_of(end) <= order_of(self.position):
            return
        if found := self._link.call(self._queue.range, self.position, end, 1):
            if self._near is not None:
                self._near.miss(found[0].id)
        elif self._count_lost(self._cursor.jump(end)):
            self._dispatcher.pass_gap(end)

    def _count_lost(self, gap: Gap | None) -> bool:
        if gap is None:
            return False
        self.lost += gap.entries
        log.error("! messages are missing: %s", gap)
        return True
