"""How any thread wakes a gevent hub, until the hub has gone.

Knows what to ring, not what for. The lock is for the end alone: a watcher must not be touched once its loop is freed.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any


class Doorbell:
    """Buttons, each of which leads to one callback on the hub. Silent before ``put_up`` and after ``take_down``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: dict[str, Any] = {}

    def put_up(self, hub: Any, actions: Mapping[str, Callable[[], object]]) -> None:
        """Say which callback each button leads to. On the hub's thread; the callbacks must not wait."""
        with self._lock:
            for button, action in actions.items():
                watcher = hub.loop.async_()
                watcher.start(action)
                self._watchers[button] = watcher

    def ring(self, button: str) -> None:
        """Have the button's callback called soon. From any thread, the hub's own included."""
        with self._lock:
            watcher = self._watchers.get(button)
            if watcher is not None:
                watcher.send()

    def take_down(self) -> None:
        """The hub is about to go. On the hub's thread."""
        with self._lock:
            for watcher in self._watchers.values():
                watcher.close()
            self._watchers.clear()
