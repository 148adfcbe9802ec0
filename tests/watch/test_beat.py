"""A thread's beats, at moments that are made up."""

from rtserver.watch.beat import REST_SECONDS, Beat


def test_beats_that_come_in_time_are_no_stalls() -> None:
    beat = Beat("t", 100.0, 0.25)
    for now in (100.05, 100.1, 100.35):
        beat.beat(now)
    assert (beat.stalls, beat.longest, beat.latest) == (0, 0, 0)
    assert beat.last == 100.35


def test_one_that_comes_late_is_a_stall_and_the_longest_is_kept() -> None:
    beat = Beat("t", 100.0, 0.25)
    for now in (100.5, 100.55, 102.55, 102.85):
        beat.beat(now)
    assert beat.stalls == 3
    assert round(beat.longest, 6) == 2
    assert round(beat.latest, 6) == 0.3


def test_what_was_before_the_start_is_no_stall() -> None:
    beat = Beat("t", 100.0, 0.25)
    beat.start(200.0)
    beat.beat(200.05)
    assert beat.stalls == 0


def test_without_a_limit_there_are_no_stalls_and_it_still_beats() -> None:
    beat = Beat("t", 100.0)
    beat.beat(1e6)
    assert (beat.stalls, beat.last, beat.interval) == (0, 1e6, REST_SECONDS)


def test_it_beats_several_times_in_the_time_of_a_stall_and_never_more_seldom_than_a_probe_needs() -> None:
    assert Beat("t", 0.0, 0.25).interval == 0.1
    assert Beat("t", 0.0, 60.0).interval == REST_SECONDS
