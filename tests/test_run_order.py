"""Order of a run: what begins each worker's row, and what ends it."""

from itertools import groupby
from types import SimpleNamespace
from typing import Any

import pytest

from tests.run_order import ROOT, spread

FILES = {
    "base/test_a.py": 40,
    "docs/test_page.py": 3,
    "docs/test_text.py": 4,
    "e2e/test_b.py": 5,
    "system/test_c.py": 3,
}
FILES |= {"system/test_d.py": 2, "tools/test_e.py": 1, "user/test_f.py": 42}


def made(files: dict[str, int]) -> list[Any]:
    """Tests of files; the last one of a page asks for the browser."""
    return [
        SimpleNamespace(
            path=ROOT / file,
            name=f"{file} {number}",
            fixturenames=["browser"] if file.startswith("e2e") or (file.endswith("page.py") and number == 2) else [],
        )
        for file, count in files.items()
        for number in range(count)
    ]


def rows(tests: list[Any], workers: int) -> list[list[str]]:
    """The files of each worker's row, in their order."""
    result, count = [], len(tests)
    for left in range(workers, 0, -1):
        length = (count - sum(map(len, result))) // left
        begin = sum(map(len, result))
        result.append(tests[begin : begin + length])
    return [[name for name, _ in groupby(str(test.path.relative_to(ROOT)) for test in row)] for row in result]


def test_the_first_row_has_the_browser_and_the_others_begin_with_what_takes_long() -> None:
    first, *others = rows(spread(made(FILES), 4), 4)
    assert first == ["docs/test_page.py", "e2e/test_b.py", "base/test_a.py"]
    assert others == [
        ["docs/test_text.py", "tools/test_e.py", "base/test_a.py"],
        ["system/test_c.py", "base/test_a.py", "user/test_f.py"],
        ["system/test_d.py", "user/test_f.py"],
    ]


def test_without_a_browser_every_row_begins_with_what_takes_long() -> None:
    files = {"base/test_a.py": 8, "system/test_c.py": 1, "system/test_d.py": 1}
    assert rows(spread(made(files), 2), 2) == [
        ["system/test_c.py", "base/test_a.py"],
        ["system/test_d.py", "base/test_a.py"],
    ]


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 200])
@pytest.mark.parametrize("files", [FILES, {"e2e/test_b.py": 5}, {"system/test_c.py": 9}, {"base/test_a.py": 2}, {}])
def test_no_test_is_lost_and_those_of_a_file_stay_in_their_order(files: dict[str, int], workers: int) -> None:
    tests = made(files)
    shared = spread(tests, workers)
    assert sorted(test.name for test in shared) == sorted(test.name for test in tests)
    for file in files:
        path = ROOT / file
        assert [test for test in shared if test.path == path] == [test for test in tests if test.path == path]
