"""Shards: which queue a key goes to, the same in every language, and names that spread over a Cluster."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rtserver.base.queue.shard import SLOTS, queue_of, slot_of, spread_names

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "shards.json").read_text(encoding="utf-8"))
QUEUES = [f"queue:rtserver:{number}" for number in range(4)]
KEYS = [f"SHFE:cu{number:05}" for number in range(20_000)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['key']} of {len(vector['queues'])}")
def test_every_language_finds_the_same_queue(vector: dict[str, Any]) -> None:
    assert queue_of(vector["key"], vector["queues"]) == vector["queue"]


def test_the_order_of_the_names_does_not_matter() -> None:
    assert all(queue_of(key, QUEUES) == queue_of(key, QUEUES[::-1]) for key in KEYS[:100])


def test_keys_are_shared_evenly() -> None:
    counts = Counter(queue_of(key, QUEUES) for key in KEYS)
    assert set(counts) == set(QUEUES)
    assert max(counts.values()) < 1.05 * len(KEYS) / len(QUEUES)


def test_a_queue_more_takes_keys_from_the_others_and_moves_no_other_key() -> None:
    moved = [key for key in KEYS if queue_of(key, QUEUES[:3]) != queue_of(key, QUEUES)]
    assert {queue_of(key, QUEUES) for key in moved} == {QUEUES[3]}
    assert len(moved) == pytest.approx(len(KEYS) / 4, rel=0.05)


def test_slots_are_those_of_redis() -> None:
    assert slot_of("123456789") == 0x31C3  # the check value of the CRC in the Redis Cluster specification
    assert slot_of("foo") == 12_182


@pytest.mark.parametrize("number", [1, 2, 3, 4, 8, 16])
def test_names_share_the_slots_evenly(number: int) -> None:
    names = spread_names("queue:rtserver", number)
    assert names[0] == "queue:rtserver"
    assert len(set(names)) == number
    assert {slot_of(name) * number // SLOTS for name in names} == set(range(number))


def test_twice_as_many_names_have_all_the_former_ones() -> None:
    assert set(spread_names("q", 3)) < set(spread_names("q", 6)) < set(spread_names("q", 12))
