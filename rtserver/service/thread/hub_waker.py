"""HubWaker: wakes a gevent hub from any thread, until the hub is destroyed.

A libev async watcher must not be touched once its loop is freed. The lock guards that one moment and nothing else.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol


class Watcher(Protocol):
    """An async watcher of libev."""

    def start(self, callback: Callable[[], object], /) -> object:
        """Call ``callback`` on the hub after each ``send``."""

    def send(self) -> object:
        """Wake the loop. Safe from any thread."""

    def close(self) -> object:
        """Release the watcher."""


class Loop(Protocol):
    """The part of gevent's loop that the waker needs."""

    def async_(self) -> Watcher:
        """Return a new watcher."""


class Hub(Protocol):
    """The part of gevent's hub that the waker needs."""

    @property
    def loop(self) -> Loop:
        """The hub's event loop."""


class HubWaker:
    """Named signals, each bound to one callback on the hub. Does nothing before ``open`` and after ``close``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: dict[str, Watcher] = {}

    def open(self, hub: Hub, actions: Mapping[str, Callable[[], object]]) -> None:
        """Bind each signal to its callback. Runs on the hub's thread; the callbacks must not wait."""
        with self._lock:
            for signal, action in actions.items():
                watcher = hub.loop.async_()
                watcher.start(action)
                self._watchers[signal] = watcher

    def wake(self, signal: str) -> None:
        """Have the signal's callback called soon. Safe from any thread, the hub's own included."""
        with self._lock:
            watcher = self._watchers.get(signal)
            if watcher is not None:
                watcher.send()

    def close(self) -> None:
        """Release the watchers before the hub is destroyed. Runs on the hub's thread."""
        with self._lock:
            for watcher in self._watchers.values():
                watcher.close()
            self._watchers.clear()
