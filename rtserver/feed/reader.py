"""FeedReader: iterates a feed on a thread of its own, and begins again with backoff when its source was away."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from typing import Any

from rtserver.feed.port import Feed, FeedError, FeedTick
from rtserver.service.backoff import full_jitter

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LOOK_SECONDS = 0.2

log = logging.getLogger(__name__)


class FeedReader:
    """Reads at most ``room`` ticks ahead: while nobody takes them, the source is not read.

    ``reconnects`` counts up; ``is_away`` is True between two iterations. Both may be read from any thread.
    """

    def __init__(self, feed: Feed, stop: threading.Event, room: int, jitter: Callable[[], float]) -> None:
        self._feed = feed
        self._stop = stop
        self._items: queue.Queue[FeedTick | None] = queue.Queue(room)
        self._jitter = jitter
        self._has_ended = threading.Event()
        self._attempt = 0
        self.reconnects = 0
        self.is_away = False
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Read until the feed ends or ``stop`` is set. An exception that ends it becomes ``failure``."""
        try:
            while not self._stop.is_set() and not self._iterate():
                self._stop.wait(full_jitter(self._attempt, FIRST_PAUSE, LONGEST_PAUSE, self._jitter))
                self._attempt += 1
                self.reconnects += 1
        except BaseException as error:  # noqa: BLE001 (the thread that takes the ticks raises it)
            self.failure = error
        finally:
            self._has_ended.set()

    def take(self, most: int, timeout: float) -> list[FeedTick | None]:
        """Return up to ``most`` items; wait for the first one, but not longer than ``timeout``."""
        found: list[FeedTick | None] = []
        try:
            found.append(self._items.get(timeout=min(timeout, LOOK_SECONDS)))
            while len(found) < most:
                found.append(self._items.get_nowait())
        except queue.Empty:
            pass
        return found

    def is_over(self) -> bool:
        """Return True if nothing is read any more and everything was taken. ``failure`` tells what ended it."""
        return self._has_ended.is_set() and self._items.empty()

    def _iterate(self) -> bool:
        """Read one iteration. Return False if the source is away, True if there is nothing more to read."""
        try:
            iteration = iter(self._feed)
            with _closing(iteration):
                for item in iteration:
                    if self.is_away:
                        log.info("= the source is there again")
                    self.is_away = False
                    self._attempt = 0
                    if not self._hand_over(item):
                        return True
        except (FeedError, OSError) as error:
            if not self.is_away:
                log.warning("! the source is away: %s; trying until it is back", error)
            self.is_away = True
            return False
        return True

    def _hand_over(self, item: FeedTick | None) -> bool:
        """Return False if there is to be no more reading."""
        while not self._stop.is_set():
            try:
                self._items.put(item, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False


def _closing(iteration: Iterator[object]) -> Any:
    """Return a context that ends a generator where it stands, so that it gives back its connection."""
    return closing(iteration) if hasattr(iteration, "close") else nullcontext()
