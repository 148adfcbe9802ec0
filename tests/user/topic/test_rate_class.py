"""A class of a rate: how updates become one."""

from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.bridge.message import Row, Update
from rtserver.base.wire.frame import text_frame
from rtserver.user.topic.rate_class import MOST_ROWS, RateClass
from rtserver.user.topic.subscriber import Subscribers
from tests.user_side import payload_of


class Listener:
    framing = staticmethod(text_frame)

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    @property
    def connection(self) -> "Listener":
        return self

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        self.heard.append(payload_of(frame))


class Notebook:
    """A pacer that notes what it is asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def expect(self, rate_class: RateClass) -> None:
        self.calls.append("expect")

    def release(self, rate_class: RateClass) -> None:
        self.calls.append("release")

    def forget(self, rate_class: RateClass) -> None:
        self.calls.append("forget")


@pytest.fixture
def pacer() -> Notebook:
    return Notebook()


@pytest.fixture
def rate_class(pacer: Notebook) -> RateClass:
    rate_class = RateClass(Subscribers(("t", "g"), lambda update: b""), 2.0, pacer)
    rate_class.add(Listener())
    return rate_class


def test_it_is_drawn_as_its_group_is_and_has_the_groups_key(pacer: Notebook) -> None:
    group = Subscribers(("t", "g"), lambda update: b"drawn")
    rate_class = RateClass(group, 0.5, pacer)
    assert (rate_class.key, rate_class.draw, rate_class.interval) == (group.key, group.draw, 2.0)


def test_one_update_stays_what_it_is(rate_class: RateClass, pacer: Notebook) -> None:
    update = Update("t", 9, (("a", 1), ("b", 2)))
    rate_class.hold(update)
    assert pacer.calls == ["expect"]
    assert rate_class.take() == update


def test_updates_become_one_with_all_rows_in_order(rate_class: RateClass) -> None:
    rate_class.hold(Update("t", 2, (("a", 1), ("b", 2))))
    rate_class.hold(Update("t", 3, (("c", 3),)))
    taken = rate_class.take()
    assert taken == Update("t", 3, (("a", 1), ("b", 2), ("c", 3)))
    assert taken.prev_seq == 0


def test_a_growing_bar_is_shown_as_it_is_last_and_its_earlier_states_are_counted(rate_class: RateClass) -> None:
    rate_class.hold(Update("t", 6, (("a", 1), ("a", 2))))
    rate_class.hold(Update("t", 8, (("a", 3), ("b", 1))))
    rate_class.hold(Update("t", 9, (("b", 2),)))
    taken = rate_class.take()
    assert taken.payload == (("a", 3), ("b", 2))
    assert (taken.prev_seq, taken.seq) == (4, 9)


def test_a_label_that_comes_back_after_another_is_a_row_of_its_own(rate_class: RateClass) -> None:
    rate_class.hold(Update("t", 3, (("a", 1), ("b", 2), ("a", 3))))
    assert rate_class.take().payload == (("a", 1), ("b", 2), ("a", 3))


def test_what_was_taken_is_not_sent_again(rate_class: RateClass) -> None:
    rate_class.hold(Update("t", 2, (("a", 1), ("a", 2))))
    rate_class.take()
    assert not rate_class.is_waiting
    rate_class.hold(Update("t", 3, (("a", 3),)))
    assert rate_class.take() == Update("t", 3, (("a", 3),))


def test_too_many_rows_leave_before_their_time_rather_than_being_left_out(
    rate_class: RateClass, pacer: Notebook
) -> None:
    for number in range(MOST_ROWS):
        rate_class.hold(Update("t", number + 1, ((number, 0),)))
    assert pacer.calls == ["expect"] * (MOST_ROWS - 1) + ["release"]
    assert len(rate_class.take().payload) == MOST_ROWS


def test_a_bar_that_grows_for_long_takes_one_row(rate_class: RateClass, pacer: Notebook) -> None:
    for number in range(3 * MOST_ROWS):
        rate_class.hold(Update("t", number + 1, (("a", number),)))
    assert "release" not in pacer.calls
    assert rate_class.take().payload == (("a", 3 * MOST_ROWS - 1),)


def test_to_settle_is_to_release_what_waits_and_otherwise_nothing(rate_class: RateClass, pacer: Notebook) -> None:
    rate_class.settle()
    assert pacer.calls == []
    rate_class.hold(Update("t", 1, (("a", 1),)))
    rate_class.settle()
    assert pacer.calls == ["expect", "release"]


def test_without_members_nothing_is_held(rate_class: RateClass, pacer: Notebook) -> None:
    [members] = rate_class.kinds.values()
    rate_class.remove(next(iter(members)))
    rate_class.hold(Update("t", 1, (("a", 1),)))
    assert (pacer.calls, rate_class.is_waiting) == ([], False)


def test_at_its_end_what_waits_is_forgotten(rate_class: RateClass, pacer: Notebook) -> None:
    rate_class.hold(Update("t", 1, (("a", 1),)))
    rate_class.end()
    assert (pacer.calls[-1], rate_class.is_waiting) == ("forget", False)


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=12))
def test_whoever_draws_the_one_update_sees_what_they_would_have_seen_of_all(batches: list[list[str]]) -> None:
    rate_class = RateClass(Subscribers(("t", "g"), lambda update: b""), 1.0, Notebook())
    rate_class.add(Listener())
    seq = 40
    one_by_one: list[Row] = []
    for labels in batches:
        rows = tuple((label, seq + place) for place, label in enumerate(labels))
        seq += len(rows)
        rate_class.hold(Update("t", seq, rows))
        draw(one_by_one, rows)
    taken = rate_class.take()
    together: list[Row] = []
    draw(together, taken.payload)
    assert together == one_by_one
    assert (taken.prev_seq, taken.seq) == (40, seq)


def draw(series: list[Row], rows: tuple[Row, ...]) -> None:
    """The protocol's rule: a row whose label is the last one's replaces it."""
    for row in rows:
        if series and series[-1][0] == row[0]:
            series[-1] = row
        else:
            series.append(row)
