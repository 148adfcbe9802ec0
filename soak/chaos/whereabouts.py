"""Places in Redis where a message was last seen: the first question about a lost one.

Pure: it is given what lies in which place.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from soak.chaos.numbered import mark_of
from soak.chaos.span import spans

Mark = tuple[str, int]


def find(wanted: Iterable[Mark], places: Mapping[str, Iterable[tuple[str, bytes]]]) -> dict[Mark, list[str]]:
    """For each wanted source and number where it lies. ``places``: by name the entries, as (id, bytes)."""
    found: dict[Mark, list[str]] = {mark: [] for mark in wanted}
    for place, entries in places.items():
        for entry_id, raw in entries:
            mark = mark_of(raw)
            if mark in found:
                found[mark].append(f"{place} {entry_id}".strip())
    return found


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
