"""Worker processes of a supervisor, found by what the system says of its children."""

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


def worker_positions(supervisor: int) -> dict[int, int]:
    """Return the position of each worker's process that lives: two have one while one is renewed."""
    found = {}
    for pid in children(supervisor):
        words = command_line(pid)
        if OPTION in words:
            found[pid] = int(words[words.index(OPTION) + 1].rpartition("/")[2])
    return found
