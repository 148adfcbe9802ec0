"""Troubles in the logs of programs: tracebacks, which no fault of the queues or of the network explains."""

from collections.abc import Mapping
from pathlib import Path

TRACEBACK = "Traceback (most recent call last)"
MOST_LINES = 40


def log_troubles(logs: Mapping[str, Path]) -> list[str]:
    """Return the first traceback of each log that has one."""
    found = []
    for name, file in logs.items():
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
        first = next((at for at, line in enumerate(lines) if TRACEBACK in line), None)
        if first is not None:
            count = sum(TRACEBACK in line for line in lines)
            told = "\n    ".join(lines[max(0, first - 1) : first + MOST_LINES])
            found.append(f"{name} has logged {count} tracebacks, the first:\n    {told}")
    return found
