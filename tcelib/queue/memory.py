"""MemoryStreamQueue and MemoryListQueue: the twins of the queues in Redis, for tests. Never the product's answer.

All users live on one thread.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, TypeVar

from tcelib.queue.bare import bare_bodies, fresh_deliveries, never
from tcelib.queue.message import DeadLetter, Delivery, Message
from tcelib.queue.port import EXPIRED, EXPIRY_DETAIL, LEASED

L = TypeVar("L")
Wait: TypeAlias = Callable[[Callable[[], bool], float], object]
"""Wait until a function returns True, or for a number of seconds."""
_LOOK_AGAIN = 0.001


def polling(sleep: Callable[[float], object] = time.sleep) -> Wait:
    """Return a wait that looks again and again, with ``sleep`` in between: it fits threads and gevent hubs."""

    def wait(is_so: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not is_so() and time.monotonic() < deadline:
            sleep(_LOOK_AGAIN)

    return wait


@dataclass
class _Piece:
    message: Message
    put_at: float
    reader: str = ""
    tries: int = 0
    heard_at: float = 0.0

    def may_be_claimed(self, now: float, silence: float) -> bool:
        """Return whether another reader may have it."""
        is_free = not self.reader.startswith(LEASED) or math.isinf(self.heard_at)
        return bool(self.reader) and is_free and now - self.heard_at >= silence


class MemoryStreamQueue(Generic[L]):
    """See ``GroupQueue``. ``now`` is in epoch seconds.

    ``letter_of`` makes the dead letter of a message that expired, ``bury`` gets all letters. ``source`` returns
    messages with ids that others put; each counts once.
    """

    address = "memory:"

    def __init__(
        self,
        name: str,
        *,
        letter_of: Callable[[Message, str, str, float], L],
        bury: Callable[[L], object],
        source: Callable[[], Iterable[Message]] = tuple,
        now: Callable[[], float] = time.time,
        wait: Wait | None = None,
    ) -> None:
        self.name = name
        self.expired = 0
        self._letter_of = letter_of
        self._bury = bury
        self._source = source
        self._now = now
        self._wait = wait or polling()
        self._known: set[str] = set()
        self._pieces: dict[str, _Piece] = {}

    def put(self, messages: Sequence[Message]) -> None:
        """See ``Queue``."""
        first = len(self._known) + 1
        ids = [f"{int(self._now() * 1000)}-{number}" for number in range(first, first + len(messages))]
        self._add([replace(message, id=each) for message, each in zip(messages, ids, strict=True)])

    def take(self, reader: str, count: int, timeout: float) -> list[Delivery]:
        """See ``Queue``."""
        self._wait(lambda: bool(self._free()), timeout)
        return self._next(reader, count, self._free)

    def claim(self, reader: str, count: int, silence: float) -> list[Delivery]:
        """See ``ReliableQueue``."""
        begun_at = self._now()

        def silent() -> list[_Piece]:
            return [p for p in self._look().values() if p.may_be_claimed(begun_at, silence)]

        return self._next(reader, count, silent)

    def claim_of(self, reader: str, owners: Collection[str], count: int) -> list[Delivery]:
        """See ``GroupQueue``."""
        return self._next(reader, count, lambda: [p for p in self._look().values() if p.reader in owners])

    def holding(self) -> list[str]:
        """See ``GroupQueue``."""
        return sorted({piece.reader for piece in self._look().values() if piece.reader})

    def again(self, reader: str, message_id: str) -> Delivery | None:
        """See ``ReliableQueue``."""
        found = self._open(reader, self._held(reader, [message_id]))
        return found[0] if found else None

    def held(self, reader: str, count: int) -> list[str]:
        """See ``ReliableQueue``."""
        return [piece.message.id for piece in self._look().values() if piece.reader == reader][:count]

    def extend(self, reader: str, message_ids: Collection[str]) -> set[str]:
        """See ``ReliableQueue``."""
        held = self._held(reader, message_ids)
        for piece in held:
            piece.heard_at = self._now()
        return {piece.message.id for piece in held}

    def release(self, reader: str, message_ids: Collection[str]) -> None:
        """See ``ReliableQueue``."""
        for piece in self._held(reader, message_ids):
            piece.heard_at = float("-inf")
            piece.tries -= 1

    def acknowledge(self, message_ids: Collection[str]) -> int:
        """See ``ReliableQueue``."""
        return sum(self._remove(message_id) for message_id in message_ids)

    def bury(self, message_id: str, letter: L) -> bool:
        """See ``ReliableQueue``."""
        is_there = self._remove(message_id)
        if is_there:
            self._bury(letter)
        return is_there

    def tidy(self, silence: float) -> None:
        """See ``ReliableQueue``. No names are kept."""

    def length(self) -> int:
        """See ``Queue``."""
        return len(self._look())

    def oldest_age(self) -> float:
        """See ``Queue``."""
        return next((self._now() - piece.put_at for piece in self._look().values()), 0.0)

    def close(self) -> None:
        """See ``Queue``."""

    def _add(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message.id not in self._known:
                self._known.add(message.id)
                self._pieces[message.id] = _Piece(message, self._now())

    def _look(self) -> dict[str, _Piece]:
        self._add(self._source())
        return self._pieces

    def _free(self) -> list[_Piece]:
        return [piece for piece in self._look().values() if not piece.reader]

    def _next(self, reader: str, count: int, find: Callable[[], list[_Piece]]) -> list[Delivery]:
        """Return the first of the pieces that ``find`` returns, but for those whose time is over."""
        while pieces := find()[:count]:
            if found := self._open(reader, pieces):
                return found
        return []

    def _open(self, reader: str, pieces: Iterable[_Piece]) -> list[Delivery]:
        begun = [self._begin(piece, reader) for piece in pieces]
        over = [delivery.message for delivery in begun if delivery.message.is_expired(self._now())]
        for message in over:
            self.expired += self.bury(message.id, self._letter_of(message, EXPIRED, EXPIRY_DETAIL, self._now()))
        return [delivery for delivery in begun if delivery.message not in over]

    def _begin(self, piece: _Piece, reader: str) -> Delivery:
        piece.reader, piece.heard_at = reader, self._now()
        piece.tries += 1
        return Delivery(piece.message, piece.tries)

    def _held(self, reader: str, message_ids: Collection[str]) -> list[_Piece]:
        return [self._pieces[i] for i in message_ids if i in self._pieces and self._pieces[i].reader == reader]

    def _remove(self, message_id: str) -> bool:
        piece = self._pieces.get(message_id)
        if piece is None or not piece.reader:
            return False
        del self._pieces[message_id]
        return True


def memory_stream(
    name: str, letters: list[DeadLetter], *, now: Callable[[], float] = time.time, wait: Wait | None = None
) -> MemoryStreamQueue[DeadLetter]:
    """Return a queue whose dead letters are appended to ``letters``."""
    return MemoryStreamQueue(name, letter_of=DeadLetter, bury=letters.append, now=now, wait=wait)


class MemoryListQueue:
    """See ``Queue``. ``expires_of`` reads from a body when it expires, in epoch seconds."""

    address = "memory:"

    def __init__(
        self,
        name: str,
        *,
        expires_of: Callable[[bytes], float | None] = never,
        now: Callable[[], float] = time.time,
        wait: Wait | None = None,
    ) -> None:
        self.name = name
        self.expired = 0
        self._expires_of = expires_of
        self._now = now
        self._wait = wait or polling()
        self._bodies: deque[bytes] = deque()

    def put(self, messages: Sequence[Message]) -> None:
        """See ``Queue``."""
        self._bodies.extend(bare_bodies(messages))

    def take(self, reader: str, count: int, timeout: float) -> list[Delivery]:
        """See ``Queue``."""
        self._wait(lambda: bool(self._bodies), timeout)
        found: list[Delivery] = []
        while self._bodies and not found:
            bodies = [self._bodies.popleft() for _ in range(min(count, len(self._bodies)))]
            found = fresh_deliveries(bodies, self._expires_of, self._now())
            self.expired += len(bodies) - len(found)
        return found

    def length(self) -> int:
        """See ``Queue``."""
        return len(self._bodies)

    def oldest_age(self) -> None:
        """See ``Queue``. Bodies do not say when they were put."""

    def wake(self, reader: str) -> None:
        """See ``BareQueue``. Nobody waits on another thread."""

    def close(self) -> None:
        """See ``Queue``."""
