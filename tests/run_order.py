"""Order of a run: tests that wait for processes come first, and those with a browser follow one another.

xdist's worksteal hands each worker an equal number of tests in a row, and a worker without tests takes some from the
end of another's row. So each row begins with tests that take long and ends with quick ones: nobody waits for the last
long test, and while one worker waits for a process, others use the processor.

The tests with a browser stay in one row. They share one browser, and no two browsers slow each other down.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, cycle, islice
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
SLOW = ("bench_tool", "docs", "site", "soak", "system", "test_javascript.py", "tools")
File = list[pytest.Item]


def has_browser(item: pytest.Item) -> bool:
    """Return whether the test asks for the browser."""
    return "browser" in getattr(item, "fixturenames", ())


def spread(items: Iterable[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests as ``workers`` share them best. Those of a file stay together, in their order."""
    files: dict[Path, File] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    with_browser, slow, quick = [], [], []
    for path, tests in files.items():
        kind = with_browser if any(map(has_browser, tests)) else slow if _is_slow(path) else quick
        kind.append(tests)
    rows: list[list[pytest.Item]] = [[] for _ in range(workers)]
    rows[0].extend(chain.from_iterable(with_browser))
    # With a browser, one row takes as long as the beginnings of the others.
    for row, tests in zip(cycle(rows[1:] if with_browser and workers > 1 else rows), slow):
        row.extend(tests)
    left = chain.from_iterable(quick)
    return [*chain.from_iterable(_filled(rows, left, sum(map(len, files.values())))), *left]


def _is_slow(path: Path) -> bool:
    return path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in SLOW


def _filled(rows: Sequence[File], quick: Iterator[pytest.Item], count: int) -> Iterator[File]:
    """Yield each row with as many quick tests behind it as make xdist's share of ``count``."""
    for others in range(len(rows), 0, -1):
        row = rows[-others]
        whole = [*row, *islice(quick, max(0, count // others - len(row)))]
        count -= len(whole)
        yield whole
