"""AnswerReader: brings what services write to this server's queue for answers to the websocket thread."""

import logging
from collections.abc import Callable, Collection
from typing import Protocol

from rtserver.base.bridge.message import Message, ServiceBodies
from tcelib.queue.error import QueueError
from tcelib.queue.message import DeadLetter, Delivery
from tcelib.queue.port import BareQueue
from tcelib.queue.reader import Reader

MOST_AT_ONCE = 500
WAIT_SECONDS = 1.0
RETRY_SECONDS = 0.5
log = logging.getLogger(__name__)


class Inward(Protocol):
    """Reading side of a queue."""

    def begin_anew(self) -> object:
        """Return what was received and not acknowledged once more, if it can be had again."""

    def receive(self, count: int, timeout: float, /) -> list[Delivery]:
        """Return the next messages, at most ``count``; wait a while for a first one. Raises ``QueueError``."""

    def acknowledge(self, message_ids: Collection[str], /) -> object:
        """Remove messages. Raises ``QueueError``."""


class StreamInward:
    """Reading side of a stream that nobody else reads."""

    def __init__(self, reader: Reader[DeadLetter]) -> None:
        self.begin_anew = reader.begin_anew
        self.receive = reader.receive
        self.acknowledge = reader.acknowledge


class ListInward:
    """Reading side of a list, from which a message is gone when it was taken."""

    def __init__(self, queue: BareQueue) -> None:
        self._queue = queue

    def begin_anew(self) -> object:
        """See ``Inward``."""

    def receive(self, count: int, timeout: float, /) -> list[Delivery]:
        """See ``Inward``."""
        return self._queue.take("reader", count, timeout)

    def acknowledge(self, message_ids: Collection[str], /) -> object:
        """See ``Inward``."""


class AnswerReader:
    """Source of the service thread for the answers to the calls on ``queue``. ``pause`` waits for seconds."""

    def __init__(
        self, queue: str, inward: Inward, post: Callable[[Message], object], *, pause: Callable[[float], object]
    ) -> None:
        self._queue = queue
        self._inward = inward
        self._post = post
        self._pause = pause
        self._done: list[str] = []
        self._is_stopping = self._is_away = False

    def run(self) -> None:
        """Read until ``stop``. After a death the next run begins with what was not posted."""
        self._inward.begin_anew()
        while not self._is_stopping:
            self._turn()

    def stop(self) -> None:
        """See ``Source``."""
        self._is_stopping = True

    def _turn(self) -> None:
        try:
            self._acknowledge()
            deliveries = self._inward.receive(MOST_AT_ONCE, WAIT_SECONDS)
            if deliveries:
                self._post(ServiceBodies(self._queue, tuple(delivery.body for delivery in deliveries)))
                self._done = [delivery.id for delivery in deliveries]
                self._acknowledge()
        except QueueError as error:
            if not self._is_away:
                log.warning("! answers to calls on %s cannot be read: %s", self._queue, error)
            self._is_away = True
            self._pause(RETRY_SECONDS)
        else:
            if self._is_away:
                log.info("= answers to calls on %s are read again", self._queue)
            self._is_away = False

    def _acknowledge(self) -> None:
        """Remove what was posted. What cannot be removed now is tried again before anything more is read."""
        if self._done:
            self._inward.acknowledge(self._done)
            self._done = []
