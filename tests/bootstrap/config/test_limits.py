"""Limits of the configuration, as the parts of the server get them."""

from typing import Any

import pytest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import memory_bounds
from tcelib.limit.memory_guard import MemoryBounds

MB = 1 << 20


@pytest.mark.parametrize(
    ("settings", "bounds"),
    [
        ({}, MemoryBounds(800 * MB, 400 * MB)),
        ({"memory_share": 0.5}, MemoryBounds(500 * MB, 250 * MB)),
        ({"memory_limit_mb": 200}, MemoryBounds(200 * MB, 100 * MB)),
        ({"memory_share": 0.0}, MemoryBounds(0, 0)),
        ({"outboxes_limit_mb": 7}, MemoryBounds(800 * MB, 7 * MB)),
        ({"limits": "off", "memory_limit_mb": 200}, MemoryBounds()),
    ],
)
def test_the_bounds_are_those_of_the_configuration(settings: dict[str, Any], bounds: MemoryBounds) -> None:
    assert memory_bounds(Config(**settings), lambda: 1000 * MB) == bounds
