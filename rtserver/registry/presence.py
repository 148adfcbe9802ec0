"""PresenceTable: who is present in which scope, and the events of joining and leaving. Pure.

A user joins with the first holder that has it, and leaves when no holder has had it for a while, so that neither a
second tab nor a page that is loaded again says anything. All times are those of the registry's clock, and nothing
else decides. So all workers that follow a registry come to the same events at the same moments, and none has to tell
the others. ``presence_follower`` feeds the table.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from rtserver.registry.presence_scope import place_of, places_of
from tcelib.lease.port import Change, Op

NOBODY: frozenset[str] = frozenset()


class Linger(NamedTuple):
    """Milliseconds from the loss of a user's last holder to the leave.

    ``dropped_ms`` counts where the holder said so, ``ended_ms`` where its lease ended or was given back.
    """

    dropped_ms: int = 10_000
    ended_ms: int = 30_000


class Event(NamedTuple):
    """A join (``is_here``) or a leave, at a moment of the registry's clock."""

    at_ms: int
    scope: str
    user: str
    is_here: bool


class _Absence(NamedTuple):
    """A user without a holder: when that becomes a leave, and the last holder."""

    until_ms: int
    number: int


class PresenceTable:
    """Users who are present. Holders of items are those of the registry, by number.

    ``now_ms`` is the moment up to which all is known.
    """

    def __init__(self, linger: Linger) -> None:
        self._linger = linger
        self.now_ms = 0
        self._held: dict[int, dict[str, set[str]]] = {}  # by holder and scope
        self._here: dict[str, set[str]] = {}  # by scope; those who linger are here
        self._absent: dict[tuple[str, str], _Absence] = {}
        self._due: list[tuple[int, str, str]] = []  # a heap; entries that hold no more stay until their moment

    def present(self, scope: str) -> Collection[str]:
        """Return who is present in a scope: a live view."""
        return self._here.get(scope, NOBODY)

    def next_due_ms(self) -> int | None:
        """Return the earliest moment at which somebody may leave; None if nobody lingers."""
        return self._due[0][0] if self._absent else None

    def load(self, number: int, what: str, items: Iterable[str]) -> None:
        """Add what a holder has as of the beginning: no event."""
        for place in (place_of(what, item) for item in items):
            if place is not None:
                self._hold(number, *place)

    def load_absent(self, changes: Iterable[Change], now_ms: int) -> None:
        """Let those linger, as of the beginning, who have lately lost their last holder: no event."""
        lost: dict[tuple[str, str], tuple[int, int]] = {}
        ended: dict[int, int] = {}
        for change in changes:
            if change.op is Op.DROPPED:
                lost.update(dict.fromkeys(places_of(change), (change.at_ms, change.number)))
            elif change.op in (Op.LEFT, Op.ENDED):
                ended.setdefault(change.number, change.at_ms)
        for (scope, user), (at_ms, number) in lost.items():
            until_ms = at_ms + self._linger.dropped_ms
            if number in ended:
                until_ms = max(until_ms, ended[number] + self._linger.ended_ms)
            if until_ms > now_ms:
                self.let_linger(scope, user, until_ms, number)

    def let_linger(self, scope: str, user: str, until_ms: int, number: int = 0) -> None:
        """Count a user as present until a moment, unless a holder has it."""
        here = self._here.setdefault(scope, set())
        if user not in here:
            here.add(user)
            self._await(scope, user, until_ms, number)

    def carry(self, old: "PresenceTable", now_ms: int) -> list[Event]:
        """Go on from a table of before: whoever is missing lingers as after a holder's end. Return the joins."""
        for (scope, user), absence in old._absent.items():
            self.let_linger(scope, user, absence.until_ms, absence.number)
        events = []
        for scope in {*old._here, *self._here}:
            before, after = old.present(scope), self.present(scope)
            events += [Event(now_ms, scope, user, True) for user in after if user not in before]
            for user in [user for user in before if user not in after]:
                self.let_linger(scope, user, now_ms + self._linger.ended_ms)
        return events

    def apply(self, change: Change) -> list[Event]:
        """Bring the table up to a change, and everything that is due before it. Return the events in their order."""
        events = self.advance(change.at_ms - 1)
        self.now_ms = max(self.now_ms, change.at_ms)
        if change.op is Op.HELD:
            joined = [place for place in places_of(change) if self._hold(change.number, *place)]
            events += [Event(change.at_ms, scope, user, True) for scope, user in joined]
        elif change.op is Op.DROPPED:
            for scope, user in places_of(change):
                self._drop(change.number, scope, user, change.at_ms + self._linger.dropped_ms)
        elif change.op in (Op.LEFT, Op.ENDED):
            self._end(change.number, change.at_ms + self._linger.ended_ms)
        return events

    def advance(self, now_ms: int) -> list[Event]:
        """Return the leaves that are due at a moment, up to which all changes have been applied."""
        events = []
        while self._due and self._due[0][0] <= now_ms:
            at_ms, scope, user = heapq.heappop(self._due)
            absence = self._absent.get((scope, user))
            if absence is None or absence.until_ms != at_ms:
                continue  # back, or given more time
            del self._absent[scope, user]
            self._remove(scope, user)
            events.append(Event(at_ms, scope, user, False))
        self.now_ms = max(self.now_ms, now_ms)
        return events

    def _hold(self, number: int, scope: str, user: str) -> bool:
        """Note that a holder has a user. Return True if the user was not present."""
        self._held.setdefault(number, {}).setdefault(scope, set()).add(user)
        self._absent.pop((scope, user), None)
        here = self._here.setdefault(scope, set())
        if user in here:
            return False
        here.add(user)
        return True

    def _drop(self, number: int, scope: str, user: str, until_ms: int) -> None:
        held = self._held.get(number, {}).get(scope, set())
        if user in held:
            held.remove(user)
            if not held:
                del self._held[number][scope]
            if not self._is_held(scope, user):
                self._await(scope, user, until_ms, number)

    def _end(self, number: int, until_ms: int) -> None:
        """Let everybody linger whom a holder has had alone, and those longer who have lost it just before."""
        for scope, users in self._held.pop(number, {}).items():
            for user in users:
                if not self._is_held(scope, user):
                    self._await(scope, user, until_ms, number)
        given = [place for place, absence in self._absent.items() if absence.number == number]
        for scope, user in given:
            if self._absent[scope, user].until_ms < until_ms:
                self._await(scope, user, until_ms, number)

    def _is_held(self, scope: str, user: str) -> bool:
        return any(user in by_scope.get(scope, NOBODY) for by_scope in self._held.values())

    def _await(self, scope: str, user: str, until_ms: int, number: int) -> None:
        self._absent[scope, user] = _Absence(until_ms, number)
        heapq.heappush(self._due, (until_ms, scope, user))

    def _remove(self, scope: str, user: str) -> None:
        here = self._here[scope]
        here.remove(user)
        if not here:
            del self._here[scope]


def net(events: Iterable[Event]) -> Mapping[str, bool]:
    """Return where the users of some consecutive events of one scope end: here, or gone.

    Whoever ends as before the events is among them: who gets this may have seen the state in between.
    """
    return {event.user: event.is_here for event in events}
