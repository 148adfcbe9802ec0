"""A worker's share of what is for all workers of a supervisor together. Pure."""

from collections.abc import Callable

import msgspec

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import MEGABYTE, history_bytes


def share_of(config: Config, workers: int, system_bytes: Callable[[], int]) -> Config:
    """Return the configuration with one of so many parts of its memory. ``system_bytes`` tells how much there is.

    0 stays 0: no limit.
    """
    return msgspec.structs.replace(
        config,
        memory_share=config.memory_share / workers,
        memory_limit_mb=_part(config.memory_limit_mb, workers),
        outboxes_limit_mb=_part(config.outboxes_limit_mb, workers),
        history_mb=max(1, history_bytes(config, system_bytes) // workers // MEGABYTE),
    )


def _part(number: int, workers: int) -> int:
    """Return a part that is not 0 unless the whole is: 0 has a meaning of its own."""
    return -(-number // workers)
