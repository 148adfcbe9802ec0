"""Shards: several queues that share the messages of all keys, each key with a queue of its own. Pure.

The queue of a key is that whose name, with the key, has the highest digest (rendezvous hashing, Thaler and
Ravishankar 1998). So programs in any language agree without a table, and a queue more takes its keys from all others
alike: no key moves between two queues that stay.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import count

SLOTS = 16_384
"""Hash slots of a Redis Cluster."""
_POLYNOMIAL = 0x1021


def queue_of(key: str, queues: Sequence[str]) -> str:
    """Return the one of ``queues`` that messages of ``key`` go to. The order of the names does not matter."""
    if len(queues) == 1:
        return queues[0]
    return max(queues, key=lambda queue: sha256(f"{queue} {key}".encode()).digest())


def slot_of(queue: str) -> int:
    """Return the slot that a Redis Cluster keeps a queue and all its derived keys in (CRC-16/XMODEM of the name)."""
    checksum = 0
    for byte in queue.encode():
        checksum ^= byte << 8
        for _ in range(8):
            checksum = checksum << 1 ^ (_POLYNOMIAL if checksum & 0x8000 else 0)
        checksum &= 0xFFFF
    return checksum % SLOTS


def spread_names(first: str, number: int) -> list[str]:
    """Return ``number`` names, beginning with ``first``, whose slots lie evenly in a Redis Cluster.

    The slots are divided into ``number`` equal parts, and each name has one. So N primaries of equal parts have as
    many queues each if N divides ``number``. A multiple of ``number`` has all of its names.
    """
    names = {slot_of(first) * number // SLOTS: first}
    for suffix in count(1):
        if len(names) == number:
            break
        name = f"{first}:{suffix}"
        names.setdefault(slot_of(name) * number // SLOTS, name)
    return list(names.values())
