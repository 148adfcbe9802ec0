"""Columns of the memory in which workers count together."""

import os

import pytest

from rtserver.base.limit.shared_tally import SharedTally
from rtserver.bootstrap.process.tally_file import THREADS, inherit_tallies
from rtserver.bootstrap.supervisor import tally_columns
from rtserver.bootstrap.supervisor.tally_columns import SPARE_WORKERS, TallyColumns, maybe_columns


def new_columns(workers: int) -> TallyColumns:
    columns = maybe_columns(workers)
    assert columns is not None
    return columns


def test_workers_count_together_in_the_file_that_they_inherit_until_they_have_ended() -> None:
    supervisor = new_columns(2)
    owned = [supervisor.take(), supervisor.take()]
    workers = [inherit_tallies(os.dup(supervisor.number), columns) for columns in owned]
    assert not os.get_inheritable(supervisor.number)
    for worker in workers:
        assert isinstance(worker.users, SharedTally)
        assert worker.unplaced == 0
    here, there = (worker.users.counts("connections") for worker in workers)
    here.add("7")
    there.add("7")
    assert (here.of("7"), there.of("7")) == (2, 2)
    bucket = workers[0].services.counts("connections")
    assert bucket.of("7") == 2  # the thread has a column of its own
    supervisor.give_back(owned[0])
    assert there.of("7") == 1
    os.close(supervisor.number)


def test_a_program_that_takes_the_place_of_another_gives_no_column_out_twice() -> None:
    before = new_columns(1)
    mine = before.take()
    after = TallyColumns(os.dup(before.number), mine)
    others = [after.take() for _ in range(SPARE_WORKERS)]
    assert not set(mine) & {column for columns in others for column in columns}
    after.give_back(mine)
    assert sorted(after.take()) == sorted(mine)
    for each in (before, after):
        os.close(each.number)


def test_a_worker_too_many_counts_for_itself_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    columns = new_columns(0)
    for _ in range(SPARE_WORKERS):
        assert len(columns.take()) == THREADS
    assert columns.take() == []
    assert "hold for the next worker alone" in caplog.text
    os.close(columns.number)


def test_where_the_system_has_no_such_memory_each_worker_counts_for_itself(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally_columns, "make_file", lambda columns: os.open("/no such file", os.O_RDWR))
    assert maybe_columns(2) is None
    assert "limits by user and by address hold for each worker alone: " in caplog.text


def test_memory_of_another_version_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    number = os.memfd_create("other")
    os.truncate(number, 4096)
    tallies = inherit_tallies(number, [0, 1])
    tallies.users.counts("connections").add("7")
    assert "hold for this worker alone: no tally that this version knows" in caplog.text
