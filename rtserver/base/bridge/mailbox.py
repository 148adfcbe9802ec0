"""Mailboxes between the websocket thread and the service thread, the only crossing of the two.

One thread posts to a mailbox, the other drains it. The reader is woken once, however many messages are posted before
it drains.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from math import inf
from typing import TypeAlias

from rtserver.base.bridge.message import Message
from rtserver.base.bridge.ownership import ThreadBound

CONGESTED_LENGTH = 1_000  # of messages that may carry hundreds of rows each


Joins: TypeAlias = Callable[[Message, Message], bool]
"""A function from a message and the next one to whether both may be handled together."""


def never(_message: Message, _following: Message) -> bool:
    """Return False: each message is handled by itself."""
    return False


class BridgeClosedError(RuntimeError):
    """A post after ``close``."""


class Mailbox(ThreadBound):
    """Messages for one thread, first in, first out.

    ``post``, ``close`` and the properties may be used from any thread; ``bind`` and ``drain`` by the reader's alone.
    Receivers of the messages need not check the thread again.
    """

    def __init__(self, congested_length: int = CONGESTED_LENGTH) -> None:
        super().__init__()
        self._messages: deque[Message] = deque()
        self._congested_length = congested_length
        self._lock = threading.Lock()
        self._wake: Callable[[], object] | None = None
        self._go_on: Callable[[], object] = lambda: None
        self._is_awake = False
        self._is_closed = False
        self.posted = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def is_congested(self) -> bool:
        """True while so many messages wait that posters should pause if they can."""
        return len(self._messages) > self._congested_length

    def bind(self, wake: Callable[[], object], go_on: Callable[[], object] | None = None) -> None:
        """Make the calling thread the reader. ``wake`` must be safe from any thread and cause a ``drain`` soon.

        ``go_on`` does the same for a reader that has left messages, with less work: it is called by the reader.
        """
        self.bind_thread()
        self._go_on = wake if go_on is None else go_on
        with self._lock:
            self._wake = wake
            self._is_awake = bool(self._messages)
            must_wake = self._is_awake
        if must_wake:
            wake()

    def post(self, *messages: Message) -> None:
        """Accept one or more messages. They will be drained in order, even after ``close``.

        Raises ``BridgeClosedError``.
        """
        # The lock makes "accepted" exact: without it a post could slip in between close() and the last drain.
        with self._lock:
            if self._is_closed:
                raise BridgeClosedError(f"{type(messages[0]).__name__} was posted after the mailbox was closed")
            self._messages.extend(messages)
            self.posted += len(messages)
            must_wake = not self._is_awake and self._wake is not None
            self._is_awake = self._is_awake or must_wake
        if must_wake and self._wake is not None:
            self._wake()

    def drain(
        self, handle: Callable[..., float | None], limit: int, seconds: float = inf, *, joins: Joins = never
    ) -> bool:
        """Pass at most ``limit`` messages to ``handle``. Return True if some are left, and wake the reader for them.

        ``handle`` gets one message, or several in a row of which each ``joins`` the one before. It may return for how
        many messages these count: fewer if they are light, ``inf`` to end the drain. No message is begun after
        ``seconds``. The bounds keep a burst, or a few expensive messages, from holding up the reader's thread. Raises
        ``WrongThreadError``.
        """
        self.check_thread()
        deadline = time.monotonic() + seconds
        # Cleared before the first message is taken: a post from here on wakes once too often rather than never. Under
        # the lock: a post in progress could set it again for a wake-up that is over.
        with self._lock:
            self._is_awake = False
        messages = self._messages
        waiting, left = len(messages), float(limit)
        try:
            while waiting and left > 0:
                most = min(waiting, left)
                run = [messages.popleft()]
                while len(run) < most and joins(run[-1], messages[0]):
                    run.append(messages.popleft())
                waiting -= len(run)
                cost = handle(*run)
                left -= len(run) if cost is None else cost
                if time.monotonic() >= deadline:
                    break
        finally:
            # Also after a message that failed: later ones must not wait for the next post.
            has_more = bool(messages)
            if has_more:
                self._wake_for_the_rest()
        return has_more

    def close(self) -> None:
        """Refuse posts from now on. Accepted messages can still be drained."""
        with self._lock:
            self._is_closed = True

    def _wake_for_the_rest(self) -> None:
        with self._lock:
            must_wake = not self._is_awake and self._wake is not None
            self._is_awake = True
        if must_wake:
            self._go_on()


class Bridge:
    """The two mailboxes: ``to_users`` is drained by the websocket thread, ``to_services`` by the service thread."""

    def __init__(self) -> None:
        self.to_users = Mailbox()
        self.to_services = Mailbox()
