"""ShardQueues: several queues as producers see them: one list, whose messages go to the queue of their key."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from rtserver.base.queue.shard import queue_of

QUOTE, QUOTE_ALIVE = "quote", "quote_alive"


class ProducerQueue(Protocol):
    """The part of a queue that producers use. Every call may raise ``QueueError``."""

    address: str

    def put(self, raws: Sequence[bytes]) -> None:
        """Push messages to the end of the list."""

    def waiting(self) -> int:
        """Return the number of messages on the list."""

    def close(self) -> None:
        """Close all connections."""


class _Envelope(msgspec.Struct, omit_defaults=True):
    type: str
    src: msgspec.Raw
    data: msgspec.Raw
    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Item(msgspec.Struct):
    quote: str


class _Quiet(msgspec.Struct):
    quotes: list[str]


_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_ITEM = msgspec.json.Decoder(_Item)
_QUIET = msgspec.json.Decoder(_Quiet)
_ENVELOPE = msgspec.json.Decoder(_Envelope)


class ShardQueues:
    """The ``queues`` of one server by name, the first one's first. See ``ProducerQueue``.

    A message of quotes is divided by their keys. Any other message goes to the queue of the ``key`` that is given
    with it, or else to the first one. What no server could read goes there as well.
    """

    def __init__(self, queues: Mapping[str, ProducerQueue]) -> None:
        self._queues = dict(queues)
        self._names = tuple(queues)
        self.address = next(iter(queues.values())).address

    def put(self, raws: Sequence[bytes], key: str | None = None) -> None:
        """Push messages: those for one queue all or none, in order."""
        lists: dict[str, list[bytes]] = {}
        if len(self._names) == 1 or key is not None:
            lists[queue_of(key or "", self._names)] = list(raws)
        else:
            for raw in raws:
                for name, part in self._parts(raw):
                    lists.setdefault(name, []).append(part)
        for name, parts in lists.items():
            self._queues[name].put(parts)

    def waiting(self) -> int:
        """Return the number of messages on the longest list: who slows down for it slows down for all."""
        return max(queue.waiting() for queue in self._queues.values())

    def close(self) -> None:
        """Close all connections."""
        for queue in self._queues.values():
            queue.close()

    def _parts(self, raw: bytes) -> Iterator[tuple[str, bytes]]:
        try:
            envelope = _ENVELOPE.decode(raw)
            shares = self._shares(envelope)
        except msgspec.DecodeError:
            shares = {}
        if not shares:
            yield self._names[0], raw
        elif len(shares) == 1:
            yield next(iter(shares)), raw
        else:
            for name, data in shares.items():
                envelope.data = msgspec.Raw(data)
                yield name, msgspec.json.encode(envelope)

    def _shares(self, envelope: _Envelope) -> dict[str, bytes]:
        """Return the data for each queue of a message that its keys divide."""
        shares: dict[str, list[msgspec.Raw]] = {}
        quiet: dict[str, list[str]] = {}
        if envelope.type == QUOTE:
            for item in _ITEMS.decode(envelope.data):
                shares.setdefault(self._owner(_ITEM.decode(item).quote), []).append(item)
        elif envelope.type == QUOTE_ALIVE:
            for quote in _QUIET.decode(envelope.data).quotes:
                quiet.setdefault(self._owner(quote), []).append(quote)
        found = {name: msgspec.json.encode(items) for name, items in shares.items()}
        return found or {name: msgspec.json.encode({"quotes": quotes}) for name, quotes in quiet.items()}

    def _owner(self, quote: str) -> str:
        return queue_of(quote, self._names)
