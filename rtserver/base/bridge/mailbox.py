"""The one door between the websocket thread and the service thread: two mailboxes.

A mailbox is posted to from the one thread and drained on the other. A gate keeps the wake-ups down to one, however
many messages are posted before the reader gets round to them. Nothing else in rtserver is shared, so nothing else
locks.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from math import inf

from rtserver.base.bridge.message import Message

CONGESTED_LENGTH = 1_000  # of messages that may carry hundreds of rows each


class BridgeClosedError(RuntimeError):
    """A post after ``close``."""


class Mailbox:
    """Messages for one thread, first in, first out.

    ``post``, ``close`` and the properties may be used from any thread; ``bind`` and ``drain`` by the reader's alone.
    """

    def __init__(self, congested_length: int = CONGESTED_LENGTH) -> None:
        self._messages: deque[Message] = deque()
        self._congested_length = congested_length
        self._lock = threading.Lock()
        self._wake: Callable[[], object] | None = None
        self._is_awake = False
        self._is_closed = False
        self.posted = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def is_congested(self) -> bool:
        """Whether the reader is so far behind that whoever can wait should wait before it posts more."""
        return len(self._messages) > self._congested_length

    def bind(self, wake: Callable[[], object]) -> None:
        """Say how the reader is woken; ``wake`` must be callable from any thread and lead to a ``drain`` soon."""
        with self._lock:
            self._wake = wake
            self._is_awake = bool(self._messages)
            must_wake = self._is_awake
        if must_wake:
            wake()

    def post(self, message: Message) -> None:
        """Accept a message: it will be drained, in order, whatever happens after. Raises ``BridgeClosedError``."""
        # The lock makes "accepted" exact: without it a post could slip in between close() and the last drain.
        with self._lock:
            if self._is_closed:
                raise BridgeClosedError(f"{type(message).__name__} was posted after the mailbox was closed")
            self._messages.append(message)
            self.posted += 1
            must_wake = not self._is_awake and self._wake is not None
            self._is_awake = self._is_awake or must_wake
        if must_wake and self._wake is not None:
            self._wake()

    def drain(self, handle: Callable[[Message], object], limit: int, seconds: float = inf) -> bool:
        """Hand at most ``limit`` messages to ``handle``; whether some are left, for which the reader is woken again.

        After ``seconds``, or when ``handle`` returns True for a large message, no further one is begun. The bounds
        keep a burst, or a few messages that cost much, from holding up everything else on the reader's thread.
        """
        deadline = time.monotonic() + seconds
        # Lowered before the first message is taken: a post from here on wakes once too often rather than never.
        # Under the lock, or a post in progress could raise it again for a wake-up that is over.
        with self._lock:
            self._is_awake = False
        messages = self._messages
        try:
            for _ in range(min(limit, len(messages))):
                if handle(messages.popleft()) is True or time.monotonic() >= deadline:
                    break
        finally:
            # Also after a message that failed: those behind it must not lie there until the next post.
            has_more = bool(messages)
            if has_more:
                self._wake_for_the_rest()
        return has_more

    def close(self) -> None:
        """Refuse posts from now on. What was accepted stays for the reader to drain."""
        with self._lock:
            self._is_closed = True

    def _wake_for_the_rest(self) -> None:
        with self._lock:
            must_wake = not self._is_awake and self._wake is not None
            self._is_awake = True
        if must_wake and self._wake is not None:
            self._wake()


class Bridge:
    """The two mailboxes: ``to_users`` is drained by the websocket thread, ``to_services`` by the service thread."""

    def __init__(self) -> None:
        self.to_users = Mailbox()
        self.to_services = Mailbox()
