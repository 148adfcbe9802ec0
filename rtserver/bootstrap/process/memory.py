"""Memory of this process, as Linux tells it: how much it has in RAM, and how much it could have."""

import os
from contextlib import suppress
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> int:
    """Return the bytes of this process in RAM; 0 on systems that do not tell."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
    return 0


def system_bytes(root: Path = Path("/")) -> int:
    """Return the bytes that this process could have.

    That is the machine's RAM, or less where a control group limits it (cgroup v2 and v1).
    """
    return min([os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES, *_group_limits(root)])


def _group_limits(root: Path) -> list[int]:
    """Return the limits of this process's control group and of the groups around it."""
    with suppress(OSError):
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        groups = [line.split(":", 2)[1:] for line in lines if line.count(":") >= 2]
        return [limit for controllers, group in groups for limit in _limits_of(root, controllers, group)]
    return []


def _limits_of(root: Path, controllers: str, group: str) -> list[int]:
    if controllers and "memory" not in controllers.split(","):
        return []
    base, name = ("sys/fs/cgroup/memory", "memory.limit_in_bytes") if controllers else ("sys/fs/cgroup", "memory.max")
    path = Path(group.lstrip("/"))
    # In a container the group's own path is often missing, but the root is the group.
    texts = (_read(root / base / part / name) for part in (path, *path.parents))
    return [int(text) for text in texts if text.isdigit()]


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="ascii").strip()
    return ""
