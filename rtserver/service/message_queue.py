"""ServiceMessageQueue: the queue as producers see it, in messages instead of bytes.

It is for Python code outside of rtserver, such as a Django view or a feed:
``ServiceMessageQueue.connect("redis://…")``. Producers in other languages need nothing but RPUSH.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Self, TypeAlias

from rtserver.base.queue.port import START, DeadLetter, Entry, QueueError, QueuePort
from rtserver.base.queue.redis_queue import DEFAULT_NAME, RedisQueue, plain_client
from rtserver.base.queue.signature import Signer
from rtserver.registry.running_server import RunningServers, complaint
from rtserver.service.message import Rejected, ServiceMessage, decode_entry, encode
from rtserver.service.own_queue import MOST_TRIES, OwnQueue
from rtserver.service.repeats import names_in
from rtserver.service.shard_queues import ShardQueues
from tcelib.queue.reader import ReaderRule

DEFAULT_URL = "redis://127.0.0.1:6379/0"
log = logging.getLogger(__name__)

OutgoingMessage: TypeAlias = tuple[str, str, object] | tuple[str, str, object, str | int | None]


class ServiceMessageQueue:
    """Puts messages on a queue, or reads them where no rtserver does. Every call may raise ``QueueError``.

    ``signer`` checks the signatures of messages that are read; the queue signs what is put. With ``servers``, the
    first message of each type is followed by a look at the running servers, and a warning if none handles the type.
    With ``shards`` messages are put there; ``queue`` is the first of them.
    """

    def __init__(
        self,
        queue: QueuePort,
        signer: Signer | None = None,
        *,
        servers: RunningServers | None = None,
        shards: ShardQueues | None = None,
    ) -> None:
        self._queue = queue
        self._lists = ShardQueues({"": queue}) if shards is None else shards
        self._signer = signer or Signer()
        self._servers = servers
        self._looked_up: set[str] = set()
        self._position = START

    @classmethod
    def connect(
        cls,
        url: str,
        queue: str = DEFAULT_NAME,
        *,
        queues: Sequence[str] = (),
        secret: str = "",
        signature_seconds: float = 0.0,
    ) -> Self:
        """Return the queue of that name in the Redis at ``url``, on ordinary sockets. Connects with the first call.

        ``queues`` is the server's setting of that name, if it has one; then ``queue`` is its first.
        ``secret`` is the server's ``queue_secret``, if it has one, ``signature_seconds`` its setting of that name.
        """
        signer = Signer(secret, seconds=signature_seconds, now=time.time)
        client = plain_client(url)
        names = tuple(queues) or (queue,)
        shards = {name: RedisQueue(client, name, signer=signer) for name in names}
        servers = RunningServers.of_queue(client, names[0])
        return cls(shards[names[0]], signer, servers=servers, shards=ShardQueues(shards))

    @staticmethod
    def own(
        name: str,
        url: str = DEFAULT_URL,
        *,
        secret: str = "",
        signature_seconds: float = 0.0,
        most_held: int = 100,
        claim_seconds: float = 30.0,
        most_tries: int = MOST_TRIES,
    ) -> OwnQueue:
        """Return the queue of this process, such as ``queue:billing``, on ordinary sockets.

        ``secret`` and ``signature_seconds`` are as with ``connect``. It holds at most ``most_held`` messages that are
        not acknowledged; a reader that is silent for ``claim_seconds`` counts as dead. What was received
        ``most_tries`` times and never acknowledged is a dead letter. Raises ``MessageError`` for a name that is none,
        ``ValueError`` for bounds that are none (see ``ReaderRule``).
        """
        signer = Signer(secret, seconds=signature_seconds, now=time.time)
        rule = ReaderRule(most_held, claim_seconds)
        return OwnQueue(plain_client(url), name, signer=signer, rule=rule, most_tries=most_tries)

    def put(
        self,
        type: str,  # noqa: A002 (the envelope's word)
        src: str,
        data: object,
        *,
        id: str | int | None = None,  # noqa: A002 (the envelope's word)
        key: str | None = None,
    ) -> None:
        """Send one message. ``src`` names the sender, for people who look for it later. Raises ``JsonError``.

        Of several queues it goes to that of ``key``; quotes find theirs by themselves.

        After a ``QueueAwayError`` nobody knows whether it was sent. A message with an ``id`` may then be sent again:
        the server drops a second message of one ``src`` with one ``id``.
        """
        self._put([(type, src, data, id)], key)

    def put_many(self, messages: Iterable[OutgoingMessage]) -> None:
        """Send ``(type, src, data)`` or ``(type, src, data, id)`` messages in one go: all of them in order, or none.

        That holds for each of several queues. Raises ``JsonError``.
        """
        self._put(list(messages), None)

    def _put(self, sent: Sequence[OutgoingMessage], key: str | None) -> None:
        self._lists.put([encode(*message) for message in sent], key)
        if self._servers is not None:
            self._look_up(self._servers, {message[0] for message in sent} - self._looked_up)

    def get(self, count: int = 100, timeout: float = 1.0) -> list[ServiceMessage]:
        """Return the next messages in order, at most ``count``; wait ``timeout`` seconds for a first one.

        The first call begins with what the bus holds. An entry that is no message goes to the dead stream; repeats
        are left out.
        """
        entries = self._queue.read(self._position, count, 0)
        if not entries:
            self._queue.intake(timeout)
            entries = self._queue.read(self._position, count, 0)
        messages: list[tuple[Entry, ServiceMessage]] = []
        dead = []
        for entry in entries:
            try:
                messages.append((entry, decode_entry(entry, self._signer)))
            except Rejected as rejected:
                at = int(entry.id.partition("-")[0]) / 1000
                dead.append(DeadLetter(entry.raw, rejected.reason, rejected.detail, rejected.src, at, entry=entry.id))
        named = names_in(messages)
        repeats = self._queue.bind(named).ids if named else ()
        if dead:
            self._queue.bury(dead)
        if entries:
            self._position = entries[-1].id
        return [message for entry, message in messages if entry.id not in repeats]

    def _look_up(self, servers: RunningServers, types: set[str]) -> None:
        """Warn about types that no running server handles. The messages are sent already, so errors are ignored."""
        if not types:
            return
        self._looked_up |= types
        with suppress(QueueError):
            told = complaint(types, servers.types(), self._queue.address)
            if told:
                log.warning("! %s", told)

    def close(self) -> None:
        """Close the connections."""
        self._lists.close()
