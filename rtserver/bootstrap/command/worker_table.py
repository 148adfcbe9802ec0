"""Table of the servers that share a Redis, for people at a terminal."""

from collections.abc import Iterator, Sequence

from rtserver.base.wire.printable import printable
from rtserver.bootstrap.command.text_table import table
from rtserver.registry.running_server import RunningServer, utc_text

HEADINGS = ("NAME", "VERSION", "USERS", "CONNECTIONS", "SINCE")
NUMBERS = (2, 3)
"""Columns that are aligned to the right."""


def lines(servers: Sequence[RunningServer]) -> Iterator[str]:
    """Yield the lines of the table: the headings, and one for each server."""
    yield from table(HEADINGS, [_row(server) for server in servers], NUMBERS)


def _row(server: RunningServer) -> tuple[str, ...]:
    name, version = printable(server.name), printable(server.version)
    return (name, version, f"{server.users}", f"{server.connections}", utc_text(server.since))
