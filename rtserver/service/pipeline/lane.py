"""Lane: the messages of one handler, in order, at the handler's own pace.

Pure. It decides what waits, what is handed over, and what to do when the handler cannot keep up. ``lane_worker``
calls ``work`` and reads the bus for it.

A lane has two states. *Live*: what the reader offers is queued. *Behind*: the queue was full once, or the lane began
earlier than the reader; what is offered is left on the bus. The lane's cursor stands before the first entry that it
did not take, and the lane reads on from there until it stands where the reader stands. So a slow handler takes no
memory and loses nothing, as long as the bus still holds what it has not read.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import islice, takewhile
from typing import TypedDict

from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import Mark, Suspect
from rtserver.base.queue.port import START, Entry, just_before, order_of
from rtserver.base.queue.signature import Signer
from rtserver.service.message import NO_BOUNDS, Bounds, Reason, Rejected, ServiceMessage, decode_entry
from rtserver.service.msg_handler import RejectedPart, ServiceMsgHandler
from rtserver.service.pipeline.batch_flush import BatchFlush
from rtserver.service.pipeline.chooser import Chooser
from rtserver.service.pipeline.cursor import Cursor, Gap
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.handler_call import HandlerCall
from rtserver.service.pipeline.suspects import Suspects, is_poison, is_single
from rtserver.service.selective import SelectiveMsgHandler

log = logging.getLogger(__name__)


class LaneOptions(TypedDict, total=False):
    """Options that all kinds of lanes have; see ``Lane``."""

    bound: int
    batch: int
    signer: Signer | None
    bounds: Bounds
    mark: Mark | None
    is_ending: Callable[[], bool]


class Lane:
    """Lane of one handler. ``bound`` messages may wait; ``batch`` are handled between two flushes.

    ``bounds`` are those of one message. ``lost`` counts entries that were gone before they could be read.

    ``mark`` tells the next process what is with the handler. Inherited suspects are handed over one by one, poison
    not at all. ``is_ending`` is as in ``HandlerCall``. ``msg_type`` is the handler's, unless it is given; ``act``
    replaces the call of the handler. ``chooser`` is None for a handler that takes all messages.

    ``on_lost`` is called with an offset before which some messages are lost to a handler that had begun; all others
    before it have been handed over by then.
    """

    def __init__(
        self,
        handler: ServiceMsgHandler,
        dead_letters: DeadLetters,
        *,
        bound: int = 2_000,
        batch: int = 500,
        signer: Signer | None = None,
        bounds: Bounds = NO_BOUNDS,
        mark: Mark | None = None,
        is_ending: Callable[[], bool] = lambda: False,
        msg_type: str | None = None,
        act: Callable[[Entry, ServiceMessage], None] | None = None,
    ) -> None:
        self._signer, self._bounds = signer or Signer(), bounds
        self.msg_type = handler.msg_type if msg_type is None else msg_type
        self._mark = mark or MemoryMarks().mark(self.msg_type)
        self._suspects = Suspects(self._mark)
        self.handler = handler
        self._returned = 0  # messages that the handler has returned from
        self.lost = 0
        self.wake: Callable[[], object] = lambda: None
        self.on_lost: Callable[[str], object] = lambda offset: None
        self._missed: str | None = None  # some are lost before this offset, and ``on_lost`` was not called yet
        self._dead_letters = dead_letters
        self._handler_call = HandlerCall(handler, is_ending, dead_letters)
        self._flush = BatchFlush(self._handler_call, self._mark, self._reject)
        self.chooser = self._choose(handler) if isinstance(handler, SelectiveMsgHandler) else None
        self._act = act or (self._handler_call.run if self.chooser is None else self.chooser.act)
        self._type = self.msg_type.encode()
        self._queue: deque[tuple[Entry, ServiceMessage]] = deque()
        self._bound = bound
        self._batch = batch
        self._cursor: Cursor | None = None
        self._in_hand: str | None = None  # offset before the first message of the batch in progress

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def handled(self) -> int:
        """Number of messages that went through."""
        return self._flush.handled

    @property
    def is_busy(self) -> bool:
        """True if ``work`` has something to do: messages, or a flush that has not ended."""
        return bool(self._queue) or self._flush.behind is not None

    @property
    def at_work(self) -> int | None:
        """Number of messages that the handler has returned from, while it has another one; None while it has none."""
        is_at_work = self._in_hand is not None or self._flush.behind is not None
        return self._returned if is_at_work else None

    @property
    def next_suspect(self) -> Suspect | None:
        """The next message as a suspect that must be handed over alone; None for any other message."""
        suspect = self._suspects.find(self._queue[0][0].id) if self._suspects and self._queue else None
        return suspect if suspect is not None and is_single(suspect) and not is_poison(suspect) else None

    @property
    def is_behind(self) -> bool:
        """True if the lane reads the bus by itself."""
        return self._cursor is not None

    @property
    def position(self) -> str:
        """Id of the entry behind which a lane that is behind reads on."""
        assert self._cursor is not None, "a live lane reads no bus"
        return self._cursor.id

    def done_until(self, reader_position: str) -> str:
        """Return the offset up to which all of this lane's messages have been handled and flushed."""
        begun = self._flush.behind or self._in_hand
        if begun is not None:
            return begun
        if self._queue:
            return just_before(self._queue[0][0].id)
        return reader_position if self._cursor is None else self._cursor.id

    def begin(self, behind: str | None, reader_position: str) -> None:
        """Begin behind an entry of the bus, or with the reader's next one. To be called once, before any offer.

        An offset beyond the reader's belongs to a bus that Redis has lost; then the new bus is read from its start.
        """
        if behind is None:
            return
        is_before_any = order_of(behind)[0] == 0
        if not is_before_any and order_of(behind) > order_of(reader_position):
            self._count_lost(Gap(0, is_anew=True))
            is_before_any = True
        self._cursor = Cursor(START if is_before_any else behind, misses_first=not self.handler.replays)

    def shun(self, entry_ids: Iterable[str]) -> None:
        """Note that some entries, of any lane, are poison."""
        self._suspects.add_poison(entry_ids)

    def offer(self, entry: Entry, message: ServiceMessage) -> None:
        """Take the reader's next message of this type. Never waits, never loses one."""
        if self._cursor is not None:
            return
        queue = self._queue
        if len(queue) >= self._bound:
            self._cursor = Cursor(just_before(entry.id))
            return
        queue.append((entry, message))
        if len(queue) == 1:
            self.wake()

    def open(self, entries: Sequence[Entry]) -> list[tuple[Entry, ServiceMessage]]:
        """Return this lane's messages among some entries of all types."""
        opened = []
        chooser = self.chooser if self.chooser is not None and self.chooser.handler.is_choosing else None
        for entry in entries:
            if entry.type:
                if entry.type != self._type:
                    continue
                if chooser is not None and not chooser.handler.wants(entry):
                    opened.append((entry, chooser.unopened))
                    continue
            try:
                message = decode_entry(entry, self._signer, self._bounds)
            except Rejected:
                continue  # the reader rejects it
            if message.type == self.msg_type:
                opened.append((entry, message))
        return opened

    def take(
        self,
        entries: Sequence[Entry],
        opened: Sequence[tuple[Entry, ServiceMessage]],
        until: str,
        is_all: bool,
        repeats: Collection[str] = (),
    ) -> None:
        """Take what the bus gave behind ``position``: ``opened`` are this lane's messages of it, ``repeats`` ids to
        leave out.

        ``is_all``: the bus has no more up to ``until``.
        """
        assert self._cursor is not None, "a live lane takes what it is offered"
        if entries and self._count_lost(self._cursor.advance(entries)):
            self._missed = just_before(entries[0].id)
        if is_all and self._count_lost(self._cursor.jump(until)):
            self._missed = until
        self._queue.extend(pair for pair in opened if pair[0].id not in repeats)
        self._tell_missed()

    def pass_gap(self, offset: str) -> None:
        """Note that the reader found entries before ``offset`` lost. A lane that is behind finds out by itself."""
        if self._cursor is None:
            self._missed = offset
            self._tell_missed()

    def catch_up(self, reader_position: str) -> bool:
        """Go live if the lane stands where the reader stands, and return True if it is live."""
        if self._cursor is not None and self._cursor.id == reader_position:
            self._cursor = None
        return self._cursor is None

    def work(self) -> None:
        """Hand one batch to the handler, then begin to flush it; without messages, end the flush that is under way.

        So that of a batch ends behind the next one. A suspect is a batch of its own, and its flush ends at once.

        A handler that raises costs one message, one whose flush raises costs the batch: they are rejected. Raises
        ``StopRequest``, and ``QueueError`` at the server's end: then nothing of the batch counts as done, nor of the
        one whose flush was under way.
        """
        queue = self._queue
        if not queue:
            self.end_flush()
        elif self._suspects:
            self._work_closely()
        else:
            self._work(min(len(queue), self._batch), 0)
            self._tell_missed()

    def end_flush(self) -> None:
        """End the flush that is under way, if there is one. Raises as ``work`` does."""
        self._flush.end()
        self._tell_missed()

    def _tell_missed(self) -> None:
        if self._missed is not None and not self.is_busy:
            missed, self._missed = self._missed, None
            self.on_lost(missed)

    def _work_closely(self) -> None:
        """Hand over what comes before the next suspect, or that one alone."""
        suspect = self._suspects.find(self._queue[0][0].id)
        count = self._count_clear() if suspect is None else 1
        last = self._queue[0][0].id
        if suspect is None:
            last = self._work(count, 0)
            self.end_flush()
        elif is_poison(suspect):
            self._bury(suspect)
        else:
            self._work(1, suspect.deaths)
            self.end_flush()
            self._suspects.clear(last)
        self._suspects.pass_by(last)
        self._tell_missed()

    def _work(self, count: int, deaths: int) -> str:
        """Hand over ``count`` messages, or fewer if the handler is full then. Return the id of the last one."""
        queue, act, mark, handler = self._queue, self._act, self._mark.set, self.handler
        self._in_hand = behind = just_before(queue[0][0].id)
        batch: list[tuple[Entry, ServiceMessage]] = []  # the messages that the flush is about
        try:
            for _ in range(count):
                item = queue.popleft()
                mark(item[0].id, deaths)
                try:
                    act(*item)
                    batch.append(item)
                except Rejected as rejected:
                    self._reject(item[0], rejected)
                self._returned += 1
                if handler.is_full:
                    break
            self._flush.begin(batch, behind, deaths)
        except BaseException:
            self._mark.clear()
            raise
        self._in_hand = None
        return item[0].id

    def _choose(self, handler: SelectiveMsgHandler) -> Chooser:
        handler.reject_later = self._reject_part

        def is_to_be_left(entry_id: str) -> bool:
            suspect = self._suspects.find(entry_id) if self._suspects else None
            return suspect is not None and is_poison(suspect)

        decode = partial(decode_entry, signer=self._signer, bounds=self._bounds)
        return Chooser(handler, self._handler_call, decode=decode, reject=self._reject, is_poison=is_to_be_left)

    def _count_clear(self) -> int:
        """Return the number of messages of a batch that come before a suspect."""
        batch = islice(self._queue, self._batch)
        return sum(1 for _ in takewhile(lambda item: self._suspects.find(item[0].id) is None, batch))

    def _bury(self, suspect: Suspect) -> None:
        entry, message = self._queue.popleft()
        text = f"{suspect.deaths} processes have died while it was with its handler"
        self._reject(entry, Rejected(Reason.POISON, text, message.src))

    def begin_anew(self) -> None:
        """Continue after ``work`` died: what was not done is read from the bus once more."""
        first = just_before(self._queue[0][0].id) if self._queue else None
        offset = self._flush.behind or self._in_hand or first
        if offset is not None:
            self._queue.clear()
            self._cursor = Cursor(offset)
        self._in_hand = None
        self._flush.forget()
        self._handler_call.forget()

    def _reject(self, entry: Entry, rejected: Rejected) -> None:
        self._dead_letters.add(entry, rejected, self.msg_type)

    def _reject_part(self, entry: Entry, src: str, part: RejectedPart) -> None:
        self._dead_letters.add_part(entry, Rejected(part.reason, part.detail, src), self.msg_type, part.data)

    def _count_lost(self, gap: Gap | None) -> bool:
        if gap is None:
            return False
        self.lost += gap.entries
        log.error("! %s is too slow for the bus: %s", self.msg_type, gap)
        return True
