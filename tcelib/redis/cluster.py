"""ClusterMap: says which node of a Redis Cluster is the primary of a slot. ``SlotResolver`` is its part for one slot.

All keys of a queue lie in one slot, so its connections lead to one node, as everywhere. A node is believed if it says
that the Cluster is up: one that was cut off from the others knows no better than what was. Nothing is asked for while
commands succeed, because a node that does not serve a slot any more says so (MOVED, CLUSTERDOWN).
"""

from collections.abc import Sequence
from typing import Any

import redis
from redis.crc import key_slot

from tcelib.redis.panel import NoAnswerError, Panel
from tcelib.redis.redis_address import Place

STATE_UP = b"cluster_state:ok"


def slot_of(key: str) -> int:
    """Return the slot of a key. Of a key with braces only what they hold counts."""
    slot: int = key_slot(key.encode())
    return slot


class ClusterMap:
    """Knows the primaries of all slots. ``panel`` has the nodes that the address names, and those that they name."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._ranges: tuple[tuple[int, int, Place], ...] = ()
        self._doubts = 0
        self._settled_doubts = -1

    def primary_of(self, slot: int) -> Place:
        """Return the node that serves a slot. Raises ``redis.ConnectionError``."""
        if self._settled_doubts != self._doubts:
            doubts = self._doubts  # as they were before the question
            self._ranges = self._ask()
            self._settled_doubts = doubts
        for first, last, place in self._ranges:
            if first <= slot <= last:
                return place
        self.doubt()
        raise redis.ConnectionError(f"no node of the Cluster serves slot {slot}")

    @property
    def primaries(self) -> frozenset[Place]:
        """The nodes that serve slots, as far as they are known."""
        return frozenset(place for _, _, place in self._ranges)

    def doubt(self) -> None:
        """Ask anew before the next answer."""
        self._doubts += 1

    def close(self) -> None:
        """Close all connections."""
        self._panel.close()

    def forget(self) -> None:
        """See ``tcelib.fork``."""
        self._panel.forget()

    def _ask(self) -> tuple[tuple[int, int, Place], ...]:
        faults = []
        for place in self._panel.in_turn():
            try:
                state, slots = self._panel.ask(place, ("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"))
            except NoAnswerError as error:
                faults.append(str(error))
                continue
            if STATE_UP in state.split():
                self._panel.learn(node for row in slots for node in _nodes(row, place))
                return tuple((row[0], row[1], _nodes(row, place)[0]) for row in slots)
            faults.append(f"{place} says that the Cluster is down")
        raise redis.ConnectionError(f"no node of the Cluster says that it is up: {'; '.join(faults)}")


class SlotResolver:
    """See ``Resolver``. The primary of one slot; all slots of a client share a map."""

    def __init__(self, cluster: ClusterMap, slot: int) -> None:
        self.cluster = cluster
        self.slot = slot

    def find(self) -> Place:
        """See ``Resolver``."""
        return self.cluster.primary_of(self.slot)

    def doubt(self) -> None:
        """See ``Resolver``."""
        self.cluster.doubt()

    def close(self) -> None:
        """See ``Resolver``."""
        self.cluster.close()

    def forget(self) -> None:
        """See ``Resolver``."""
        self.cluster.forget()


def _nodes(row: Sequence[Any], asked: Place) -> list[Place]:
    """Return the nodes of a row of CLUSTER SLOTS, the primary first. One without a host listens where we asked."""
    return [Place(node[0].decode() if node[0] else asked.host, int(node[1])) for node in row[2:]]
