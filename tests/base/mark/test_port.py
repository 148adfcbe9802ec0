"""Marks of what handlers are at: what a process that dies leaves to the next one, in memory and in a file."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.mark.file_marks import FileMarks
from rtserver.base.mark.memory_marks import MemoryMarks
from rtserver.base.mark.port import MarkPort, Suspect
from rtserver.base.mark.table import MARKS, ROW_BYTES, SIZE, SUSPECTS, MarkTable

REPOSITORY = Path(__file__).resolve().parents[3]


class Lives:
    """One process after the other under one name."""

    def __init__(self, start: Callable[[MarkPort | None], MarkPort], kill: Callable[[MarkPort], None]) -> None:
        self._start = start
        self._kill = kill
        self.marks = start(None)

    def die(self) -> MarkPort:
        """The process dies, and is started anew."""
        dead = self.marks
        self._kill(dead)
        self.marks = self._start(dead)
        return self.marks

    def end(self) -> MarkPort:
        """It ends in order, and is started anew."""
        ended = self.marks
        ended.close()
        self.marks = self._start(ended)
        return self.marks


def kill_file(marks: MarkPort) -> None:
    """Close the file as the system does for a dead process, which unlocks it."""
    assert isinstance(marks, FileMarks)
    os.close(marks._file)
    marks._table._buffer.close()  # type: ignore[attr-defined]


@pytest.fixture(params=["memory", "file"])
def lives(request: pytest.FixtureRequest, tmp_path: Path) -> Lives:
    if request.param == "file":
        return Lives(lambda _: FileMarks(tmp_path, "host:8888"), kill_file)
    return Lives(MemoryMarks, lambda _: None)  # type: ignore[arg-type]


def test_what_is_cleared_before_a_death_is_no_suspect(lives: Lives) -> None:
    lives.marks.mark("quote").set("1-1")
    lives.marks.clear()
    assert lives.die().mark("quote").suspects() == []


def test_a_first_start_suspects_nobody(lives: Lives) -> None:
    assert lives.marks.mark("quote").suspects() == []


def test_what_was_marked_at_a_death_is_a_suspect_of_its_lane(lives: Lives) -> None:
    lives.marks.mark("quote").set("10-1")
    lives.marks.mark("other").set("10-2")
    marks = lives.die()
    assert marks.mark("other").suspects() == [Suspect("10-2", "10-2", 1)]
    assert marks.mark("quote").suspects() == [Suspect("10-1", "10-1", 1)]


def test_what_was_cleared_or_replaced_is_none(lives: Lives) -> None:
    cleared, replaced = lives.marks.mark("a"), lives.marks.mark("b")
    cleared.set("10-1")
    cleared.clear()
    replaced.set_range("1-1", "9999999999999-18446744073709551615")
    replaced.set("3-3")
    marks = lives.die()
    assert marks.mark("a").suspects() == []
    assert marks.mark("b").suspects() == [Suspect("3-3", "3-3", 1)]


def test_what_was_flushed_together_is_suspected_together(lives: Lives) -> None:
    lives.marks.mark("a").set_range("10-1", "12-5")
    assert lives.die().mark("a").suspects() == [Suspect("10-1", "12-5", 1)]


def test_deaths_are_counted_over_starts(lives: Lives) -> None:
    lives.marks.mark("a").set("10-1")
    for deaths in (1, 2, 3):
        mark = lives.die().mark("a")
        assert mark.suspects() == [Suspect("10-1", "10-1", deaths)]
        mark.set("10-1", deaths)


def test_a_suspect_stays_one_until_it_is_forgotten(lives: Lives) -> None:
    lives.marks.mark("a").set("10-1")
    lives.die()
    lives.die()
    mark = lives.end().mark("a")
    assert mark.suspects() == [Suspect("10-1", "10-1", 1)]
    mark.forget(Suspect("10-1", "10-1", 1))
    assert mark.suspects() == []
    assert lives.die().mark("a").suspects() == []


def test_an_end_in_order_suspects_nobody_of_what_hangs(lives: Lives) -> None:
    lives.marks.mark("a").set("10-1")
    assert lives.end().mark("a").suspects() == []


def test_a_lane_of_any_name_and_lanes_that_come_and_go_are_told_apart(lives: Lives) -> None:
    names = ["", "x" * 10_000, "x" * 10_001, "\N{SNOWMAN}", "once:a"]
    for number, name in enumerate(names, 1):
        lives.marks.mark(name).set(f"10-{number}")
    marks = lives.die()
    found = {name: marks.mark(name).suspects() for name in ["new", *reversed(names)]}
    assert found.pop("new") == []
    assert found == {name: [Suspect(f"10-{n}", f"10-{n}", 1)] for n, name in enumerate(names, 1)}


def test_more_lanes_than_there_are_rows_are_no_error(lives: Lives) -> None:
    for number in range(MARKS + 2):
        lives.marks.mark(str(number)).set(f"1-{number}")
    marks = lives.die()
    assert marks.mark(str(MARKS - 1)).suspects() == [Suspect(f"1-{MARKS - 1}", f"1-{MARKS - 1}", 1)]
    assert marks.mark(str(MARKS)).suspects() == []


def test_of_too_many_suspects_the_oldest_make_room(lives: Lives) -> None:
    mark = lives.marks.mark("a")
    for number in range(SUSPECTS + 3):
        mark.set(f"{number + 1}-1")
        mark = lives.die().mark("a")
    found = sorted(int(suspect.first.partition("-")[0]) for suspect in mark.suspects())
    assert found == list(range(4, SUSPECTS + 4))


@given(st.integers(0, SIZE), st.binary(max_size=3 * ROW_BYTES))
def test_a_table_that_is_damaged_anywhere_is_read_without_an_error(place: int, junk: bytes) -> None:
    data = bytearray(SIZE)
    table = MarkTable(data)
    table.wipe()
    table.mark("a").set_range("10-1", "10-9", 2)
    data[place : place + len(junk)] = junk[: SIZE - place]
    del data[SIZE:]
    table = MarkTable(data)
    if table.is_valid:
        table.accuse()
        for row in table.rows():
            table.forget(row)


def test_a_row_that_is_only_half_written_is_no_mark() -> None:
    data = bytearray(SIZE)
    table = MarkTable(data)
    table.wipe()
    mark = table.mark("a")
    mark.set("10-1")
    states = []

    class Torn(bytearray):
        """A buffer that shows the state byte after each single write."""

        def __setitem__(self, key: object, value: object) -> None:
            super().__setitem__(key, value)  # type: ignore[call-overload]
            states.append((value, bytes(self[ROW_BYTES + 16 : ROW_BYTES + 22])))

    torn = Torn(data)
    MarkTable(torn).mark("a").set("20-2")
    assert [state for state, _ in states] == [0, 1]
    assert states[0][1] == b"\x0410-1\x00", "it is cleared before anything else is written"
    assert states[1][1] == b"\x0420-2\x00", "it is set when everything else is there"


# The file alone.


def test_two_processes_under_one_name_leave_each_other_alone(tmp_path: Path) -> None:
    old = FileMarks(tmp_path, "one")
    old.mark("a").set("10-1")
    new = FileMarks(tmp_path, "one")
    mark = new.mark("a")
    assert mark.suspects() == []
    mark.set("20-2")
    kill_file(old)
    assert [each.first for each in FileMarks(tmp_path, "one").mark("a").suspects()] == ["10-1"]
    new.close()


def test_one_process_inherits_from_all_that_are_dead(tmp_path: Path) -> None:
    old, new = FileMarks(tmp_path, "one"), FileMarks(tmp_path, "one")
    old.mark("a").set("10-1")
    new.mark("a").set("20-2")
    kill_file(new)
    kill_file(old)
    heir = FileMarks(tmp_path, "one")
    assert sorted(heir.mark("a").suspects()) == [Suspect("10-1", "10-1", 1), Suspect("20-2", "20-2", 1)]
    assert len(list(tmp_path.iterdir())) == 1


def test_workers_of_other_names_have_marks_of_their_own(tmp_path: Path) -> None:
    names = ["host:1", "host:11", "a/b", "../c", "x" * 1_000]
    for name in names:
        marks = FileMarks(tmp_path, name)
        marks.mark("a").set("10-1")
        kill_file(marks)
    assert len(list(tmp_path.iterdir())) == len(names)
    assert FileMarks(tmp_path, "host:2").mark("a").suspects() == []


def test_an_end_in_order_leaves_no_file_behind(tmp_path: Path) -> None:
    marks = FileMarks(tmp_path, "one")
    marks.mark("a").set("10-1")
    marks.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff" * SIZE, b"rtserver marks 0".ljust(SIZE)])
def test_a_file_that_holds_something_else_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    marks = FileMarks(tmp_path, "one")
    kill_file(marks)
    [path] = tmp_path.iterdir()
    path.write_bytes(content)
    marks = FileMarks(tmp_path, "one")
    marks.mark("a").set("10-1")
    kill_file(marks)
    assert len(FileMarks(tmp_path, "one").mark("a").suspects()) == 1


def test_where_no_file_can_be_had_it_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        FileMarks(tmp_path / "file" / "marks", "one")


DYING = """
import os, signal, sys
from pathlib import Path
from rtserver.base.mark.file_marks import FileMarks
mark = FileMarks(Path(sys.argv[1]), "one").mark("a")
mark.set("9-9")
mark.set("10-1")
match sys.argv[2]:
    case "killed": os.kill(os.getpid(), signal.SIGKILL)
    case "aborted": os.abort()
    case "left": os._exit(0)
    case "segmentation fault": os.kill(os.getpid(), signal.SIGSEGV)
"""


@pytest.mark.parametrize("how", ["killed", "aborted", "left", "segmentation fault"])
def test_a_mark_outlives_every_death_of_its_process(tmp_path: Path, how: str) -> None:
    subprocess.run([sys.executable, "-c", DYING, str(tmp_path), how], cwd=REPOSITORY, check=False)
    assert FileMarks(tmp_path, "one").mark("a").suspects() == [Suspect("10-1", "10-1", 1)]
