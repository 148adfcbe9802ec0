"""The table of who is present: joins, leaves and what lies between them, by a clock that the test moves."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.registry.presence import Event, Linger, PresenceTable, net
from rtserver.registry.presence_scope import member_item
from tcelib.lease.port import Change, Op, Registration

WORKER = Registration("worker", "a", holds=("user", "member"))
ONE, TWO = 1, 2


class Registry:
    """Changes of a registry, and the table that gets them."""

    def __init__(self) -> None:
        self.table = PresenceTable(Linger())
        self.now = 1_000_000
        self.changes: list[Change] = []
        self.heard: list[tuple[str, str]] = []

    def join(self, number: int) -> None:
        self._apply(Op.JOINED, number, registration=WORKER)

    def hold(self, number: int, *users: str, what: str = "user") -> None:
        self._apply(Op.HELD, number, what=what, items=users)

    def drop(self, number: int, *users: str, what: str = "user") -> None:
        self._apply(Op.DROPPED, number, what=what, items=users)

    def leave(self, number: int) -> None:
        self._apply(Op.LEFT, number)

    def end(self, number: int) -> None:
        self._apply(Op.ENDED, number)

    def wait(self, seconds: float) -> list[tuple[str, str]]:
        """Let time pass, and return what has been heard since the last wait: "+" or "-" and the user."""
        self.now += round(seconds * 1000)
        self._hear(self.table.advance(self.now))
        heard, self.heard = self.heard, []
        return heard

    def _apply(
        self,
        op: Op,
        number: int,
        *,
        registration: Registration | None = None,
        what: str = "",
        items: tuple[str, ...] = (),
    ) -> None:
        change = Change(f"{len(self.changes)}", op, number, registration, what, items, self.now)
        self.changes.append(change)
        self._hear(self.table.apply(change))

    def _hear(self, events: Iterable[Event]) -> None:
        self.heard += [("+" if event.is_here else "-", event.user) for event in events]


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.join(ONE)
    made.join(TWO)
    return made


def test_a_user_joins_at_once_and_leaves_after_the_linger(registry: Registry) -> None:
    registry.hold(ONE, "7")
    assert registry.wait(0) == [("+", "7")]
    registry.drop(ONE, "7")
    assert registry.wait(9.9) == []
    assert set(registry.table.present("all")) == {"7"}
    assert registry.wait(0.1) == [("-", "7")]
    assert set(registry.table.present("all")) == set()


def test_a_client_that_flaps_five_times_in_eight_seconds_says_nothing(registry: Registry) -> None:
    registry.hold(ONE, "7")
    registry.wait(60)
    heard = []
    for number in (ONE, TWO, ONE, TWO, ONE):
        registry.drop(number, "7")
        heard += registry.wait(0.8)
        registry.hold(TWO if number == ONE else ONE, "7")
        heard += registry.wait(0.8)
    assert heard + registry.wait(60) == []


def test_a_user_on_two_workers_is_one_user(registry: Registry) -> None:
    registry.hold(ONE, "7")
    registry.hold(TWO, "7")
    assert registry.wait(0) == [("+", "7")]
    registry.drop(ONE, "7")
    assert registry.wait(60) == []
    registry.drop(TWO, "7")
    assert registry.wait(10) == [("-", "7")]


@pytest.mark.parametrize("way", ["end", "leave"])
def test_the_users_of_a_worker_that_has_gone_leave_once_after_the_longer_linger(registry: Registry, way: str) -> None:
    registry.hold(ONE, "7", "8", "9")
    registry.hold(TWO, "8")
    registry.wait(0)
    getattr(registry, way)(ONE)
    registry.drop(ONE, "7", "8", "9")  # the burial
    assert registry.wait(29.9) == []
    registry.hold(TWO, "9")
    assert registry.wait(0.2) == [("-", "7")]
    assert registry.wait(60) == []


def test_those_whom_a_worker_dropped_on_its_way_out_get_the_longer_linger(registry: Registry) -> None:
    registry.hold(ONE, "7")
    registry.drop(ONE, "7")
    registry.wait(5)
    registry.leave(ONE)
    assert registry.wait(29.9) == []
    assert registry.wait(0.1) == [("-", "7")]


def test_whoever_is_back_in_the_millisecond_of_the_leave_has_not_left(registry: Registry) -> None:
    registry.hold(ONE, "7")
    registry.drop(ONE, "7")
    registry.heard.clear()
    registry.now += 10_000
    registry.hold(ONE, "7")
    assert registry.wait(60) == []


def test_a_leave_before_a_change_comes_before_it(registry: Registry) -> None:
    registry.hold(ONE, "7")
    registry.drop(ONE, "7")
    registry.now += 10_001
    registry.hold(ONE, "7")
    assert registry.wait(0) == [("+", "7"), ("-", "7"), ("+", "7")]


def test_scopes_are_apart(registry: Registry) -> None:
    registry.hold(ONE, "7")
    registry.hold(ONE, member_item("channel:a", "7"), member_item("group:x:y", "7"), what="member")
    registry.hold(ONE, "no scope at all", what="member")
    registry.hold(ONE, "4711", what="device")
    assert [set(registry.table.present(scope)) for scope in ("all", "channel:a", "group:x:y", "channel:b")] == [
        {"7"},
        {"7"},
        {"7"},
        set(),
    ]
    registry.wait(0)
    registry.drop(ONE, member_item("channel:a", "7"), what="member")
    registry.wait(10)
    assert set(registry.table.present("all")) == {"7"}
    assert set(registry.table.present("channel:a")) == set()


def test_a_table_that_begins_lets_those_linger_who_have_left_lately(registry: Registry) -> None:
    registry.hold(ONE, "1", "2", "3")
    registry.hold(TWO, "4", "5")
    registry.wait(60)
    registry.drop(ONE, "1")
    registry.wait(6)
    registry.drop(ONE, "2")
    registry.end(TWO)
    registry.drop(TWO, "4", "5")
    registry.hold(ONE, "5")
    registry.wait(5)
    late = PresenceTable(Linger())
    late.advance(registry.now)
    late.load(ONE, "user", ["3", "5"])
    late.load_absent([change for change in registry.changes if change.at_ms >= registry.now - 30_000], registry.now)
    for seconds in (0, 5, 20):
        registry.wait(seconds)
        late.advance(registry.now)
        assert set(late.present("all")) == set(registry.table.present("all"))
    assert set(late.present("all")) == {"3", "5"}


def test_a_table_that_begins_anew_says_nothing_of_those_who_are_back_in_time() -> None:
    old, new = PresenceTable(Linger()), PresenceTable(Linger())
    old.load(ONE, "user", ["1", "2"])
    new.load(TWO, "user", ["3"])
    assert new.carry(old, 1_000) == [Event(1_000, "all", "3", True)]
    assert set(new.present("all")) == {"1", "2", "3"}
    back = Change("1", Op.HELD, TWO, None, "user", ("1",), 5_000)
    assert new.apply(back) == []
    assert new.advance(31_000) == [Event(31_000, "all", "2", False)]


def test_the_net_of_events_is_where_each_user_ends() -> None:
    steps = ["+1", "-2", "-1", "+2", "+3", "-4", "-3", "+3"]
    events = [Event(at, "all", user, sign == "+") for at, (sign, user) in enumerate(steps)]
    assert net(events) == {"1": False, "2": True, "3": True, "4": False}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "drop", "end", "wait"]),
        st.integers(1, 3),
        st.sampled_from("abc"),
        st.integers(0, 15),
    ),
    max_size=40,
)


@given(STEPS)
def test_events_alternate_and_end_with_the_truth(steps: list[tuple[str, int, str, int]]) -> None:
    registry = Registry()
    held: dict[int, set[str]] = {1: set(), 2: set(), 3: set()}
    here: set[str] = set()
    for way, number, user, seconds in [*steps, ("wait", 1, "a", 60)]:
        if way == "hold":
            registry.hold(number, user)
            held[number].add(user)
        elif way == "drop":
            registry.drop(number, user)
            held[number].discard(user)
        elif way == "end":
            registry.end(number)
            held[number].clear()
        for sign, who in registry.wait(seconds if way == "wait" else 0):
            assert (who in here) == (sign == "-")
            (here.add if sign == "+" else here.remove)(who)
        assert set().union(*held.values()) <= here
    assert here == set().union(*held.values()) == set(registry.table.present("all"))
