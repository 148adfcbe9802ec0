"""The number of entries that one script keeps."""

from rtserver.base.queue.keep_size import FIRST, GROWTH, MOST, SCRIPT_MICROS, STREAM_MICROS, KeepSize


def test_scripts_grow_step_by_step_while_they_are_quick() -> None:
    size = KeepSize()
    assert size.count == FIRST
    size.note(FIRST, 0, 100 * FIRST)
    assert size.count == min(MOST, GROWTH * FIRST)
    size.note(size.count, 0, 100 * size.count)
    assert size.count == MOST


def test_new_streams_and_long_messages_make_the_next_script_shorter() -> None:
    for streams, length in ((1, 100), (0, 100_000)):
        size = KeepSize()
        for _ in range(3):
            size.note(1_000, 0, 100_000)
        size.note(1_000, 1_000 * streams, 1_000 * length)
        assert size.count < SCRIPT_MICROS / STREAM_MICROS


def test_a_script_keeps_one_entry_at_least_and_one_that_kept_none_says_nothing() -> None:
    size = KeepSize()
    size.note(1, 0, 50_000_000)
    assert size.count == 1
    size.note(0, 0, 0)
    assert size.count == 1
    size.note(1, 0, 100)
    assert size.count == GROWTH
