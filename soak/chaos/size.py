"""Sizes of a run, and the settings of its Redis and its servers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """``workers``: those of each server, under its supervisor; 1: it is one process, which nobody watches.

    ``rate``: messages a second of each source. ``appendfsync``: as Redis knows it.
    """

    servers: int = 2
    workers: int = 1
    has_sentinels: bool = False
    """True if Redis is a primary with replicas and Sentinels."""
    users: int = 4
    pages_each: int = 2
    visitors: int = 2
    rate: float = 25.0
    appendfsync: str = "everysec"
    secret: str = ""
    """The servers' ``queue_secret``."""
    options: tuple[str, ...] = ()
    """Of the servers' command line."""

    def told(self) -> str:
        """Return the number of servers and workers in words."""
        servers = f"{self.servers} server{'s' if self.servers > 1 else ''}"
        workers = f" of {self.workers} workers" if self.workers > 1 else ""
        return f"{servers}{workers}{', Sentinels' if self.has_sentinels else ''}"
