"""Places in Redis where a message was last seen: the first question about a lost one.

Pure: it is given what lies in which place.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from soak.chaos.numbered import Kind, mark_of
from soak.chaos.span import spans

Mark = tuple[str, int]
QUEUE_KEYS, BUS, INTAKE = "}:", "}:bus", "}:intake"
DERIVED = {str(Kind.PUSH): "}:user:", str(Kind.ONCE): "}:once:"}
"""Streams from which a server brings the messages of a kind to those who come later."""


def find(wanted: Iterable[Mark], places: Mapping[str, Iterable[tuple[str, bytes]]]) -> dict[Mark, list[str]]:
    """For each wanted source and number where it lies. ``places``: by name the entries, as (id, bytes)."""
    found: dict[Mark, list[str]] = {mark: [] for mark in wanted}
    for place, entries in places.items():
        for entry_id, raw in entries:
            mark = mark_of(raw)
            if mark in found:
                found[mark].append(f"{place} {entry_id}".strip())
    return found


def is_kept(source: str, where: Iterable[str]) -> bool:
    """Return whether a message that lies there comes to all who wait for it, sooner or later.

    It does from the list. From the bus it comes to those who are there, and from what is derived to those who come
    later. Either may be missing: a server derives what it had read of a bus whose end is lost.
    """
    names = [place.partition(" ")[0] for place in where]
    if any(QUEUE_KEYS not in name or name.endswith(INTAKE) for name in names):
        return True
    derived = DERIVED.get(source.partition(":")[0], BUS)
    return any(name.endswith(BUS) for name in names) and any(derived in name for name in names)


def is_once_on_bus(where: Iterable[str]) -> bool:
    """Return whether a message has no second entry on the bus."""
    return sum(place.partition(" ")[0].endswith(BUS) for place in where) < 2


def describe(found: Mapping[Mark, list[str]]) -> list[str]:
    """A line for each message, and for neighbours that lie in the same places one line together."""
    together: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    for (source, number), where in found.items():
        together[source, tuple(place.partition(" ")[0] for place in where)].append(number)
    lines = []
    for (source, places), numbers in together.items():
        first = found[source, numbers[0]]
        lines.append(f"{source} #{spans(numbers)}: {', '.join(places) or 'nowhere in Redis'}{_example(first)}")
    return lines


def _example(where: list[str]) -> str:
    return f" (the first: {'; '.join(where)})" if where else ""
