"""Worker processes of a supervisor, found by what the system says of its children."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

OPTION = "--worker"


def children(pid: int) -> list[int]:
    """Return the children of a process; none if it has ended."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def command_line(pid: int) -> list[str]:
    """Return the words of a process's command line; an empty one if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return [""]


def is_alive(pid: int) -> bool:
    """Return whether the process has not ended; one whose parent has not asked yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def worker_name(words: Sequence[str]) -> str:
    """Return the name in a server's command line, of several the last one, as the server does; empty without any."""
    names = [name for option, name in pairwise(words) if option == OPTION]
    return names[-1] if names else ""


def worker_positions(supervisor: int) -> dict[int, int]:
    """Return the position of each worker's process that lives: two have one while one is renewed."""
    names = {pid: worker_name(command_line(pid)) for pid in children(supervisor)}
    # A supervisor that has a name of its own hands it to all that it starts.
    return {pid: int(name.rpartition("/")[2]) for pid, name in names.items() if "/" in name}
