"""Which servers of one queue run, and which types of messages each handles: for producers, who mistype.

A server says it when it starts and about every 20 seconds from then on, and takes it back at its end. What is not
said again is forgotten after a minute. ``RedisServerList`` is the real one and ``MemoryServerList`` its twin; both
pass the same tests. Nothing that handles messages reads it.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec

GOOD_SECONDS = 60.0


class Sign(msgspec.Struct, frozen=True):
    """What one server has said: the types, and until when it holds, in epoch milliseconds of the list's own clock."""

    until: int
    types: tuple[str, ...]


class ServerList(Protocol):
    """The servers of one queue. Every call may block, and raise ``QueueError``."""

    def announce(self, server: str, types: Collection[str], seconds: float = GOOD_SECONDS) -> None:
        """Say that a server runs and handles these types, for so long. Forgets those whose time is over."""

    def withdraw(self, server: str) -> None:
        """Take it back."""

    def running(self) -> Mapping[str, frozenset[str]]:
        """The types that each running server handles, by its name."""


def complaint(types: Collection[str], running: Mapping[str, frozenset[str]], where: str) -> str:
    """What is wrong with pushing messages of ``types`` to the queue at ``where``; empty if servers handle them."""
    if not running:
        return f"no server runs for {where}: what is pushed waits there until one does"
    handled = frozenset().union(*running.values())
    unknown = sorted(set(types) - handled)
    if unknown:
        named = ", ".join(f'"{each}"' for each in unknown)
        return (
            f"no running server handles messages of type {named}, which become dead letters; "
            f"there are handlers of {', '.join(sorted(handled))}"
        )
    partly = [f'"{each}"' for each in sorted(types) if not all(each in known for known in running.values())]
    if partly:
        return (
            f"not all of the {len(running)} running servers handle messages of type {', '.join(partly)}: the others "
            "make dead letters of them"
        )
    return ""
