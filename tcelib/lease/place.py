"""Places: which of the holders of an item had it last, beside a registry whose sets have no order.

An item has one holder nearly always. Of one that has several, such as a user whose phone has changed the network and
whose old connection nobody has given up yet, the holder counts that took it last.
"""

from collections.abc import Collection, Sequence
from typing import Any

from tcelib.lease.redis import RedisLeases, explained, raw_of
from tcelib.redis.redis_connection import RedisClient
from tcelib.redis.redis_error import RedisCallError

LAST = "last"


class PlaceLeases(RedisLeases):
    """A registry that tells the last holder of the items of one kind, ``what``.

    It is noted in a sorted set, with the number of the lease as the score, where an item has several holders.
    A note that is wrong, because its holder is gone, is never looked at; ``forget`` removes it.
    """

    def __init__(self, client: RedisClient, name: str, what: str) -> None:
        super().__init__(client, name)
        self._what = what
        self._notes = client.at(name)
        self._last = f"{{{name}}}:{LAST}:{what}"

    def hold(self, number: int, what: str, items: Sequence[str]) -> int:
        """See ``LeasePort``. Two questions more, and a note where an item has several holders."""
        told = super().hold(number, what, items)
        if what == self._what:
            shared = [item for item, numbers in super().where(what, items).items() if numbers != (number,)]
            if shared:
                self._ask_notes("ZADD", self._last, *(part for item in shared for part in (number, raw_of(item))))
        return told

    def where(self, what: str, items: Collection[str]) -> dict[str, tuple[int, ...]]:
        """See ``LeasePort``; the last holder comes last."""
        places = super().where(what, items)
        shared = [item for item, numbers in places.items() if len(numbers) > 1] if what == self._what else []
        if shared:
            notes = self._ask_notes("ZMSCORE", self._last, *map(raw_of, shared))
            for item, note in zip(shared, notes, strict=True):
                last = 0 if note is None else int(float(note))
                if last in places[item]:
                    places[item] = (*(number for number in places[item] if number != last), last)
        return places

    def forget(self) -> None:
        """Remove the notes of holders that are older than all that are there."""
        oldest = min((holder.number for holder in self.holders()), default=0)
        if oldest:
            self._ask_notes("ZREMRANGEBYSCORE", self._last, "-inf", f"({oldest}")

    def _ask_notes(self, *command: object) -> Any:
        try:
            return self._notes.call(*command)
        except RedisCallError as error:
            raise explained(error, self._notes, {self._last: "zset"}) from error
