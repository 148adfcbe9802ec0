"""Memory of this process, as the system tells it."""

import os
from pathlib import Path

import pytest

from rtserver.bootstrap.process.memory import resident_bytes, system_bytes

MB = 1 << 20
MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def group_of(root: Path, line: str, files: dict[str, str]) -> Path:
    for name, text in {"proc/self/cgroup": line, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_this_process_has_some_memory_and_could_have_more() -> None:
    assert 5 * MB < resident_bytes() < system_bytes() <= MACHINE


def test_without_control_groups_it_is_the_machines_memory(tmp_path: Path) -> None:
    assert system_bytes(tmp_path) == MACHINE


@pytest.mark.parametrize(
    ("line", "files", "expected"),
    [
        ("0::/", {"sys/fs/cgroup/memory.max": "50000000"}, 50_000_000),
        ("0::/a/b", {"sys/fs/cgroup/a/b/memory.max": "50000000"}, 50_000_000),
        ("0::/a/b", {"sys/fs/cgroup/a/b/memory.max": "max", "sys/fs/cgroup/a/memory.max": "40000000"}, 40_000_000),
        ("0::/docker/x", {"sys/fs/cgroup/memory.max": "30000000"}, 30_000_000),
        ("0::/a", {"sys/fs/cgroup/a/memory.max": "max"}, MACHINE),
        ("5:memory:/a", {"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "20000000"}, 20_000_000),
        ("5:cpu,memory:/a", {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, MACHINE),
        ("5:cpu:/a", {"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "20000000"}, MACHINE),
        ("nonsense", {}, MACHINE),
    ],
)
def test_a_control_group_may_say_less(tmp_path: Path, line: str, files: dict[str, str], expected: int) -> None:
    assert system_bytes(group_of(tmp_path, line, files)) == expected
