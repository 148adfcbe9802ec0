"""Isolation: hands over one suspect at a time, while the other lanes pause, though not for long.

So a process that dies of it again dies of nothing else. Pure: the pause and the time are passed in.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

ALONE_SECONDS = 1.0
"""Pause of the other lanes. A message that takes longer to kill the process shares its last moments with them."""
LOOK_SECONDS = 0.005
LONGEST_WAIT = 60.0
"""Time for which one suspect waits for another that does not end."""


class Isolation:
    """Isolation for all lanes of a worker. ``is_idle(owner)`` is true if no lane but ``owner`` has a message."""

    def __init__(
        self,
        is_idle: Callable[[object], bool],
        *,
        pause: Callable[[float], object],
        now: Callable[[], float],
    ) -> None:
        self._is_idle = is_idle
        self._pause = pause
        self._now = now
        self._owner: object = None
        self._until = 0.0

    def holds_up(self, other: object) -> bool:
        """Return True if ``other`` should not begin a message now."""
        return self._owner is not None and self._owner is not other and self._now() < self._until

    @contextmanager
    def alone(self, owner: object) -> Iterator[None]:
        """Within it, ``owner`` hands over a suspect, and the other lanes pause."""
        self._wait_while(lambda: self._owner is not None, LONGEST_WAIT)
        self._owner = owner
        try:
            self._until = self._now() + ALONE_SECONDS
            self._wait_while(lambda: not self._is_idle(owner), ALONE_SECONDS)
            self._until = self._now() + ALONE_SECONDS
            yield
        finally:
            if self._owner is owner:
                self._owner = None

    def _wait_while(self, is_true: Callable[[], bool], seconds: float) -> None:
        deadline = self._now() + seconds
        while is_true() and self._now() < deadline:
            self._pause(LOOK_SECONDS)
