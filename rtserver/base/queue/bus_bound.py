"""Bound of the bus in bytes, where the configuration leaves it to Redis. Pure."""

SHARE = 4
"""A quarter of what Redis may use."""
UNLIMITED = 1 << 30
"""Bytes in a Redis that may use all there is."""


def bound_of_bus(setting: int, most_memory: int) -> int:
    """Return the bytes that the bus may have, by the setting (0 for none) and what Redis may use (0 for no limit)."""
    return setting or most_memory // SHARE or UNLIMITED
