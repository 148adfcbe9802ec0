"""Turns: who is charged for long work on feeds and pages, and when it goes on."""

import time
from collections import deque
from collections.abc import Callable

from rtserver.base.limit.cpu_quota import OVER, SLICE_SECONDS, CallLater, FairShare, FairShares
from rtserver.base.limit.steps import Steps

PAUSE_SECONDS = 0.001
"""Least pause between two slices: the websocket thread gets the interpreter."""


class Turns:
    """The turns of users, and of work that is charged to nobody: all work is, without ``shares``.

    That work takes slices of ``SLICE_SECONDS``, and pauses for as long as a slice took: it has half of the thread at
    most, and a message waits for no more than a slice. Its pieces take turns. ``worked`` is the processor time of the
    thread.
    """

    def __init__(
        self, call_later: CallLater, shares: FairShares | None, *, worked: Callable[[], float] = time.thread_time
    ) -> None:
        self._call_later = call_later
        self._shares = shares
        self._worked = worked
        self._waiting: deque[Steps[None]] = deque()
        self._is_busy = False  # in a slice, or in the pause behind one

    def share_of(self, user: str) -> FairShare | None:
        """Return the share of a user, None if processor time is not counted."""
        return None if self._shares is None else self._shares.of(user)

    def drive(self, steps: Steps[None], share: FairShare | None) -> None:
        """Take all the steps, at once as far as a slice goes, the rest later. They must not raise.

        They are charged to ``share``; None is nobody.
        """
        if share is not None:
            share.drive(steps)
            return
        self._waiting.append(steps)
        if not self._is_busy:
            self._go_on()

    def _go_on(self) -> None:
        """Take the steps of one slice."""
        self._is_busy = True
        begun, took = self._worked(), 0.0
        while self._waiting:
            steps = self._waiting.popleft()
            if next(steps, OVER) is not OVER:
                self._waiting.append(steps)
            took = self._worked() - begun
            if took >= SLICE_SECONDS:
                break
        if self._waiting:
            self._call_later(max(took, PAUSE_SECONDS), self._go_on)
        else:
            self._is_busy = False
