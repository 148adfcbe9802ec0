"""Worker processes of a supervisor of the run: killed, frozen, renewed one by one."""

import asyncio
import json
import os
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress

from rtserver.bench.free_port import free_port
from soak.chaos.child import STOP_SECONDS, ChildError
from soak.worker_process import is_alive, worker_positions

ANSWER_SECONDS = 2.0
LOOK_SECONDS = 0.02
RENEWAL_SECONDS = 120.0


class Workers:
    """The workers of the process that ``supervisor`` names, ``count`` of them. False for a server without any."""

    def __init__(self, supervisor: Callable[[], int], count: int) -> None:
        self.positions = range(1, count + 1)
        self._supervisor = supervisor
        self._admin_port = free_port() if count else 0

    def __bool__(self) -> bool:
        return bool(self.positions)

    @property
    def options(self) -> tuple[str, ...]:
        """Options of the server's command line."""
        if not self:
            return ("--reuse-port",)
        return ("--workers", str(len(self.positions)), "--admin-port", str(self._admin_port))

    def pids(self) -> dict[int, int]:
        """Return the positions of the processes that live, by process."""
        return worker_positions(self._supervisor()) if self else {}

    async def kill(self, position: int) -> None:
        """SIGKILL to the worker of a position, if there is one just now. Returns when it has ended."""
        pids = self._at(position)
        self._send(pids, signal.SIGKILL)
        await wait_gone(pids)

    def freeze(self, position: int) -> list[int]:
        """Let the worker of a position hold its connections and do nothing. Return the processes, for ``thaw``."""
        pids = self._at(position)
        self._send(pids, signal.SIGSTOP)
        return pids

    def thaw(self, pids: Iterable[int]) -> None:
        """Let them go on."""
        self._send(pids, signal.SIGCONT)

    async def renew(self, number: signal.Signals) -> dict[int, float]:
        """Send the supervisor a signal that renews all workers, and wait until that is done.

        Return for how many seconds each position had two of them. Raises ``ChildError``.
        """
        old = set(self.pids())
        both: dict[int, float] = {}
        os.kill(self._supervisor(), number)
        last = begun = time.monotonic()
        while old & set(pids := self.pids()):
            now = time.monotonic()
            for position, count in Counter(pids.values()).items():
                both[position] = both.get(position, 0.0) + (now - last if count > 1 else 0.0)
            last = now
            if now - begun > RENEWAL_SECONDS:
                raise ChildError(f"the workers were not renewed within {RENEWAL_SECONDS:.0f} s")
            await asyncio.sleep(LOOK_SECONDS)
        return both

    def are_ready(self) -> bool:
        """Ask the supervisor whether each position has a worker that is ready. Blocks for a moment."""
        url = f"http://127.0.0.1:{self._admin_port}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
                told = json.load(answer)
        except (OSError, ValueError):
            return False
        workers = told["workers"]
        is_ours = told["pid"] == self._supervisor()
        return is_ours and len(workers) == len(self.positions) and all(each["ready"] for each in workers)

    def _at(self, position: int) -> list[int]:
        return [pid for pid, each in self.pids().items() if each == position]

    def _send(self, pids: Iterable[int], number: signal.Signals) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


async def wait_gone(pids: Iterable[int]) -> None:
    """Return when the processes have ended. Raises ``ChildError``."""
    deadline = time.monotonic() + STOP_SECONDS
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise ChildError(f"workers live {STOP_SECONDS:.0f} s after their death")
        await asyncio.sleep(LOOK_SECONDS)
