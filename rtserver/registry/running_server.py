"""RunningServer: one of the servers that share a Redis, as operators and producers see it.

Producers ask which types of messages are handled. Nothing that handles messages asks.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import NamedTuple, Self, TypeVar

from rtserver.base.queue.port import QueueAwayError, QueueRefusedError
from tcelib.lease.port import Holder, LeasePort, RegistryAwayError, RegistryError
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import RedisClient

WORKER = "worker"
"""Kind of the holders that are rtservers."""

T = TypeVar("T")


class RunningServer(NamedTuple):
    """A server that has a lease. ``since`` is in epoch seconds, by its own clock.

    ``users`` are those that the registry knows to be connected there; ``connections`` is the server's own number as
    of its last renewal.
    """

    name: str
    version: str
    users: int
    connections: int
    since: float
    types: tuple[str, ...]


class RunningServers:
    """The servers of one queue, for those who are none of them. Every call may raise ``QueueError``."""

    def __init__(self, leases: LeasePort) -> None:
        self._leases = leases

    @classmethod
    def of_queue(cls, client: RedisClient, queue: str) -> Self:
        """Return the servers of the queue of that name."""
        return cls(RedisLeases(client, queue))

    def all(self) -> tuple[RunningServer, ...]:
        """Return the running servers, by name."""
        return servers_of(asked(lambda: self._leases.holders(WORKER)))

    def types(self) -> list[frozenset[str]]:
        """Return the types of messages that each running server handles."""
        return [frozenset(server.types) for server in self.all()]


def utc_text(seconds: float) -> str:
    """Return a moment, in epoch seconds, as date and time in UTC; "?" for one that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return "?"


def servers_of(holders: Iterable[Holder]) -> tuple[RunningServer, ...]:
    """Return workers as running servers, by name and then by age."""
    found = (
        RunningServer(
            holder.registration.name,
            holder.registration.version,
            holder.counts.get("user", 0),
            holder.load.get("connections", 0),
            holder.registration.since,
            holder.registration.reads,
        )
        for holder in holders
    )
    return tuple(sorted(found, key=lambda server: (server.name, server.since)))


def asked(question: Callable[[], T]) -> T:
    """Return the answer of a registry. Its errors become those of the queue that it stands beside."""
    try:
        return question()
    except RegistryError as error:
        kind = QueueAwayError if isinstance(error, RegistryAwayError) else QueueRefusedError
        raise kind(error.address, error.reason) from error


def complaint(types: Collection[str], running: Collection[Collection[str]], where: str) -> str:
    """Return why messages of ``types`` on the queue at ``where`` may reach no handler; empty if all servers handle
    them. ``running`` has the types of each server.
    """
    if not running:
        return f"no server runs for {where}: what is pushed waits there until one does"
    handled = frozenset().union(*running)
    unknown = sorted(set(types) - handled)
    if unknown:
        named = ", ".join(f'"{each}"' for each in unknown)
        return (
            f"no running server handles messages of type {named}, which become dead letters; "
            f"there are handlers of {', '.join(sorted(handled))}"
        )
    partly = [f'"{each}"' for each in sorted(types) if not all(each in known for known in running)]
    if partly:
        return (
            f"not all of the {len(running)} running servers handle messages of type {', '.join(partly)}: the others "
            "make dead letters of them"
        )
    return ""
