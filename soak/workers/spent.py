"""Processor time of all who take part in a run, and of strangers on the same machine, who spoil its times."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.process import thread_seconds
from soak.workers.server import Server

IDLE_FIELDS = slice(3, 5)  # of /proc/stat: idle, and waiting for a disk


@contextmanager
def spending(server: Server) -> Iterator[dict[str, float]]:
    """Take the processor time in seconds; the dict has it afterwards. That of who died counts as the others'."""
    found: dict[str, float] = {}
    before, busy, own, begun = _by_pid(server), _busy_seconds(), time.process_time(), time.monotonic()
    yield found
    after = _by_pid(server)
    took = {pid: seconds - before[pid] for pid, seconds in after.items() if pid in before}
    found["supervisor"], found["Redis"] = took.pop(server.local.pid), took.pop(server.redis_pid())
    found["workers"] = sum(took.values())
    found["workers that start"] = sum(seconds for pid, seconds in after.items() if pid not in before)
    found["clients"] = time.process_time() - own
    found["others on the machine"] = max(0.0, _busy_seconds() - busy - sum(found.values()))
    found["of"] = (time.monotonic() - begun) * (os.cpu_count() or 1)


def _by_pid(server: Server) -> dict[int, float]:
    found = {}
    for pid in (server.local.pid, server.redis_pid(), *server.pids()):
        with suppress(OSError):  # a worker that has ended meanwhile
            found[pid] = thread_seconds(pid)
    return found


def _busy_seconds() -> float:
    """Processor time of the whole machine since it was started."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return (sum(ticks) - sum(ticks[IDLE_FIELDS])) / os.sysconf("SC_CLK_TCK")
