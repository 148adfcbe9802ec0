"""Probe of log-ins for ``/readyz`` and the log: it asks the site periodically, and soon after a failed look-up.

A server whose site cannot be asked answers every handshake with 503, so it is not ready. Belongs to the event loop's
thread.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress

log = logging.getLogger(__name__)

CALM_SECONDS = 15.0
TROUBLED_SECONDS = 1.0
"""Least time between two probes: one unreadable session must not cause endless questions to the site."""
PATIENCE_SECONDS = 10.0
"""A store that does not answer for so long counts as failed."""


class LoginWatch:
    """Runs ``probe``, which returns the fault that prevents log-ins, or "". It blocks, so ``executor`` runs it."""

    def __init__(
        self,
        probe: Callable[[], str],
        executor: Executor,
        *,
        calm_seconds: float = CALM_SECONDS,
        troubled_seconds: float = TROUBLED_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probe = probe
        self._executor = executor
        self._calm_seconds = calm_seconds
        self._troubled_seconds = troubled_seconds
        self._clock = clock
        self._trouble: str | None = None
        self._asked: float | None = None
        self._is_wanted = asyncio.Event()

    @property
    def is_possible(self) -> bool:
        """True if the last probe succeeded and none has been waiting for long."""
        return self._trouble == "" and self._waiting() <= PATIENCE_SECONDS

    @property
    def detail(self) -> str:
        """The fault that prevents log-ins, in one sentence."""
        if self._waiting() > PATIENCE_SECONDS:
            return f"the site's sessions or users have not been read for {self._waiting():.0f} s"
        if self._trouble is None:
            return "not known yet"
        return self._trouble or "possible"

    def on_failure(self) -> None:
        """Probe soon, because a look-up has failed."""
        self._is_wanted.set()

    async def run(self) -> None:
        """Probe for ever."""
        while True:
            self._is_wanted.clear()
            await self.look()
            await asyncio.sleep(self._troubled_seconds)
            if not self._trouble:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._calm_seconds):
                        await self._is_wanted.wait()

    async def look(self) -> None:
        """Probe once. Log a result that differs from the last one."""
        self._asked = self._clock()
        trouble = await asyncio.get_running_loop().run_in_executor(self._executor, self._probe)
        self._asked = None
        if trouble and trouble != self._trouble:
            log.error("! nobody can log in: %s", trouble)
        elif self._trouble and not trouble:
            log.info("= log-ins are possible again")
        self._trouble = trouble

    def _waiting(self) -> float:
        return 0.0 if self._asked is None else self._clock() - self._asked
