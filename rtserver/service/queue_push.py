"""QueuePush: puts service messages on the queues of other processes.

Such a queue is a stream of ``tcelib.queue``, called after its process, such as ``queue:billing``. docs/tce/queues.md
says how a program in any language serves from it.
"""

from typing import Protocol

from rtserver.base.queue.server_name import check_no_server_reads
from rtserver.base.queue.signature import Signer
from rtserver.service.message import encode
from tcelib.queue.error import QueueRefusedError
from tcelib.queue.message import DeadLetter, Message
from tcelib.queue.reader import Call, call_once
from tcelib.queue.redis_stream import RedisStreamQueue, redis_stream
from tcelib.redis.redis_connection import RedisClient

MOST_QUEUES = 1_000
"""Number of queues that are remembered; a queue costs nothing else."""


class PushToQueue(Protocol):
    """Puts one message on a process's queue."""

    def __call__(
        self,
        queue: str,
        type: str,  # noqa: A002 (the envelope's word)
        data: object,
        *,
        id: str | int | None = None,  # noqa: A002 (the envelope's word)
        expires: float | None = None,
    ) -> None:
        """Put a message. ``expires`` is in epoch seconds: after that moment nobody gets it.

        Raises ``QueueError``, ``JsonError`` for data that JSON cannot hold, ``MessageError`` for a bad name, or that
        of an rtserver. After a ``QueueAwayError`` nobody knows whether it was put; an ``id`` lets its reader tell a
        second one.
        """


class QueuePush:
    """See ``PushToQueue``. ``src`` is the sender of all messages.

    ``call`` may wait for a Redis that is away. A refusal is raised at once, so that one queue's fault is its own.
    """

    def __init__(self, client: RedisClient, src: str, signer: Signer, *, call: Call = call_once) -> None:
        self._client = client
        self._src = src
        self._signer = signer
        self._call = call
        self._queues: dict[str, RedisStreamQueue[DeadLetter]] = {}

    def __call__(
        self,
        queue: str,
        type: str,  # noqa: A002 (see ``PushToQueue``)
        data: object,
        *,
        id: str | int | None = None,  # noqa: A002 (see ``PushToQueue``)
        expires: float | None = None,
    ) -> None:
        """See ``PushToQueue``."""
        raw = self._signer.sign(encode(type, self._src, data, id))
        refusal = self._call(self._put, queue, Message(raw, expires=expires))
        if refusal is not None:
            raise refusal

    def _put(self, name: str, message: Message) -> QueueRefusedError | None:
        try:
            self._queue(name).put([message])
        except QueueRefusedError as error:
            return error
        return None

    def _queue(self, name: str) -> RedisStreamQueue[DeadLetter]:
        if name not in self._queues:
            opened = redis_stream(self._client, name)
            check_no_server_reads(self._client, name)
            if len(self._queues) >= MOST_QUEUES:
                self._queues.clear()
            self._queues[name] = opened
        return self._queues[name]


def push_nowhere(*_message: object, **_options: object) -> None:
    """See ``PushToQueue``. For surroundings without queues. Raises ``RuntimeError``."""
    raise RuntimeError("there are no queues here")
