"""Outage: tells the log of a trouble that lasts, in few lines: its begin, once a minute, and its end."""

import logging
import math
import time
from collections.abc import Callable

LOG_SECONDS = 60.0


class Outage:
    """Trouble with one thing. ``what`` is what it does not do, such as "the queue calls cannot be read"; ``well`` is
    what it does again. ``clock`` never goes back, in seconds.
    """

    def __init__(
        self, log: logging.Logger, what: str, well: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._what = what
        self._well = well
        self._clock = clock
        self._begun: float | None = None
        self._failed_at = float("-inf")
        self._reason = ""
        self._told_at = float("-inf")
        self._told = ""
        self._is_told = False
        self._count = 0

    def begin(self, reason: object, count: int = 1) -> None:
        """Note that it has failed, for a reason and for so many messages."""
        now, text = self._clock(), str(reason)
        if self._begun is None:
            self._begun, self._count, self._is_told = now, 0, False
        self._count += count
        self._failed_at, self._reason = now, text
        if text != self._told or now - self._told_at >= LOG_SECONDS:
            self._told, self._told_at, self._is_told = text, now, True
            self._log.warning("! %s: %s", self._what, text)

    def trouble(self, seconds: float = math.inf) -> str:
        """Return the last reason while it fails, if that was not longer ago than ``seconds``; else an empty text."""
        is_recent = self._begun is not None and self._clock() - self._failed_at <= seconds
        return self._reason if is_recent else ""

    def end(self) -> None:
        """Note that it has worked."""
        if self._begun is None:
            return
        if self._is_told:
            seconds = self._clock() - self._begun
            self._log.warning("= %s, after %.1f s and %d failures", self._well, seconds, self._count)
        self._begun = None
