from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.queue.port import START, Entry, number_of
from rtserver.service.pipeline.cursor import Cursor, Gap


def entries(*ids: str) -> list[Entry]:
    return [Entry(entry_id, b"") for entry_id in ids]


def test_neighbouring_numbers_leave_no_gap() -> None:
    cursor = Cursor("5-10")
    assert cursor.advance(entries("5-11", "6-12")) is None
    assert cursor.advance(entries("9-13")) is None
    assert cursor.id == "9-13"


def test_a_jump_in_the_numbers_is_what_was_trimmed() -> None:
    assert Cursor("5-10").advance(entries("7-14")) == Gap(3, is_anew=False)


def test_numbers_that_begin_again_are_a_new_bus() -> None:
    assert Cursor("5-10").advance(entries("7-1", "7-2")) == Gap(0, is_anew=True)


def test_numbers_that_come_again_tell_how_many_were_lost_and_no_more() -> None:
    assert Cursor("5-10").advance(entries("7-4", "7-5")) == Gap(7, is_anew=True)
    assert Cursor("5-10").advance(entries("7-10")) == Gap(1, is_anew=True)
    assert Cursor("5-10").jump("4-7") == Gap(3, is_anew=True)


def test_nothing_is_missing_before_the_first_entry() -> None:
    assert Cursor(START).advance(entries("7-4000")) is None


def test_who_was_there_before_the_first_entry_misses_those_that_are_gone() -> None:
    assert Cursor(START, misses_first=True).advance(entries("7-1", "7-2")) is None
    assert Cursor(START, misses_first=True).advance(entries("7-4")) == Gap(3, is_anew=False)
    assert Cursor(START, misses_first=True).jump("7-4") == Gap(4, is_anew=False)


def test_a_jump_over_entries_that_are_gone_counts_all_of_them() -> None:
    cursor = Cursor("5-10")
    assert cursor.jump("6-14") == Gap(4, is_anew=False)
    assert cursor.id == "6-14"


def test_a_jump_to_where_it_stands_is_no_gap() -> None:
    assert Cursor("5-10").jump("5-10") is None
    assert Cursor(START).jump(START) is None


def test_a_gap_says_in_words_what_happened() -> None:
    assert str(Gap(3, is_anew=False)) == "3 entries were trimmed from the bus before they were read"
    assert "nobody knows how many" in str(Gap(0, is_anew=True))
    assert "lost its last 3" in str(Gap(3, is_anew=True))


@given(st.lists(st.booleans(), max_size=30), st.booleans())
def test_what_was_read_and_what_was_missed_are_all_that_there_was(
    are_there: list[bool], ends_with_a_jump: bool
) -> None:
    last = f"9-{len(are_there)}" if are_there else START
    left = [f"9-{number}" for number, is_there in enumerate(are_there, 1) if is_there]
    cursor, missed = Cursor(START, misses_first=True), 0
    for entry_id in left:
        gap = cursor.advance(entries(entry_id))
        missed += gap.entries if gap else 0
    if ends_with_a_jump:
        gap = cursor.jump(last)
        missed += gap.entries if gap else 0
        assert (cursor.id, len(left) + missed) == (last, len(are_there))
    else:
        assert len(left) + missed == (number_of(left[-1]) if left else 0)
