"""Queue of one agent's questions to the services: one at a time, in order. Pure.

One page could queue more pictures than its outbox takes otherwise, and hold up the questions of others. For the same
reason nothing is asked for a client that lags. A question whose answer has to be read somewhere, which the services
say, holds up the next ones only if there are ``MOST_DELAYED`` of that kind already.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import Message

MOST_DELAYED = 4


class QuestionQueue:
    """The questions of one agent by their ``ref``. ``post`` puts one on the bridge."""

    __slots__ = ("_asked", "_delayed", "_is_lagging", "_post", "_waiting")

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._waiting: dict[int, Message] = {}  # the oldest first
        self._asked: int | None = None  # ref of the question that holds up the others
        self._delayed: set[int] = set()
        self._is_lagging = False

    def __contains__(self, ref: int) -> bool:
        """Return whether a question has not been asked yet."""
        return ref in self._waiting

    def __iter__(self) -> Iterator[int]:
        """Return the refs of the questions that have not been asked yet."""
        return iter(self._waiting)

    def put(self, ref: int, question: Message) -> None:
        """Ask now or later. Raises ``BridgeClosedError``."""
        if self._asked is None and not self._is_lagging:
            self._post(question)
            self._asked = ref
        else:
            self._waiting[ref] = question

    def take_back(self, ref: int) -> bool:
        """Drop a question. Return False if it was asked already."""
        return self._waiting.pop(ref, None) is not None

    def on_answered(self, ref: int) -> None:
        """Ask the next question: this one is answered, or given up."""
        self._delayed.discard(ref)
        if ref == self._asked:
            self._asked = None
            self._ask_next()

    def on_delayed(self, ref: int) -> None:
        """Ask the next question all the same: the answer to this one takes long."""
        if ref == self._asked and len(self._delayed) < MOST_DELAYED:
            self._delayed.add(ref)
            self._asked = None
            self._ask_next()

    def on_lag(self, is_lagging: bool) -> None:
        """Note that the client has begun to lag, or has caught up."""
        self._is_lagging = is_lagging
        self._ask_next()

    def clear(self) -> None:
        """Drop all questions that have not been asked yet."""
        self._waiting.clear()

    def _ask_next(self) -> None:
        if self._asked is None and self._waiting and not self._is_lagging:
            ref, question = next(iter(self._waiting.items()))
            # At shutdown the bridge is closed, and the connection ends too.
            with suppress(BridgeClosedError):
                self._post(question)
                del self._waiting[ref]
                self._asked = ref
