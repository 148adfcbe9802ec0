"""MemoryLeases: the twin of ``RedisLeases``, for tests. Never the product's answer. Single-threaded."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from tcelib.lease.port import (
    CHANGES,
    NOWHERE,
    SLICE,
    Change,
    Holder,
    LeaseEndedError,
    NameTakenError,
    Op,
    Page,
    Registration,
    RegistryRefusedError,
    Renewal,
)

MICROSECONDS = 1_000_000


@dataclass
class Entry:
    """One lease, until it is buried. ``ends`` is None from the moment when somebody has seen it end."""

    registration: Registration
    ends: float | None
    load: Mapping[str, int] = field(default_factory=dict)
    items: dict[str, dict[str, None]] = field(default_factory=dict)
    told: int = 0


class MemoryLeases:
    """See ``LeasePort``. ``now`` returns epoch seconds."""

    address = "memory"

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._entries: dict[int, Entry] = {}
        self._last = 0
        self._changes: list[Change] = []
        self._positions = count(1)

    def join(self, registration: Registration, seconds: float, *, replaces: int = 0) -> int:
        """See ``LeasePort``."""
        for holder in self.holders(registration.kind):
            told = holder.registration
            if told.name != registration.name or (told.sharing and told.sharing == registration.sharing):
                continue
            if holder.number != replaces:
                raise NameTakenError(self.address, holder)
            self._end(holder.number, Op.ENDED)
        self._last = max(self._last + 1, int(self._now() * MICROSECONDS))
        self._entries[self._last] = Entry(registration, self._now() + seconds)
        self._tell(Op.JOINED, self._last, registration)
        return self._last

    def renew(self, number: int, seconds: float, load: Mapping[str, int] | None = None) -> Renewal:
        """See ``LeasePort``."""
        entry = self._live(number)
        entry.ends = self._now() + seconds
        if load is not None:
            entry.load = dict(load)
        return Renewal(self._is_anything_over(), entry.told)

    def hold(self, number: int, what: str, items: Sequence[str]) -> int:
        """See ``LeasePort``."""
        held = self._items(number, what)
        new = tuple(item for item in dict.fromkeys(items) if item not in held)
        held.update(dict.fromkeys(new))
        if new:
            self._tell(Op.HELD, number, what=what, items=new)
        return self._count_told(number)

    def drop(self, number: int, what: str, items: Sequence[str]) -> int:
        """See ``LeasePort``."""
        held = self._items(number, what)
        gone = tuple(item for item in dict.fromkeys(items) if item in held)
        for item in gone:
            del held[item]
        if gone:
            self._tell(Op.DROPPED, number, what=what, items=gone)
        return self._count_told(number)

    def leave(self, number: int) -> None:
        """See ``LeasePort``."""
        if self._is_live(number):
            self._end(number, Op.LEFT)

    def bury(self) -> bool:
        """See ``LeasePort``."""
        ended = next((number for number, entry in self._entries.items() if self._has_run_out(entry)), None)
        if ended is not None:
            self._end(ended, Op.ENDED)
        grave = next((number for number, entry in self._entries.items() if entry.ends is None), None)
        if grave is not None:
            self._bury_slice(grave)
        return self._is_anything_over()

    def holders(self, kind: str = "") -> list[Holder]:
        """See ``LeasePort``."""
        return [
            Holder(
                number,
                entry.registration,
                entry.ends - self._now(),
                dict(entry.load),
                {what: len(entry.items.get(what, ())) for what in entry.registration.holds},
            )
            for number, entry in self._entries.items()
            if entry.ends is not None and self._is_live(number) and kind in ("", entry.registration.kind)
        ]

    def where(self, what: str, items: Collection[str]) -> dict[str, tuple[int, ...]]:
        """See ``LeasePort``."""
        live = {number: entry.items.get(what, {}) for number, entry in self._entries.items() if self._is_live(number)}
        found = {item: tuple(number for number, held in live.items() if item in held) for item in items}
        return {item: numbers for item, numbers in found.items() if numbers}

    def held(self, number: int, what: str, cursor: str = "") -> Page:
        """See ``LeasePort``."""
        entry = self._entries.get(number)
        items = sorted(entry.items.get(what, ())) if entry else []
        page = [item for item in items if not cursor or item > cursor][:SLICE]
        return Page(tuple(page), page[-1] if len(page) == SLICE else "")

    def position(self) -> str:
        """See ``LeasePort``."""
        return self._changes[-1].position if self._changes else NOWHERE

    def changes(self, after: str, count: int) -> list[Change] | None:
        """See ``LeasePort``."""
        places = [change.position for change in self._changes]
        if after not in places:
            return None
        start = places.index(after) + 1
        return self._changes[start : start + count]

    def recent(self, since_ms: int) -> list[Change]:
        """See ``LeasePort``."""
        return [change for change in self._changes if change.at_ms >= since_ms]

    def now_ms(self) -> int:
        """See ``LeasePort``."""
        return round(self._now() * 1000)

    def wait(self, after: str, seconds: float) -> None:
        """See ``LeasePort``. Returns at once."""

    def close(self) -> None:
        """See ``LeasePort``."""

    def _bury_slice(self, number: int) -> None:
        entry = self._entries[number]
        for what, held in entry.items.items():
            if held:
                gone = tuple(held)[:SLICE]
                for item in gone:
                    del held[item]
                self._tell(Op.DROPPED, number, what=what, items=gone)
                break
        if not any(entry.items.values()):
            del self._entries[number]

    def _count_told(self, number: int) -> int:
        self._entries[number].told += 1
        return self._entries[number].told

    def _items(self, number: int, what: str) -> dict[str, None]:
        entry = self._live(number)
        if what not in entry.registration.holds:
            raise RegistryRefusedError(self.address, f"the lease {number} holds no {what!r}")
        return entry.items.setdefault(what, {})

    def _live(self, number: int) -> Entry:
        if not self._is_live(number):
            raise LeaseEndedError(self.address, number)
        return self._entries[number]

    def _is_live(self, number: int) -> bool:
        entry = self._entries.get(number)
        return entry is not None and entry.ends is not None and entry.ends > self._now()

    def _has_run_out(self, entry: Entry) -> bool:
        return entry.ends is not None and entry.ends <= self._now()

    def _is_anything_over(self) -> bool:
        return any(entry.ends is None or self._has_run_out(entry) for entry in self._entries.values())

    def _end(self, number: int, op: Op) -> None:
        self._entries[number].ends = None
        self._tell(op, number)

    def _tell(
        self,
        op: Op,
        number: int,
        registration: Registration | None = None,
        what: str = "",
        items: tuple[str, ...] = (),
    ) -> None:
        at_ms = max(self.now_ms(), self._changes[-1].at_ms if self._changes else 0)
        self._changes.append(Change(f"{next(self._positions)}", op, number, registration, what, items, at_ms))
        del self._changes[:-CHANGES]
