"""The verdict on single arrivals: each kind of wrong is seen, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soak.chaos.track import Picture, Track, Wrong


def taken(track: Track, *numbers: int, life: int = 0) -> list[Wrong | None]:
    """Return the mistake of each arrival, None for a right one."""
    return [track.take(number, life) for number in numbers]


def shown(*numbers: int, length: int = 1000) -> Picture:
    """A chart that shows these."""
    return Picture(lambda: numbers, length)


def test_what_comes_once_and_in_order_is_as_promised() -> None:
    track = Track()
    assert taken(track, 1, 2, 3) == [None, None, None]
    assert track.is_complete(3)
    assert track.missing(3) == []


def test_a_message_that_never_came_is_missing() -> None:
    track = Track()
    taken(track, 1, 3)
    assert track.missing(3) == [2]
    assert not track.is_complete(3)


def test_messages_behind_the_last_one_that_came_are_missing() -> None:
    track = Track()
    taken(track, 1)
    assert track.missing(4) == [2, 3, 4]


def test_the_first_ones_may_be_missing_too() -> None:
    track = Track()
    taken(track, 3)
    assert track.missing(3) == [1, 2]


def test_nothing_is_missing_of_what_was_not_sent() -> None:
    assert Track().is_complete(0)
    assert Track().missing(0) == []


def test_what_came_before_its_acknowledgement_is_not_missing() -> None:
    track = Track()
    taken(track, 1, 2)
    assert track.is_complete(1)


def test_a_second_time_is_one_too_many() -> None:
    assert taken(Track(), 1, 2, 2, 1) == [None, None, Wrong.DOUBLED, Wrong.DOUBLED]


def test_a_message_behind_a_later_one_is_out_of_order_and_not_missing() -> None:
    track = Track()
    assert taken(track, 1, 3, 2) == [None, None, Wrong.REORDERED]
    assert track.is_complete(3)


def test_a_late_message_that_comes_again_is_doubled() -> None:
    assert taken(Track(), 2, 1, 1) == [None, Wrong.REORDERED, Wrong.DOUBLED]


def test_without_a_reason_no_life_may_go_back() -> None:
    track = Track()
    taken(track, 1, 2, 3)
    taken(track, 3, 4, life=1)
    assert track.take_excess() == [3]
    assert track.repeated == 0


def test_after_a_death_a_handler_may_go_back_a_little() -> None:
    track = Track()
    taken(track, 1, 2, 3)
    track.allow(2)
    assert taken(track, 2, 3, 4, life=1) == [None, None, None]
    assert track.repeated == 2
    assert track.take_excess() == []


def test_who_goes_back_too_far_has_broken_the_contract() -> None:
    track = Track()
    taken(track, 1, 2, 3)
    track.allow(2)
    taken(track, 1, 2, 3, life=1)
    assert track.take_excess() == [3]
    assert track.take_excess() == []


def test_who_goes_back_within_one_life_has_broken_the_contract() -> None:
    track = Track()
    taken(track, 1, 2, 3)
    track.allow(2)
    assert taken(track, 2) == [Wrong.DOUBLED]


def test_after_a_death_going_on_too_far_is_still_a_loss() -> None:
    track = Track()
    taken(track, 1, 2)
    track.allow(2)
    assert taken(track, 4, 5, life=1) == [None, None]
    assert track.missing(5) == [3]


def test_what_was_skipped_may_come_in_the_next_life() -> None:
    track = Track()
    taken(track, 1, 3)
    track.allow(1)
    assert taken(track, 2, 3, life=1) == [None, None]
    assert track.is_complete(3)


def test_two_lives_beside_each_other_keep_their_own_order() -> None:
    track = Track()
    track.allow(10)
    arrivals = [(1, 0), (1, 1), (2, 0), (3, 0), (2, 1), (1, 1)]
    assert [track.take(number, life) for number, life in arrivals] == [None] * 5 + [Wrong.DOUBLED]


def test_every_death_gives_another_allowance() -> None:
    track = Track(is_ordered=False)
    taken(track, 1, 2, 3)
    track.allow(1)
    track.allow(1)
    taken(track, 3, 1, 2)
    assert track.take_excess() == [2]


def test_what_is_allowed_in_time_is_no_excess() -> None:
    track = Track()
    taken(track, 1, 2)
    taken(track, 1, 2, life=1)
    track.allow(2)
    assert track.take_excess() == []


def test_what_was_allowed_and_not_used_excuses_nothing_later() -> None:
    track = Track()
    taken(track, 1, 2)
    track.allow(5)
    assert taken(track, 2, life=1) == [None]
    assert track.take_excess() == []
    taken(track, 1, life=2)
    assert track.take_excess() == [1]


def test_who_waits_before_taking_over_from_the_dead_may_repeat_later() -> None:
    track = Track(is_ordered=False, is_patient=True)
    taken(track, 1, 2, 3)
    track.allow(1)
    assert track.take_excess() == []
    taken(track, 2, life=1)
    assert track.take_excess() == []
    taken(track, 3, life=1)
    assert track.take_excess() == [3]


def test_where_no_order_was_promised_none_is_missed() -> None:
    track = Track(is_ordered=False)
    assert taken(track, 3, 1, 2) == [None, None, None]
    assert track.is_complete(3)


@given(st.lists(st.integers(1, 12)))
def test_of_any_arrivals_the_absent_the_doubled_and_the_late_are_told(numbers: list[int]) -> None:
    track = Track()
    found = taken(track, *numbers)
    seen: list[int] = []
    for number, wrong in zip(numbers, found, strict=True):
        expected = Wrong.DOUBLED if number in seen else Wrong.REORDERED if seen and number < max(seen) else None
        assert wrong == expected
        seen.append(number)
    assert track.missing(12) == sorted(set(range(1, 13)) - set(numbers))


def test_a_chart_needs_the_newest_rows_only() -> None:
    picture = shown(4, 5, 6, length=3)
    assert picture.missing(6) == []
    assert picture.is_complete(6)


def test_a_chart_may_show_more_than_it_needs() -> None:
    assert shown(2, 3, 4, 5, 6, length=3).is_complete(6)


def test_a_chart_without_its_last_row_is_not_complete() -> None:
    assert shown(4, 5, length=3).missing(6) == [6]
    assert not shown(4, 5, length=3).is_complete(6)


def test_a_chart_with_a_hole_is_not_complete() -> None:
    assert shown(4, 6, length=3).missing(6) == [5]
    assert not shown(4, 6, length=3).is_complete(6)


def test_a_chart_of_nothing_shows_nothing() -> None:
    assert shown().is_complete(0)
    assert not shown().is_complete(1)


@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [
        ((1, 2, 3), []),
        ((1, 2, 2, 3), [(Wrong.DOUBLED, 2)]),
        ((1, 3, 2), [(Wrong.REORDERED, 2)]),
        ((1, 2, 3, 1, 2), [(Wrong.DOUBLED, 1), (Wrong.DOUBLED, 2)]),
    ],
)
def test_a_chart_that_shows_a_row_twice_or_too_late_is_wrong(
    numbers: tuple[int, ...], wrong: list[tuple[Wrong, int]]
) -> None:
    assert shown(*numbers).wrong() == wrong
