"""Entries that are suspects, until they are cleared."""

import pytest

from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import Suspect
from rtserver.base.queue.port import order_of
from rtserver.service.pipeline.suspects import POISON_DEATHS, Suspects, is_poison


def after(*marked: tuple[str, str, int]) -> tuple[MemoryMarks, Suspects]:
    """The suspects of a lane of which one process after the other has died."""
    marks = MemoryMarks()
    for first, last, deaths in marked:
        marks.mark("a").set_range(first, last, deaths)
        marks = MemoryMarks(marks)
    return marks, Suspects(marks.mark("a"))


def left(marks: MemoryMarks) -> list[Suspect]:
    """Return the suspects that the next process finds."""
    return list(MemoryMarks(marks).mark("a").suspects())


def test_most_lanes_have_none() -> None:
    _, suspects = after()
    assert not suspects
    assert suspects.find("10-1") is None


def test_one_entry_is_found_by_its_id_and_no_other() -> None:
    _, suspects = after(("10-9", "10-9", 0))
    assert suspects.find("10-9") == Suspect("10-9", "10-9", 1)
    assert [suspects.find(entry) for entry in ("10-8", "10-10", "9-99", "11-9")] == [None] * 4


def test_of_a_batch_all_are_suspects_and_the_one_that_is_known_comes_first() -> None:
    _, suspects = after(("10-1", "10-9", 0), ("10-5", "10-5", 1))
    assert suspects.find("10-4") == Suspect("10-1", "10-9", 1)
    assert suspects.find("10-5") == Suspect("10-5", "10-5", 2)


def test_a_suspect_from_which_the_handler_returned_is_cleared_for_good() -> None:
    marks, suspects = after(("10-1", "10-1", 0))
    suspects.clear("10-1")
    assert not suspects
    assert left(marks) == []


def test_a_batch_is_cleared_when_its_last_entry_is_done() -> None:
    marks, suspects = after(("10-1", "10-9", 0))
    suspects.clear("10-1")
    suspects.pass_by("10-8")
    assert suspects.find("10-9") is not None
    suspects.pass_by("10-9")
    assert left(marks) == []


def test_poison_is_passed_by_and_known_to_the_next_process() -> None:
    marks, suspects = after(("10-1", "10-1", POISON_DEATHS - 1))
    found = suspects.find("10-1")
    assert found is not None
    assert is_poison(found)
    suspects.pass_by("10-2")
    assert not suspects
    assert left(marks) == [Suspect("10-1", "10-1", POISON_DEATHS)]


def test_what_others_have_found_to_be_poison_counts_whatever_is_known_here() -> None:
    _, suspects = after(("10-5", "10-5", 0))
    suspects.add_poison(["10-5", "9-1", "11-1"])
    for entry in ("9-1", "10-5", "11-1"):
        found = suspects.find(entry)
        assert found is not None
        assert is_poison(found)
    suspects.pass_by("12-1")
    assert not suspects


def test_a_batch_is_never_poison_as_a_whole() -> None:
    assert not is_poison(Suspect("10-1", "10-9", 99))


def test_to_pass_by_much_poison_costs_no_look_at_all_of_it_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    _, suspects = after()
    suspects.add_poison(f"10-{number}" for number in range(1, 1001))
    looks = 0

    def counted(entry_id: str) -> tuple[int, int]:
        nonlocal looks
        looks += 1
        return order_of(entry_id)

    monkeypatch.setattr("rtserver.service.pipeline.suspects.order_of", counted)
    suspects.pass_by("10-990")
    assert (len(suspects), looks < 100) == (10, True)
