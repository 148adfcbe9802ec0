"""MemoryQueue: the queue's twin in memory, for tests of what is built on a queue. Never the product's answer.

All users live on one thread. A wait looks again and again, with the caller's ``sleep`` in between, so that it fits a
plain thread and a gevent hub alike.
"""

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, islice
from math import inf

import msgspec

from rtserver.base.queue.bus_format import newer_format
from rtserver.base.queue.bus_history import BusHistory
from rtserver.base.queue.memory_names import MemoryNames
from rtserver.base.queue.message_name import maybe_name_in
from rtserver.base.queue.port import (
    NO_SIZE,
    START,
    Aside,
    Bound,
    DeadLetter,
    Entry,
    Gone,
    Hint,
    Kept,
    KeptRange,
    KeptSpan,
    Lone,
    Memory,
    Moved,
    Named,
    QueueRefusedError,
    Repeats,
    Trimmed,
    number_of,
    order_of,
)
from rtserver.base.queue.route import route_of
from rtserver.base.queue.signature import Signer
from rtserver.base.queue.work import letter_of
from tcelib.queue.memory import MemoryStreamQueue
from tcelib.queue.message import Message

_LOOK_AGAIN = 0.001
MARGIN_MS = 10_000
MOST_ALONE = 100


class MemoryQueue:
    """See ``QueuePort``."""

    address = "memory:"

    def __init__(
        self,
        *,
        batch: int = 500,
        bus_length: int = 100_000,
        dead_length: int = 10_000,
        repeat_seconds: float = 600.0,
        most_names: int = 1_000_000,
        most_bytes: int = 0,
        signer: Signer | None = None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._list: deque[bytes] = deque()
        self._bus: deque[Entry] = deque(maxlen=bus_length)
        self._dead: deque[DeadLetter] = deque(maxlen=dead_length)
        self._dead_names: deque[tuple[str, str]] = deque(maxlen=dead_length)
        self._kept: dict[str, _KeptStream] = {}
        self._cursors: dict[str, str] = {}
        self._derived: set[str] = set()
        self._hints: dict[int, deque[Hint]] = {}
        self.has_user: Callable[[int, str], bool] = lambda lease, user_id: False
        self._works: dict[str, MemoryStreamQueue[DeadLetter]] = {}
        self._born: dict[str, str] = {}
        self._seen: dict[str, tuple[str, float]] = {}
        self._end = START
        self._lost: str | None = None
        self._committed: dict[tuple[str, str], str] = {}
        self._names = MemoryNames(repeat_seconds, most_names, lambda: len(self._bus))
        self._aside: dict[str, bytes] = {}
        self._moments: dict[tuple[str, ...], float] = {}  # when each offset was committed
        self._bytes = 0
        self._alone = ""  # the worker that is, and those that have been told that they are not
        self._told: set[str] = set()
        self.bus_bytes = 0
        self.format: bytes | None = None
        self.most_memory, self.memory_policy = 0, "noeviction"
        self._most_bytes = most_bytes or inf
        self._signer = signer or Signer()
        self._batch = batch
        self._buried = self._asides = 0
        self._now = now
        self._sleep = sleep

    def check_format(self) -> None:
        """See ``QueuePort``. The note is the attribute ``format``."""
        if fault := newer_format(self.address, self.format):
            raise QueueRefusedError(self.address, fault)

    def put(self, raws: Sequence[bytes]) -> None:
        """See ``QueuePort``."""
        self._list.extend(map(self._signer.sign, raws))

    def intake(self, timeout: float, known: str = START, lone: Lone | None = None) -> Moved:
        """See ``QueuePort``."""
        ended = self._go_on_behind(known)
        self._wait(lambda: bool(self._list), timeout)
        milliseconds, number = order_of(self.newest_id())
        room = self._room(number)
        count = max(0, min(len(self._list), self._batch, room))
        milliseconds = max(milliseconds, int(self._now() * 1000))
        raws = [self._list.popleft() for _ in range(count)]
        fitting = [raw for raw in raws if len(raw) <= self._most_bytes]
        self._bus.extend(
            Entry(f"{milliseconds}-{place}", raw, *route_of(raw)) for place, raw in enumerate(fitting, number + 1)
        )
        for raw in raws:
            if len(raw) > self._most_bytes:
                self._asides += 1
                self._aside[str(self._asides)] = raw
        self._bytes += sum(map(len, fitting))
        holder = ""
        derived = min(map(order_of, self._cursors.values()), default=(inf, 0))
        while self.bus_bytes and len(self._bus) > 1 and self._size() > self.bus_bytes:
            if order_of(self._bus[0].id) > derived:
                holder = min(self._cursors, key=lambda cursor: order_of(self._cursors[cursor])) if fitting else ""
                break
            self._bus.popleft()
        is_held = count >= room and bool(self._list)
        newest_id = self.newest_id()
        self._settle_who_is_alone(lone.worker if lone else "", len(fitting))
        entries = self.range(lone.after, newest_id, lone.most) if lone else ()
        return Moved(len(fitting), newest_id, len(self._aside), ended, self._bytes, is_held, holder, entries)

    def await_company(self, worker: str, timeout: float) -> bool:
        """See ``QueuePort``."""
        self._wait(lambda: worker in self._told, timeout)
        is_told = worker in self._told
        self._told.discard(worker)
        return is_told

    def _settle_who_is_alone(self, worker: str, moved: int) -> None:
        alone = self._alone
        if alone in ("", worker) and moved <= MOST_ALONE:
            self._alone = worker
            return
        if alone and moved:
            self._told.add(alone)
            self._alone = ""
        if worker and worker != alone:
            self._told.add(worker)

    def _room(self, newest: int) -> int:
        """Return how many entries may come before one is trimmed that a cursor has not passed."""
        if not self._derived:
            return len(self._list)
        behind = (len(self._behind(self.kept_until(cursor), newest)) for cursor in self._derived)
        return (self._bus.maxlen or 0) - max(behind)

    def _behind(self, entry_id: str, newest: int) -> range:
        """Return the numbers from the next entry that exists to the newest."""
        here = order_of(entry_id)
        first = next((entry.id for entry in self._bus if order_of(entry.id) > here), None)
        return range(0) if first is None else range(number_of(first), newest + 1)

    def memory(self) -> Memory:
        """See ``QueuePort``. Bus and list count as all that takes memory."""
        return Memory(self._size() + sum(map(len, self._list)), self.most_memory, self.memory_policy, self._size())

    def trim(self, keep: int, seconds: float, lost_age: float = 0.0) -> Trimmed:
        """See ``QueuePort``."""
        now = self._now()
        places: dict[tuple[str, ...], str] = dict(self._committed.items())
        places |= {(cursor,): place for cursor, place in self._cursors.items()}
        lately = [place for key, place in places.items() if now - self._moments.setdefault(key, now) < seconds]
        passed = min(map(order_of, lately), default=(0, 0))
        entries = unread = 0
        while len(self._bus) > 1 and self._size() > keep:
            place = order_of(self._bus[0].id)
            if place > passed and not (lost_age and place[0] < (now - lost_age) * 1000):
                break
            self._bus.popleft()
            entries += 1
            unread += place > passed
        derived = min((order_of(place) for key, place in places.items() if len(key) == 1), default=None)
        if entries and derived is not None:
            milliseconds, number = order_of(self._bus[0].id)
            if (milliseconds, number - 1) > max(derived, order_of(self._lost or START)):
                self._lost = f"{milliseconds}-{number - 1}"
        return Trimmed(entries, unread)

    def largest(self, count: int) -> list[tuple[str, int]]:
        """See ``QueuePort``."""
        sizes = [("bus", self._size()), ("list", sum(map(len, self._list)))]
        return sorted(((name, size) for name, size in sizes if size), key=lambda pair: -pair[1])[:count]

    def _size(self) -> int:
        return sum(len(entry.raw) for entry in self._bus)

    def aside(self) -> Aside | None:
        """See ``QueuePort``."""
        return next((Aside(name, raw) for name, raw in self._aside.items()), None)

    def bury_aside(self, name: str, letter: DeadLetter) -> bool:
        """See ``QueuePort``."""
        is_there = self._aside.pop(name, None) is not None
        if is_there:
            self.bury([letter])
        return is_there

    def bind(self, named: Sequence[Named]) -> Repeats:
        """See ``QueuePort``."""
        return self._names.bind(named)

    def read(self, after: str, count: int, timeout: float) -> list[Entry]:
        """See ``QueuePort``."""
        self._wait(lambda: order_of(self.newest_id()) > order_of(after), timeout)
        return self.range(after, self.newest_id(), count)

    def range(self, after: str, until: str, count: int) -> list[Entry]:
        """See ``QueuePort``."""
        if not self._bus:
            return []
        first, last = (bisect_right(self._bus, order_of(place), key=_order) for place in (after, until))
        return list(islice(self._bus, first, max(first, min(last, first + count))))

    def newest_id(self) -> str:
        """See ``QueuePort``."""
        return max(self._bus[-1].id if self._bus else START, self._end, key=order_of)

    def waiting(self) -> int:
        """See ``QueuePort``."""
        return len(self._list)

    def committed_offsets(self, worker: str, lanes: Sequence[str]) -> dict[str, str]:
        """See ``QueuePort``."""
        return {lane: self._committed[worker, lane] for lane in lanes if (worker, lane) in self._committed}

    def commit_offsets(self, worker: str, offsets: Mapping[str, str]) -> None:
        """See ``QueuePort``."""
        newest = order_of(self.newest_id())
        for lane, new in offsets.items():
            self._moments[worker, lane] = self._now()
            position = min(new, self.newest_id(), key=order_of) if self._bus else new
            old = order_of(self._committed.get((worker, lane), START))
            if order_of(position) >= old or old > newest:
                self._committed[worker, lane] = position

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """See ``QueuePort``."""
        for letter in letters:
            name = (letter.entry, letter.reason)
            if letter.entry:
                if name in self._dead_names:
                    continue
                self._dead_names.append(name)
            self._buried += 1
            letter_id = f"{int(self._now() * 1000)}-{self._buried}"
            self._dead.append(msgspec.structs.replace(letter, id=letter_id, entry=""))

    def buried(self, reason: str) -> frozenset[str]:
        """See ``QueuePort``."""
        return frozenset(entry for entry, why in self._dead_names if why == reason)

    def dead_letters(self, after: str, count: int) -> list[DeadLetter]:
        """See ``QueuePort``."""
        return list(islice((letter for letter in self._dead if order_of(letter.id) > order_of(after)), count))

    def requeue(self, letter_id: str) -> bool:
        """See ``QueuePort``."""
        found = [letter for letter in self._dead if letter.id == letter_id and not letter.bytes]
        for letter in found:
            self._dead.remove(letter)
            raw = self._signer.sign_again(letter.raw)
            self._list.append(raw)
            name = maybe_name_in(raw)
            if name is not None:
                self._names.permit(name, self.newest_id())
        return bool(found)

    def keep(
        self,
        cursor: str,
        until: str,
        entries: Sequence[Kept],
        bound: Bound | None = None,
        *,
        kept: str = START,
        direct: Sequence[int] = (),
    ) -> int:
        """See ``QueuePort``. ``has_user`` is the registry."""
        here = order_of(self.kept_until(cursor))
        is_noted = self._lost is not None and number_of(kept) == number_of(self._lost)
        if cursor in self._cursors and order_of(kept) > here and not is_noted:
            self._lost = max(kept, self._lost or START, key=order_of)
        self._moments[cursor,] = self._now()
        touched: dict[_KeptStream, None] = {}
        appended = 0
        for entry in entries:
            if order_of(entry.id) > here:
                stream = self._kept.setdefault(entry.stream, _KeptStream())
                appended += stream.append(entry)
                touched[stream] = None
                self._tell_directly(entry, direct)
        if bound is not None:
            for stream in touched:
                stream.trim(bound, self._now())
        if self._bus:
            until = min(until, self.newest_id(), key=order_of)
        if order_of(until) > here:
            self._cursors[cursor] = until
            self._born.setdefault(cursor, entries[0].id if entries else until)
        return appended

    def begin_keep(
        self,
        cursor: str,
        until: str,
        entries: Sequence[Kept],
        bound: Bound | None = None,
        *,
        kept: str = START,
        direct: Sequence[int] = (),
    ) -> Callable[[], int]:
        """See ``QueuePort``."""
        appended = self.keep(cursor, until, entries, bound, kept=kept, direct=direct)
        return lambda: appended

    def hints(self, lease: int, after: str, count: int, timeout: float) -> list[Hint]:
        """See ``QueuePort``."""

        def found() -> list[Hint]:
            return [hint for hint in self._hints.get(lease, ()) if order_of(hint.id) > order_of(after)][:count]

        self._wait(lambda: bool(found()), timeout)
        return found()

    def _tell_directly(self, entry: Kept, leases: Sequence[int]) -> None:
        for lease in leases if entry.before else ():
            user_id = entry.stream.removeprefix("user:")
            hints = self._hints.setdefault(lease, deque(maxlen=1_000))
            is_new = not hints or order_of(hints[-1].id) < order_of(entry.id)
            if is_new and self.has_user(lease, user_id):
                hints.append(Hint(entry.id, entry.raw, user_id, entry.before))

    def kept_until(self, cursor: str) -> str:
        """See ``QueuePort``."""
        return self._cursors.get(cursor, START)

    def begin_keeping(self, cursor: str) -> str:
        """See ``QueuePort``."""
        self._derived.add(cursor)
        self._moments[cursor,] = self._now()
        newest_id = self.newest_id()
        if newest_id == START:
            newest_id = f"{int(self._now() * 1000)}-0"
        self._born.setdefault(cursor, newest_id)
        until = self._cursors.setdefault(cursor, newest_id)
        if order_of(until) > order_of(newest_id):
            self._lost = max(until, self._lost or START, key=order_of)
        self._end = max(until, self._end, key=order_of)
        return until

    def kept(
        self, cursor: str, streams: Sequence[str], after: str, until: str, count: int, *, size: int = NO_SIZE
    ) -> list[KeptRange]:
        """See ``QueuePort``."""
        doubt = self._history(cursor, after).doubt(after)
        found = [
            self._kept.get(name, _KeptStream()).range(after, until, (count, size), self._now()) for name in streams
        ]
        return [each._replace(gone=doubt or each.gone) for each in found]

    def kept_together(
        self, cursor: str, spans: Sequence[KeptSpan], count: int, *, size: int = NO_SIZE
    ) -> list[list[KeptRange]]:
        """See ``QueuePort``."""
        return [self.kept(cursor, span.streams, span.after, span.until, count, size=size) for span in spans]

    def seen(self, user_id: str) -> str:
        """See ``QueuePort``."""
        entry_id, until = self._seen.get(user_id, (START, inf))
        return entry_id if self._now() < until else START

    def see(self, seen: Mapping[str, str], seconds: int) -> None:
        """See ``QueuePort``."""
        until = self._now() + seconds
        self._seen |= {user_id: (max(self.seen(user_id), seen[user_id], key=order_of), until) for user_id in seen}

    def broken(self) -> list[str]:
        """See ``QueuePort``. Memory has no keys that others could write."""
        return []

    def work(self, stream: str) -> MemoryStreamQueue[DeadLetter]:
        """See ``WorkQueue``. All callers get the same object, as they would share one Redis."""
        if stream not in self._works:
            kept = self._kept.setdefault(stream, _KeptStream())
            self._works[stream] = MemoryStreamQueue(
                stream,
                letter_of=letter_of,
                bury=lambda letter: self.bury([letter]),
                source=kept.messages,
                now=self._now,
                wait=self._wait,
            )
        return self._works[stream]

    def close(self) -> None:
        """See ``QueuePort``."""

    def _go_on_behind(self, known: str) -> str | None:
        """Move the end of the bus behind ``known``. Return the former end if that lay before it."""
        ended, end = None, self.newest_id()
        if order_of(known) > order_of(end):
            ended = end
            self._end = f"{order_of(known)[0] + MARGIN_MS}-{max(number_of(known), number_of(end))}"
        if number_of(known) > number_of(end):
            self._lost = max(known, self._lost or START, key=order_of)
        return ended

    def _history(self, cursor: str, after: str) -> BusHistory:
        behind = bisect_right(self._bus, order_of(after), key=_order)
        return BusHistory(
            self._cursors.get(cursor),
            self._born.get(cursor),
            self.newest_id(),
            self._lost,
            self._bus[0].id if self._bus else None,
            self._bus[behind].id if behind < len(self._bus) else None,
        )

    def _wait(self, is_there: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not is_there() and time.monotonic() < deadline:
            self._sleep(_LOOK_AGAIN)


def _order(entry: Entry) -> tuple[int, int]:
    return order_of(entry.id)


class _KeptStream:
    """Derived stream."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._newest = self._removed = START
        self._expires_at = inf

    def append(self, kept: Kept) -> bool:
        """Append an entry, and return True if the stream did not have it yet."""
        is_new = order_of(kept.id) > order_of(self._newest)
        if is_new:
            self._entries.append(Entry(kept.id, kept.raw))
            self._newest = kept.id
        return is_new

    def messages(self) -> list[Message]:
        """Return the entries that were not trimmed."""
        return [Message(entry.raw, id=entry.id) for entry in self._entries]

    def trim(self, bound: Bound, now: float) -> None:
        """Remove entries that are too many or too old."""
        oldest = (int(now) - bound.seconds) * 1000
        aged = sum(order_of(entry.id)[0] < oldest for entry in self._entries)
        size = len(self._entries) - aged
        self._remove(aged + (size - bound.length if size > bound.most else 0))
        self._expires_at = now + bound.seconds

    def range(self, after: str, until: str, most: tuple[int, int], now: float) -> KeptRange:
        """See ``QueuePort.kept``; ``most`` are its ``count`` and ``size``."""
        if now >= self._expires_at:
            self._remove(len(self._entries))
        first, last = order_of(after), order_of(until)
        found = [entry for entry in self._entries if first < order_of(entry.id) <= last]
        is_gone = order_of(self._removed) > first
        count, size = most
        bytes_before = accumulate((len(entry.raw) for entry in found), initial=0)
        found = [entry for entry, before in zip(found[:count], bytes_before, strict=False) if before < size]
        return KeptRange(found, (Gone.TRIMMED if self._entries else Gone.EXPIRED) if is_gone else None)

    def _remove(self, count: int) -> None:
        if count > 0:
            self._removed = self._entries[count - 1].id
            del self._entries[:count]
