"""Table of the servers that share a Redis, for people at a terminal."""

from collections.abc import Iterator, Sequence

from rtserver.base.wire.printable import printable
from rtserver.registry.running_server import RunningServer, utc_text

HEADINGS = ("NAME", "VERSION", "USERS", "CONNECTIONS", "SINCE")
NUMBERS = (2, 3)
"""Columns that are aligned to the right."""


def lines(servers: Sequence[RunningServer]) -> Iterator[str]:
    """Yield the lines of the table: the headings, and one for each server."""
    rows = [HEADINGS, *map(_row, servers)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if place in NUMBERS else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _row(server: RunningServer) -> tuple[str, ...]:
    name, version = printable(server.name), printable(server.version)
    return (name, version, f"{server.users}", f"{server.connections}", utc_text(server.since))
