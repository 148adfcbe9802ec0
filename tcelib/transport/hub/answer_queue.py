"""Queues for answers below a queue of calls: ``orders/5f0c7a61`` is below ``orders``, in the same Redis.

Callers that come and go read their answers there, so a service that reads ``orders`` need not know their names. A
caller that can write to ``orders`` can make it write below, and nowhere else.
"""

from collections.abc import Callable

from tcelib.core.queue_connection import RpcQueueConnection

MOST_OPEN = 256
"""Each has a connection to Redis. Beyond that, the one that was written to longest ago is closed."""


class AnswerQueues:
    """Opens the queues below ``key`` when an answer is for them. ``open_below`` opens one for writing, by its key."""

    def __init__(self, key: str, open_below: Callable[[str], RpcQueueConnection]) -> None:
        self._front = f"{key}/"
        self._open_below = open_below
        self._opened: dict[str, RpcQueueConnection] = {}  # written to last: at the end

    def find(self, name: str) -> RpcQueueConnection | None:
        """Return the queue of that name; None for one that is not below. Raises ``MessageError`` for a bad name."""
        if not name.startswith(self._front):
            return None
        connection = self._opened.pop(name, None) or self._open_below(name)
        self._opened[name] = connection
        if len(self._opened) > MOST_OPEN:
            self._opened.pop(next(iter(self._opened))).close()
        return connection

    def close(self) -> None:
        """Close them all."""
        opened, self._opened = self._opened, {}
        for connection in opened.values():
            connection.close()
