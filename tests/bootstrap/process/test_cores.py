"""Cores that may be used."""

import os
from pathlib import Path

import pytest

from rtserver.bootstrap.process.cores import usable_cores


@pytest.mark.parametrize(("told", "cores"), [("max 100000", 8), ("150000 100000", 2), ("20000 100000", 1)])
def test_a_container_has_the_cores_that_its_group_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu.max").write_text(told + "\n")
    assert usable_cores(tmp_path) == cores


def test_without_a_group_they_are_those_of_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    assert usable_cores(tmp_path) == 2
