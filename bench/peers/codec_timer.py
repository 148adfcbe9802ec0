"""Timing of a codec with one struct of eight fields, the same for every codec. Standard library only."""

import json
import timeit
from collections.abc import Callable
from typing import Any

VALUES: dict[str, Any] = {
    "b": 100,
    "f": True,
    "s": -3,
    "i": 70_000,
    "l": -5_000_000_000,
    "g": 0.5,
    "dbl": 2.5,
    "t": "你好, all of you",
}
TIMES, REPEATS = 20_000, 7


def microseconds(work: Callable[[], object]) -> float:
    """The best of some rounds: the others were disturbed."""
    return round(min(timeit.repeat(work, number=TIMES, repeat=REPEATS)) / TIMES * 1e6, 3)


def report(write: Callable[[], bytes], read: Callable[[bytes], Any]) -> None:
    """Print both times as JSON. ``read`` is followed by a look at each field, as some codecs only then make it.

    Raises ``AssertionError`` for a codec that loses something.
    """
    data = write()

    def read_all() -> tuple[object, ...]:
        found = read(data)
        return (found.b, found.f, found.s, found.i, found.l, found.g, found.dbl, found.t)

    assert read_all() == tuple(VALUES.values())
    print(json.dumps({"write_us": microseconds(write), "read_us": microseconds(read_all), "bytes": len(data)}))
