"""How much memory the process has and may have, as Linux tells it, and the watch that acts on it.

What the numbers mean is decided in ``base.memory_guard``.
"""

import asyncio
import ctypes
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

from rtserver.base.connection.connection_set import ConnectionHome
from rtserver.base.limit.memory_guard import MemoryBounds, MemoryGuard
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.web.health import Reading

LOOK_SECONDS = 1.0
COUNT_LOOKS = 5
"""So seldom is counted what waits while it is little: it is a walk through all connections, cold ones mostly."""
LINE_SECONDS = 60.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MEGABYTE = 1 << 20

log = logging.getLogger(__name__)


def resident_bytes() -> int:
    """What this process has in RAM; 0 where nobody tells."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
    return 0


def system_bytes(root: Path = Path("/")) -> int:
    """What this process could have: the machine's RAM, or less where a control group says so (cgroup v2 and v1)."""
    return min([os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES, *_group_limits(root)])


def memory_bounds(config: Config, system: Callable[[], int] = system_bytes) -> MemoryBounds:
    """The bounds of the configuration; none with limits off."""
    if config.limits == "off":
        return MemoryBounds()
    resident = config.memory_limit_mb * MEGABYTE or int(config.memory_share * system())
    return MemoryBounds(resident, config.outboxes_limit_mb * MEGABYTE or resident // 2)


class MemoryWatch:
    """Looks every second, refuses new connections, and closes those for whom most waits."""

    def __init__(
        self, bounds: MemoryBounds, home: ConnectionHome, resident: Callable[[], int] = resident_bytes
    ) -> None:
        self.guard = MemoryGuard(bounds)
        self._home = home
        self._resident = resident
        self._last_line = float("-inf")

    async def run(self) -> None:
        """Never ends by itself."""
        for number in count():
            self.look(counts_waiting=self.guard.is_near or number % COUNT_LOOKS == 0)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self, *, counts_waiting: bool = True) -> None:
        """Once; without counting what waits, that is taken to be as much as it was."""
        was_full = self.guard.is_full
        must_count = counts_waiting and any(self.guard.bounds)
        excess = self.guard.look(self._resident(), self._home.waiting_bytes if must_count else self.guard.waiting)
        self._home.admission.full = self.guard.reason
        closed = self._home.shed(excess) if excess else 0
        if self.guard.is_full:
            self._tell(closed)
        elif was_full:
            log.info("= there is memory again: %s", self.guard.detail)

    def probe(self) -> Reading:
        """For ``/readyz``."""
        return Reading("memory", not self.guard.is_full, self.guard.detail)

    def _tell(self, closed: int) -> None:
        """One line a minute. What the allocator keeps for later is given back then, too."""
        now = self._home.now()
        if now - self._last_line < LINE_SECONDS:
            return
        self._last_line = now
        log.error("! no memory for newcomers: %s; %d slow clients closed just now", self.guard.detail, closed)
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def _group_limits(root: Path) -> list[int]:
    """The limits of our control group and of those it is in."""
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
    # In a container the group's own path is often not there, but the root is the group.
    texts = (_read(root / base / part / name) for part in (path, *path.parents))
    return [int(text) for text in texts if text.isdigit()]


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="ascii").strip()
    return ""
