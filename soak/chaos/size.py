"""Sizes of a run, and the settings of its Redis and its servers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """``rate``: messages a second of each source. ``appendfsync``: as Redis knows it."""

    workers: int = 2
    users: int = 4
    pages_each: int = 2
    visitors: int = 2
    rate: float = 25.0
    appendfsync: str = "everysec"
    secret: str = ""
    """The servers' ``queue_secret``."""
    options: tuple[str, ...] = ()
    """Of the servers' command line."""
