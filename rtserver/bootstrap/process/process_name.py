"""Name of this process, by which others on the same machine can tell whether it lives.

It is made of the machine's boot, the namespace of process ids, the id, and the moment of the start: an id that was
given again is another process. Elsewhere than on Linux nothing is known of others.
"""

import os
from pathlib import Path

from tcelib.lease.keeper import Life

PROC = Path("/proc")
BOOT = PROC / "sys" / "kernel" / "random" / "boot_id"
STATE, START = 0, 19
"""Places of two fields in ``/proc/<pid>/stat``, counted from behind the name (proc(5))."""
ENDED = "ZX"


def process_name() -> str:
    """Return this process's name; empty where it cannot have one."""
    try:
        return "/".join((*_place(), str(os.getpid()), _stat(os.getpid())[START]))
    except OSError:
        return ""


def look_at_process(name: str) -> Life:
    """Return whether a process lives. It is unknown for one of another machine or container."""
    try:
        *place, number, start = name.split("/")
        if tuple(place) != _place():
            return Life.UNKNOWN
    except (OSError, ValueError):
        return Life.UNKNOWN
    try:
        stat = _stat(int(number))
    except (FileNotFoundError, ProcessLookupError):
        return Life.DEAD
    except (OSError, ValueError):  # no open files left, say
        return Life.UNKNOWN
    return Life.ALIVE if stat[START] == start and stat[STATE] not in ENDED else Life.DEAD


def _place() -> tuple[str, str]:
    """Return the boot and the namespace."""
    return BOOT.read_text(encoding="ascii").strip(), f"{(PROC / 'self' / 'ns' / 'pid').stat().st_ino}"


def _stat(number: int) -> list[str]:
    """Return the fields behind the name, which may have anything in it. Raises ``OSError``."""
    return (PROC / str(number) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
