"""Port of the list of running servers and the types of messages that each handles, for producers that mistype.

A server announces itself when it starts and about every 20 seconds, and withdraws at its end. An announcement that is
not repeated is forgotten after a minute. ``RedisServerList`` is the real port and ``MemoryServerList`` its twin; both
pass the same tests. Nothing that handles messages reads the list.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec

GOOD_SECONDS = 60.0


class Sign(msgspec.Struct, frozen=True):
    """Announcement of one server: its types, valid until ``until``, in epoch milliseconds of the list's own clock."""

    until: int
    types: tuple[str, ...]


class ServerList(Protocol):
    """The servers of one queue. Every call may block, and may raise ``QueueError``."""

    def announce(self, server: str, types: Collection[str], seconds: float = GOOD_SECONDS) -> None:
        """Announce for ``seconds`` that a server runs and handles these types. Forgets announcements that are
        over.
        """

    def withdraw(self, server: str) -> None:
        """Remove the announcement of a server."""

    def running(self) -> Mapping[str, frozenset[str]]:
        """Return the types that each running server handles, by server."""


def complaint(types: Collection[str], running: Mapping[str, frozenset[str]], where: str) -> str:
    """Return why messages of ``types`` on the queue at ``where`` may reach no handler; empty if all servers handle
    them.
    """
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
