"""A folder of CSV files as history of quotes: prices/EXCHANGE/ITEM.1d.csv and prices/EXCHANGE/ITEM.1m.csv.

A line is: epoch milliseconds of the bar's start, open, close, low, high, volume. The oldest one comes first.
"""

import csv
import re
from functools import lru_cache
from pathlib import Path

from rtserver.history.bar_row import SourcePart
from rtserver.history.port import HistoryRange

FOLDER = Path("prices")
NAME = re.compile(r"\w[\w-]{0,63}")

Row = tuple[float, ...]


class Prices:
    """The setting: history = "csv_folder:Prices"."""

    def read(self, wanted: HistoryRange) -> SourcePart | list[Row]:
        """Return the newest bars of a range, and whether there are older ones."""
        exchange, item, *_ = wanted.quote.split(":")
        # The names come from a browser. They must never lead out of the folder.
        if not NAME.fullmatch(exchange) or not NAME.fullmatch(item):
            return []
        path = FOLDER / exchange / f"{item}.{wanted.base}.csv"
        if not path.is_file():
            return []
        rows = read_file(path, path.stat().st_mtime_ns)
        older = [row for row in rows if wanted.end_ms is None or row[0] < wanted.end_ms]
        found = [row for row in older if wanted.start_ms is None or row[0] >= wanted.start_ms]
        if wanted.limit is not None:
            found = found[max(0, len(found) - wanted.limit) :]
        return SourcePart(found, has_older=len(found) < len(older))


@lru_cache(maxsize=32)
def read_file(path: Path, changed: int) -> tuple[Row, ...]:
    """Return the rows of a file. ``changed`` makes a file that was written again a new one."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple((int(line[0]), *map(float, line[1:6])) for line in csv.reader(file))
