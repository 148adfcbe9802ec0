"""Names of messages in memory, for the queue's twin: see ``lua/bind.lua``, which keeps the same rule in Redis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rtserver.base.queue.port import Named, Repeats, number_of, order_of


@dataclass
class _NameRecord:
    """Notes about one name. ``told`` is the newest repeat that was counted."""

    entries: list[str] = field(default_factory=list)
    permissions: list[str] = field(default_factory=list)
    told: str = ""


class MemoryNames:
    """Names of messages, the last ``most`` of them. ``bus_length()`` returns the number of entries on the bus."""

    def __init__(self, seconds: float, most: int, bus_length: Callable[[], int]) -> None:
        self._span = seconds * 1000
        self._most = most
        self._bus_length = bus_length
        self._known: dict[bytes, _NameRecord] = {}

    def bind(self, named: Sequence[Named]) -> Repeats:
        """See ``QueuePort``."""
        if not self._span:
            return Repeats(frozenset(), 0)
        repeats, untold = set(), 0
        for entry_id, name in named:
            known = self._known.setdefault(name, _NameRecord())
            if self._has(known, entry_id):
                continue
            repeats.add(entry_id)
            if not known.told or not _is_same_bus(entry_id, known.told) or _is_behind(entry_id, known.told):
                known.told = entry_id
                untold += 1
        for name in list(self._known)[: -self._most]:
            del self._known[name]
        return Repeats(frozenset(repeats), untold)

    def permit(self, name: bytes, behind: str) -> None:
        """Allow one more entry behind ``behind`` to have the name."""
        self._known.setdefault(name, _NameRecord()).permissions.append(behind)

    def _has(self, known: _NameRecord, entry_id: str) -> bool:
        """Bind the name to the entry if it may have it, and return True if it has."""
        if entry_id in known.entries:
            return True
        is_repeat = any(_is_same_bus(entry_id, one) and self._is_near(entry_id, one) for one in known.entries)
        permission = next((one for one in known.permissions if _may_follow(entry_id, one)), None)
        if permission is not None:
            known.permissions.remove(permission)
        elif is_repeat:
            return False
        kept = [one for one in known.entries if _is_same_bus(entry_id, one) and not self._is_past(one, entry_id)]
        known.entries = sorted([*kept, entry_id], key=order_of)
        return True

    def _is_near(self, one: str, other: str) -> bool:
        return abs(order_of(one)[0] - order_of(other)[0]) < self._span

    def _is_past(self, entry_id: str, newer: str) -> bool:
        is_off = number_of(entry_id) <= number_of(newer) - self._bus_length()
        return is_off and not self._is_near(entry_id, newer)


def _is_behind(one: str, other: str) -> bool:
    return order_of(one) > order_of(other)


def _may_follow(entry_id: str, permission: str) -> bool:
    return _is_behind(entry_id, permission) or not _is_same_bus(entry_id, permission)


def _is_same_bus(one: str, other: str) -> bool:
    """Return True if both ids may be of one bus, where ids grow in both parts."""
    (ms, number), (other_ms, other_number) = order_of(one), order_of(other)
    return ms == other_ms or (ms - other_ms) * (number - other_number) > 0
