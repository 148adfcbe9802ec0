"""OwnQueue: the queue of a process, which receives messages and puts messages on the queues of others.

A message stays in the queue until it is acknowledged. What a process that died had received goes to another reader
after ``claim_seconds``; several readers share a queue. So a message may come twice, and is never lost.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, Self

import msgspec

from rtserver.base.queue.server_name import check_no_server_reads
from rtserver.base.queue.signature import Signer
from rtserver.base.wire import json
from rtserver.service.message import Reason, Rejected, ServiceMessage, decode, rejection_of
from rtserver.service.queue_push import QueuePush
from tcelib.queue.error import QueueError
from tcelib.queue.message import DeadLetter, Delivery
from tcelib.queue.reader import Reader, ReaderRule
from tcelib.queue.redis_stream import redis_stream
from tcelib.queue.shell.thread_signs import ThreadSigns
from tcelib.redis.redis_connection import RedisClient

FORGET_SECONDS = 3600.0
BURY_SECONDS = 1.0
"""Pause until a message that could not be buried is received again."""
MOST_TRIES = 5
_any_decoder = msgspec.json.Decoder()


class Closing(Protocol):
    """Something that ends."""

    def close(self) -> None:
        """End it."""


class ReceivedMessage(NamedTuple):
    """A message in the hands of its reader. ``data`` and ``id`` are decoded; ``id`` is None if the sender gave none.

    ``src`` is the sender: of another ``OwnQueue`` its name. ``tries`` counts how often the message was received, this
    time included.
    """

    type: str
    src: str
    data: Any
    id: Any
    delivery: Delivery

    @property
    def tries(self) -> int:
        """See ``ReceivedMessage``."""
        return self.delivery.tries


class OwnQueue:
    """See the module. Calls may raise ``QueueError``; one thread at a time may use it, and no child of its process.

    A message that was received ``most_tries`` times and never acknowledged is a dead letter, ``poison``: it may be
    what its readers died of. ``signs`` starts what says that the reader is alive, and fits the program's way to wait.
    """

    def __init__(
        self,
        client: RedisClient,
        name: str,
        *,
        signer: Signer | None = None,
        rule: ReaderRule = ReaderRule(),  # noqa: B008 (a tuple)
        most_tries: int = MOST_TRIES,
        signs: Callable[[Reader[DeadLetter]], Closing] = ThreadSigns,
        pause: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._signer = signer or Signer()
        self._client = client
        self._queue = redis_stream(client, name)
        self._push = QueuePush(client, name, self._signer)
        self._reader = Reader(self._queue, f"{os.getpid()}#{secrets.token_hex(8)}", rule=rule, pause=pause)
        self._most_tries = most_tries
        self._start_signs = signs
        self._signs: Closing | None = None
        self._now = now
        self._is_closed = False
        self._process = os.getpid()

    def push(
        self,
        queue: str,
        type: str,  # noqa: A002 (the envelope's word)
        data: object,
        *,
        id: str | int | None = None,  # noqa: A002 (the envelope's word)
        expires: float | None = None,
    ) -> None:
        """Put a message on the queue of another process. See ``PushToQueue``. ``src`` is this queue's name."""
        self._push(queue, type, data, id=id, expires=expires)

    def get(self, count: int = 1, timeout: float = 1.0) -> list[ReceivedMessage]:
        """Return the next messages, at most ``count``; wait up to ``timeout`` seconds for a first one.

        Each has to be acknowledged. What is no message, or is badly signed, becomes a dead letter. A queue that was
        closed has no messages. Raises ``MessageError`` if the queue is an rtserver's.
        """
        if os.getpid() != self._process:
            raise RuntimeError(f"{self.name} was opened before the fork: open it in the child")
        if self._signs is None and not self._is_closed:
            check_no_server_reads(self._client, self.name)
            self._reader.tidy(FORGET_SECONDS)
            self._signs = self._start_signs(self._reader)
        return self._messages(self._reader.wait_for(count, timeout))

    def __iter__(self) -> Iterator[ReceivedMessage]:
        """Yield message after message until the queue is closed. Each has to be acknowledged."""
        while not self._is_closed:
            yield from self.get()

    def ack(self, *messages: ReceivedMessage) -> None:
        """Remove messages because they are done."""
        self._reader.acknowledge([message.delivery.id for message in messages])

    def retry(self, message: ReceivedMessage, delay: float) -> None:
        """Receive a message once more after ``delay`` seconds."""
        self._reader.retry(message.delivery.id, delay)

    def bury(self, message: ReceivedMessage, reason: str, detail: str = "") -> None:
        """Make a message a dead letter, because it can never be done."""
        self._bury(message.delivery, reason, detail)

    def length(self) -> int:
        """Return the number of messages that are not acknowledged."""
        return self._queue.length()

    def close(self) -> None:
        """Give back what is not acknowledged, and close the connections."""
        self._end(self._reader.leave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Close. After an error a message in hand may be its cause, so the try counts, and another reader waits until
        it may claim it, as after the death of a process.
        """
        self._end(self._reader.drain if isinstance(error, Exception) else self._reader.leave)

    def _end(self, give_back: Callable[[], object]) -> None:
        self._is_closed = True
        if self._signs is not None:
            self._signs.close()
            self._signs = None
        with suppress(QueueError):  # then others claim it later
            give_back()
        self._queue.close()

    def _messages(self, deliveries: Iterable[Delivery]) -> list[ReceivedMessage]:
        """Return the messages of deliveries. One that cannot be buried now costs the others nothing: it comes again,
        and its error is raised where no message was found.
        """
        found, failure = [], None
        for delivery in deliveries:
            try:
                message = self._received(delivery)
            except QueueError as error:
                self._reader.retry(delivery.id, BURY_SECONDS)
                failure = error
            else:
                found += [message] if message is not None else []
        if failure is not None and not found:
            raise failure
        return found

    def _received(self, delivery: Delivery) -> ReceivedMessage | None:
        """Return the message of a delivery. Bury what is none, and what was tried too often."""
        if delivery.tries > self._most_tries:
            self._bury(delivery, Reason.POISON, f"received {delivery.tries - 1} times, and never acknowledged")
            return None
        try:
            message = decode(delivery.body, self._signer, entry_id=delivery.id)
            return ReceivedMessage(message.type, message.src, _data(message), _id(message), delivery)
        except Rejected as rejected:
            self._bury(delivery, rejected.reason, rejected.detail)
            return None

    def _bury(self, delivery: Delivery, reason: str, detail: str) -> None:
        self._reader.bury(delivery.id, DeadLetter(delivery.message, reason, detail, self._now()))


def _data(message: ServiceMessage) -> Any:
    try:
        return json.decode(message.data, _any_decoder)
    except json.JsonError as error:
        raise rejection_of(message.data, error, Reason.BAD_JSON, message.src) from None


def _id(message: ServiceMessage) -> Any:
    if not bytes(message.id):
        return None
    try:
        return json.decode(message.id, _any_decoder)
    except json.JsonError as error:
        raise rejection_of(message.id, error, Reason.BAD_JSON, message.src) from None
