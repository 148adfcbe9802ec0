"""CommittedOffsets: where each lane of a worker has to continue, kept in Redis.

Messages that a worker took and did not handle when it died are handled when it comes back. This file decides where a
lane begins, and when an offset may be committed: all messages before it have been handled, or are in the dead stream,
those that go to no lane included. So a message may be handled a second time after a crash, and is never left out.
"""

import logging
from collections.abc import Callable, Collection, Sequence

from rtserver.base.failure.containment import is_stop
from rtserver.base.queue.port import QueueError, QueuePort, QueueRefusedError, order_of
from rtserver.service.message import Reason
from rtserver.service.pipeline.bus_reader import BusReader
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.lane import Lane
from rtserver.service.queue_link import QueueLink
from rtserver.service.wait import HOLD_SECONDS

log = logging.getLogger(__name__)

COMMIT_SECONDS = 1.0
LOOKS = 10  # checks in that time
PARTS_OF_BUS = 8  # an eighth of the bus's bytes may be read before offsets are committed again
SETTLE_LOOKS = 2_000  # a look takes HOLD_SECONDS
NO_LANE = ""
"""Name, among those of the lanes, of the offset of messages that go to no lane: no type is called that."""


class CommittedOffsets:
    """Committed offsets of one worker, which keeps its name from one start to the next. ``pause`` waits for
    seconds.
    """

    def __init__(
        self,
        worker: str,
        lanes: Sequence[Lane],
        queue: QueuePort,
        link: QueueLink,
        reader: BusReader,
        *,
        dead_letters: DeadLetters,
        pause: Callable[[float], object],
    ) -> None:
        self._worker = worker
        self._lanes = lanes
        self._queue = queue
        self._link = link
        self._reader = reader
        self._dead_letters = dead_letters
        self._pause = pause
        self._kept: list[Lane] = []
        self._own: list[Lane] = []
        self._saved: dict[str, str] = {}
        self._next: dict[str, str] | None = None
        self._letters = 0

    def begin(self) -> None:
        """Put the reader at the end of the bus, and every lane where it has to begin.

        A handler may say where it begins; the others continue where this worker has been before. A new lane's offset
        is committed at once, before more comes to the bus that could be lost with this process.
        """
        # Other workers move cursors that they share with us. None may lie beyond the reader's offset.
        self._reader.locate()
        offsets = [(lane, self._begins_behind(lane)) for lane in self._lanes]
        self._reader.locate()
        for lane, behind in offsets:
            if behind is None:
                self._kept.append(lane)
            else:
                lane.begin(behind, self._reader.position)
                self._own.append(lane)
        self._shun(self._link.call(self._find_poison))
        types = [lane.msg_type for lane in self._kept]
        self._saved = self._link.call(self._queue.committed_offsets, self._worker, [*types, NO_LANE])
        for lane in self._kept:
            lane.begin(self._saved.get(lane.msg_type), self._reader.position)
        if NO_LANE in self._saved:
            self._reader.look_back(self._saved[NO_LANE])
        names = [name for name in (*types, NO_LANE) if name not in self._saved]
        self._write(dict.fromkeys(names, self._reader.position))

    def run(self) -> None:
        """Commit and report about once a second, for ever."""
        while True:
            self._wait()
            self.commit()
            self.report()

    def _wait(self) -> None:
        """Wait a second; less while much comes: the bus keeps what is not derived yet, and would outgrow its
        bytes.
        """
        before = self._reader.received_bytes
        most = self._queue.bus_bytes // PARTS_OF_BUS
        for _ in range(LOOKS if most else 1):
            self._pause(COMMIT_SECONDS / (LOOKS if most else 1))
            if 0 < most < self._reader.received_bytes - before:
                return

    def report(self) -> None:
        """Tell the handlers that begin where they say how far they are."""
        for lane in self._own:
            try:
                lane.handler.on_done(lane.done_until(self._reader.position))
            except BaseException as error:
                if is_stop(error) or (isinstance(error, QueueError) and self._link.is_ending):
                    raise
                log.exception("! %s: on_done failed", lane.msg_type)

    def commit(self) -> None:
        """Commit what is new, as far as it is done."""
        if self._next is None:
            position = self._reader.position
            self._next = {NO_LANE: position, **{lane.msg_type: lane.done_until(position) for lane in self._kept}}
            self._letters = self._dead_letters.added
        if self._dead_letters.buried >= self._letters:
            offsets, self._next = self._next, None
            if any(offset != self._saved.get(name) for name, offset in offsets.items()):
                self._write(offsets)  # unchanged ones too: their entries are still wanted

    def settle(self) -> None:
        """Commit what is done by now. Waits a while for dead letters that are on their way."""
        letters, looks = self._dead_letters.added, 0
        while self._dead_letters.buried < letters and looks < SETTLE_LOOKS:
            self._pause(HOLD_SECONDS)
            looks += 1
        self.finish()

    def finish(self) -> None:
        """Commit what is done at the end, first what waited for dead letters, then the rest, and report it."""
        self.commit()
        self.commit()
        self.report()

    def _begins_behind(self, lane: Lane) -> str | None:
        """Return where the handler says that it begins. If it fails, it continues where this worker has been."""
        try:
            offset = self._link.call(lane.handler.begins_behind, self._queue)
            if offset is not None:
                order_of(offset)
        except BaseException as error:
            if is_stop(error) or isinstance(error, QueueError):
                raise
            log.critical(
                "! %s: begins_behind failed; it continues at its committed offset", lane.msg_type, exc_info=True
            )
            return None
        return offset

    def _find_poison(self) -> frozenset[str]:
        try:
            return self._queue.buried(Reason.POISON)
        except QueueRefusedError as error:
            # The start must not wait until the key is mended: our own marks know what killed us.
            log.error("! the list of dead letters cannot be read: %s", error)
            return frozenset()

    def _shun(self, poison: Collection[str]) -> None:
        """Keep entries from being tried that killed other workers, or this one when it had other marks."""
        for lane in self._lanes:
            lane.shun(poison)

    def _write(self, offsets: dict[str, str]) -> None:
        if offsets:
            self._link.call(self._queue.commit_offsets, self._worker, offsets)
            self._saved.update(offsets)
