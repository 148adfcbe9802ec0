import pytest

from rtserver.base.queue.port import Entry
from rtserver.service.pipeline.read_size import FIRST, READ_BYTES, ReadSize


def entries(count: int, size: int) -> list[Entry]:
    return [Entry("1-1", b"x" * size)] * count


def test_small_entries_are_soon_read_many_at_a_time() -> None:
    size = ReadSize(500)
    counts = [size.count]
    for _ in range(3):
        assert size.note(entries(size.count, 100)) == 100 * counts[-1]
        counts.append(size.count)
    assert counts == [FIRST, 128, 500, 500]


@pytest.mark.parametrize("length", [20_000, 2_000_000, READ_BYTES, 10 * READ_BYTES])
def test_large_ones_are_read_a_few_at_a_time_and_one_at_the_least(length: int) -> None:
    size = ReadSize(500)
    for _ in range(5):
        size.note(entries(min(size.count, 3), length))
    assert size.count == 1 or (size.count * length <= READ_BYTES and (size.count + 1) * length > READ_BYTES)


def test_a_read_that_brings_nothing_changes_nothing_and_empty_messages_are_small() -> None:
    size = ReadSize(4)
    assert size.note([]) == 0
    assert size.count == 4
    size.note(entries(4, 0))
    assert size.count == 4
