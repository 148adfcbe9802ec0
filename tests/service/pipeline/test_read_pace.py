import pytest

from rtserver.service.pipeline.read_pace import ENOUGH, MOST_SECONDS, RELIEVED_SECONDS, WARY_SECONDS, ReadPace


def last_pause(per_read: int, wanted: int, interval: float, reads: int = 300) -> float:
    """The pause behind the last of some reads at a steady pace."""
    pace = ReadPace()
    return [pace.pause(50.0 + number * interval, per_read, wanted) for number in range(reads)][-1]


def test_where_nobody_waits_for_what_comes_a_read_waits_for_company() -> None:
    assert last_pause(2, 0, 0.001) == MOST_SECONDS


@pytest.mark.parametrize(("wanted", "share"), [(1, 0.25), (2, 0.5)])
def test_the_more_of_the_entries_are_wanted_the_shorter_is_the_pause(wanted: int, share: float) -> None:
    assert last_pause(4, wanted, 0.002) == pytest.approx(MOST_SECONDS * (1 - share))


@pytest.mark.parametrize("wanted", [8, 9, 10])
def test_nobody_is_kept_waiting_where_most_of_what_comes_is_wanted(wanted: int) -> None:
    assert last_pause(10, wanted, 0.005) == 0


@pytest.mark.parametrize("wanted", [0, 1])
def test_a_lone_entry_waits_for_no_company(wanted: int) -> None:
    assert last_pause(1, wanted, 0.01) == 0


def test_a_lone_entry_long_after_a_flood_waits_for_nothing() -> None:
    pace = ReadPace()
    for number in range(1000):
        pace.pause(50.0 + number * 0.001, 5, 0)
    assert pace.pause(51.0, 5, 0) > 0
    assert pace.pause(52.0, 1, 0) == 0


def test_the_first_read_of_all_is_followed_at_once() -> None:
    assert ReadPace().pause(5_000.0, 1, 0) == 0


def test_reads_that_are_large_anyway_have_no_pause_and_quick_ones_a_short_one() -> None:
    assert last_pause(ENOUGH, 0, 0.001) == 0
    assert 0 < last_pause(ENOUGH - 1, 0, 0.001) < 0.0011


def test_a_reader_that_is_relieved_pauses_long_until_something_wanted_comes_by_the_bus_alone() -> None:
    pace = ReadPace()
    assert pace.relieved_pause(50.0, 0) == RELIEVED_SECONDS
    assert pace.relieved_pause(50.1, 1) == 0
    assert pace.relieved_pause(50.1 + WARY_SECONDS - 0.1, 0) == 0
    assert pace.relieved_pause(50.1 + WARY_SECONDS, 0) == RELIEVED_SECONDS
